using System.Globalization;
using System.Text;

namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>The model, and how servers are compared with it.</summary>
public sealed partial class CacheModelTests
{
    sealed partial class Run : IDisposable
    {
        // What was done, and how the last of it was checked.
        readonly List<string> _log = [], _checks = [];
        bool _isChecking;

        readonly Dictionary<string, Entry> _model = [];
        Random _random = new(0);

        // The cache clock; where it stood when the history began; and up to where the server knows nothing of purges.
        long _clock, _begin, _floor;

        // The latest purge of a tag, of all (""), and of a prefix; and what the log has to say of all in their order.
        readonly Dictionary<string, long> _purged = [], _purgedPrefixes = [];
        readonly List<(long Version, string Text)> _purges = [];

        /// <summary>Runs a history. Returns what was done up to a failure, and the failure; null if there is none.</summary>
        public string? Failure(int[] steps)
        {
            try
            {
                Begin();
                foreach (var seed in steps)
                {
                    _checks.Clear();
                    _isChecking = false;
                    Step(new Random(seed));
                }
                Verify();
                VerifySwept();
                return null;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                return $"{string.Join('\n', _log.TakeLast(100).Concat(_checks.TakeLast(20)))}\n{failure}";
            }
        }

        /// <summary>Of the history before, nothing is left but the clock, and what the log of purges knows.</summary>
        void Begin()
        {
            _log.Clear();
            _isChecking = false;
            Assert.Equal("+OK", Call("FLUSHALL"));
            _model.Clear();
            _leases.Clear();
            _purged.Clear();
            _purgedPrefixes.Clear();
            Assert.Equal("*0", Call("KEYS *"));
            _begin = Touch();
            _server.Effects.Commands.Clear();
            _replica?.Effects.Commands.Clear();
        }

        string Call(string command)
        {
            var reply = _client.Call(command).TrimEnd();
            Note($"{Now} {command} -> {reply}");
            return reply;
        }

        void Note(string line) => (_isChecking ? _checks : _log).Add(line);

        static long Integer(string reply)
        {
            Assert.StartsWith(":", reply, StringComparison.Ordinal);
            return long.Parse(reply[1..], CultureInfo.InvariantCulture);
        }

        /// <summary>A version that a command has answered: none is above it.</summary>
        long Version(string reply)
        {
            var version = Integer(reply);
            Assert.True(version >= _clock);
            return _clock = version;
        }

        long Touch() => _clock = Math.Max(_clock, Now * 1000);

        bool IsGone(Entry entry) => entry.IsDead || entry.Deadline >= 0 && entry.Deadline < Now;

        Entry? Alive(string key) => _model.TryGetValue(key, out var entry) && !IsGone(entry) ? entry : null;

        /// <summary>Compares all that the server says of a key.</summary>
        void Check(string key)
        {
            _isChecking = true;
            var entry = Alive(key);
            Assert.Equal(entry is null ? ":0" : ":1", Call($"EXISTS {key}"));
            if (entry is null)
            {
                Assert.Equal(":-2", Call($"PTTL {key}"));
                CheckMiss(key);
                return;
            }
            Slid(key, entry);
            Assert.Equal(TimeLeft(entry), Call($"PTTL {key}"));
            if (entry.Slide > 0)
            {
                // This uses it.
                Assert.StartsWith($"*5 {ValueOf(entry)} $5 FRESH $-1 :", Call($"CACHE.GET {key}"), StringComparison.Ordinal);
                Slid(key, entry);
            }
            Assert.Equal(Found(entry), Call($"CACHE.GET {key}"));
            if (entry is { HasMetadata: true, Slide: 0 } && !entry.IsStale(Now)) CheckKnown(key, entry);
            Assert.Equal(Info(entry, HeldOf(key) is { } held ? held.End - Now : 0), Sorted(Call($"CACHE.INFO {key}")));
        }

        /// <summary>A reader who has this version gets no value.</summary>
        void CheckKnown(string key, Entry entry)
        {
            Assert.Equal(Found(entry, "SAME", "$-1"), Call($"CACHE.GET {key} IFNEWER {entry.Created}"));
            if (entry.Created > 0) Assert.Equal(Found(entry), Call($"CACHE.GET {key} IFNEWER {entry.Created - 1}"));
        }

        /// <summary>A key that slides may have been used. Which commands use a key is tested elsewhere; how far that moves its end is here.</summary>
        void Slid(string key, Entry entry)
        {
            if (entry.Slide == 0) return;
            var deadline = Now + Integer(Call($"PTTL {key}"));
            if (deadline == entry.Deadline) return;
            Assert.Equal(entry.Limit >= 0 ? Math.Min(Now + entry.Slide, entry.Limit) : Now + entry.Slide, deadline);
            entry.Deadline = deadline;
        }

        string TimeLeft(Entry entry) => $":{(entry.Deadline < 0 ? -1 : entry.Deadline - Now)}";

        static string ValueOf(Entry entry) => entry.IsNegative ? "$-1" : $"${entry.Value.Length} {entry.Value}";

        /// <summary>What CACHE.GET answers who asks for no lease.</summary>
        string Found(Entry entry, string state = "FRESH", string? value = null)
        {
            if (entry.IsStale(Now)) state = "STALE";
            var rest = entry.Deadline < 0 ? -1 : entry.Deadline - Now - (state == "STALE" ? 0 : entry.Window);
            return $"*5 {value ?? ValueOf(entry)} ${state.Length} {state} $-1 :{rest} :{(entry.HasMetadata ? entry.Created : 0)}";
        }

        /// <summary>What CACHE.INFO answers.</summary>
        string Info(Entry entry, long lease)
        {
            if (!entry.HasMetadata) return "$-1";
            var isStale = entry.IsStale(Now);
            var fresh = isStale ? 0 : entry.Deadline < 0 ? -1 : entry.Deadline - Now - entry.Window;
            return $"*24 $4 type $6 string $7 version :{entry.Created} $6 age-ms :{Math.Max(0, Now * 1000 - entry.Created) / 1000} "
                + $"$5 state $5 {(isStale ? "STALE" : "FRESH")} $8 fresh-ms :{fresh} $6 ttl-ms {TimeLeft(entry)} "
                + $"$12 stale-window :{entry.Window} $5 slide :{entry.Slide} $7 cost-ms :{entry.Cost} $8 negative :{(entry.IsNegative ? 1 : 0)} "
                + $"$8 lease-ms :{lease} $4 tags *{entry.Tags.Count}{string.Concat(entry.Tags.Select(tag => $" ${tag.Length} {tag}"))}";
        }

        /// <summary>The reply to CACHE.INFO with its tags in order.</summary>
        static string Sorted(string info)
        {
            const string before = "$4 tags ";
            var at = info.IndexOf(before, StringComparison.Ordinal);
            if (at < 0) return info;
            var words = info[(at + before.Length)..].Split(' ');
            var tags = words.Skip(1).Where((_, i) => i % 2 == 1).Order(StringComparer.Ordinal);
            return info[..(at + before.Length)] + words[0] + string.Concat(tags.Select(tag => $" ${tag.Length} {tag}"));
        }

        /// <summary>Compares all keys, on the replica first: a look at its master would have it hear of what has died.</summary>
        void Verify()
        {
            _isChecking = true;
            Level();
            VerifyReplica();
            VerifyTags(_server);
            Assert.Equal(Names, SortedNames(Call("KEYS *")));
            foreach (var key in s_keys) Check(key);
            CheckLog();
        }

        IEnumerable<string> Names => _model.Where(pair => !IsGone(pair.Value)).Select(pair => pair.Key).Order(StringComparer.Ordinal);

        static IEnumerable<string> SortedNames(string reply) =>
            reply.Split(' ').Skip(1).Where((_, i) => i % 2 == 1).Order(StringComparer.Ordinal);

        /// <summary>The tags know how many keys they have.</summary>
        static void VerifyTags(TestServer server)
        {
            lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace[0].VerifyTags();
        }

        /// <summary>The log has what was purged since, in its order.</summary>
        void CheckLog()
        {
            var version = _random.NextInt64(_begin, _clock + 1);
            var reply = Call($"CACHE.LOG {version}");
            var since = _purges.Where(purge => purge.Version > version).ToList();
            var told = version < _floor ? "*-1" : $"*{since.Count}{string.Concat(since.Select(purge => " " + purge.Text))}".TrimEnd();
            Assert.Equal($"*2 {reply.Split(' ')[1]} {told}", reply);
        }

        /// <summary>A minute later there is nothing left of what has died, and nothing is remembered that no key needs.</summary>
        void VerifySwept()
        {
            // Expired keys go within some milliseconds, not at once.
            do
            {
                Pass(61_000);
                Level();
            }
            while (_model.Values.Any(entry => entry.Deadline >= Now - 100 && entry.Deadline < Now));
            VerifySwept(_server);
            if (_replica is null) return;
            Synchronize();
            VerifySwept(_replica);
        }

        void VerifySwept(TestServer server)
        {
            Tick(server);
            lock (server.Server.Executor.ExecutorLock)
            {
                var database = server.Server.Keyspace[0];
                database.VerifyTags();
                Assert.False(database.PurgesPrefixes);
                Assert.Equal(Names.Count(), database.Count);
                foreach (var tag in s_tags)
                {
                    var keys = _model.Values.Count(entry => !IsGone(entry) && entry.Tags.Contains(tag));
                    Assert.Equal((tag, keys), (tag, database.Tags.KeysOf(Encoding.Latin1.GetBytes(tag))));
                }
            }
        }
    }
}
