namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>Leases: who has one, until when, and what voids it.</summary>
public sealed partial class CacheModelTests
{
    sealed class Held
    {
        public string Token = "";
        public long Version, GrantedAt, End;
        public bool IsHold;
    }

    sealed partial class Run
    {
        /// <summary>How long a lease stays after its end, in milliseconds, if nobody takes it over: a late fill is better than none.</summary>
        const int OpenFor = 600_000;

        readonly Dictionary<string, Held> _leases = [];

        /// <summary>
        /// Calls a command that writes: it voids the leases of the keys that it names, whether it changes them or not, unless it is refused.
        /// </summary>
        string Write(string command, params string[] keys)
        {
            var reply = Call(command);
            foreach (var key in keys)
            {
                if (!reply.StartsWith('-')) _leases.Remove(key);
            }
            return reply;
        }

        /// <summary>The lease or hold of a key whose time is not over.</summary>
        Held? HeldOf(string key) => _leases.GetValueOrDefault(key) is { } held && held.End > Now ? held : null;

        void ForgetLeases()
        {
            foreach (var (key, held) in _leases.ToList())
            {
                if (held.End + (held.IsHold ? 0 : OpenFor) <= Now) _leases.Remove(key);
            }
        }

        /// <summary>A reader asks for the lease. By chance it would have a fresh value refreshed too, at a distance from its end.</summary>
        void Ask(string key, Entry? entry)
        {
            var time = _random.Next(1, _random.Next(4) == 0 ? 60_000 : 5_000);
            var early = _random.Next(2) == 0 ? 0 : _random.Next(60_000);
            var reply = Call($"CACHE.GET {key} LEASE {time} EARLY {early}");
            if (entry is not null) Slid(key, entry);
            var words = reply.Split(' ');
            var token = words[^4] == "$16" ? words[^3] : null;
            var held = HeldOf(key);
            var rest = entry is { Deadline: >= 0 } ? entry.Deadline - Now - entry.Window : long.MaxValue;
            var asks = entry is null || entry.IsStale(Now) || rest < early;
            Assert.Equal(asks && held is null, token is not null);
            var expected = entry is not null ? Found(entry) : Missed(held, time);
            Assert.Equal(token is null ? expected : expected.Replace(" $-1 :", $" $16 {token} :", StringComparison.Ordinal), reply);
            if (!asks) return;
            Touch();
            if (token is not null) _leases[key] = new() { Token = token, Version = _clock, GrantedAt = Now, End = Now + time };
        }

        /// <summary>Whoever had a lease fills the key, gives up, or says that it takes longer.</summary>
        void Lease(string key)
        {
            var held = _leases.GetValueOrDefault(key);
            var isOther = held is null || _random.Next(4) == 0;
            var token = isOther ? "00000000000000ff" : held!.Token;
            var isValid = !isOther && held is { IsHold: false };
            var time = _random.Next(1, 5_000);
            switch (_random.Next(6))
            {
                case < 3:
                    var tags = TagSet().Distinct().ToList();
                    // In the order of its effects: a fill ends its lease, whether it counts or not.
                    if (isValid) _leases.Remove(key);
                    var reply = Call($"CACHE.SET {key} filled{Tags(tags)} LEASE {token}");
                    Assert.Equal(!isValid || IsOvertaken(key, tags, held!.Version) ? "$-1" : $":{held.Version}", reply);
                    if (reply != "$-1") Filled(key, tags, held!.Version, cost: Now - held.GrantedAt);
                    break;
                case 3:
                    Assert.Equal(isValid ? ":1" : ":0", Call($"CACHE.LEASE {key} {token} FREE"));
                    if (isValid) _leases.Remove(key);
                    break;
                case 4:
                    Assert.Equal(isValid ? ":1" : ":0", Call($"CACHE.LEASE {key} {token} HOLD {time}"));
                    if (isValid) (held!.IsHold, held.End) = (true, Now + time);
                    break;
                default:
                    Assert.Equal(isValid ? ":1" : ":0", Call($"CACHE.LEASE {key} {token} EXTEND {time}"));
                    if (isValid) held!.End = Now + time;
                    break;
            }
        }

        /// <summary>A reader who asks for no lease learns of that of another.</summary>
        void CheckMiss(string key) => Assert.Equal(Missed(HeldOf(key), 0), Call($"CACHE.GET {key}"));

        string Missed(Held? held, long time)
        {
            var state = held is { IsHold: true } ? "HELD" : "MISS";
            return $"*5 $-1 $4 {state} $-1 :{(held is null ? time : held.End - Now)} :{Touch()}";
        }
    }
}
