using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>
/// Random commands on a server and on plain collections that must agree: what is alive, fresh or stale and for how long, versions and
/// tags. Between them time passes, and the server is restarted from its RDB file or its AOF.
/// </summary>
public sealed class CacheModelTests(ITestOutputHelper output)
{
    static readonly string[] s_keys = ["a", "aa", "aab", "ab", "abb", "b", "ba", "c"];
    static readonly string[] s_prefixes = ["a", "aa", "ab", "b", "c", "d"];
    static readonly string[] s_tags = ["t", "u", "v", "w"];

    // Seconds that keys live: unless their commands say otherwise, at most, and stale. 0 where the policy says nothing.
    static readonly Dictionary<string, (int Ttl, int Most, int Stale)> s_policies = new()
    {
        ["a"] = (40, 50, 5), ["b"] = (0, 45, 0), ["c"] = (20, 0, 10),
    };

    const string Configuration = "cache-policy a ttl 40 max-ttl 50 stale 5\ncache-policy b max-ttl 45\ncache-policy c ttl 20 stale 10\n";

    // A server of a test does not wait for the disk when it stops: what has been answered has to be in the file by then.
    const string AofConfiguration = Configuration + "appendfsync always\n";

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, true)]
    [InlineData(6, true)]
    public void Commands_agree_with_a_model(int seed, bool appendOnly)
    {
        output.WriteLine($"seed {seed}");
        using var run = new Run(new Random(seed), appendOnly);
        for (var step = 0; step < 2500; step++)
        {
            try
            {
                run.Step();
            }
            catch (Exception failure) when (failure is not InvalidOperationException)
            {
                throw new InvalidOperationException($"step {step}:\n{string.Join('\n', run.Log.TakeLast(40))}", failure);
            }
        }
    }

    sealed class Entry
    {
        public string Value = "";
        public long Deadline = -1;
        public long Window, Slide, Limit = -1, Created;
        public bool HasMetadata, IsDead;
        public SortedSet<string> Tags = new(StringComparer.Ordinal);

        public Entry Copy()
        {
            var copy = (Entry)MemberwiseClone();
            copy.Tags = new(Tags, StringComparer.Ordinal);
            return copy;
        }

        public void GoStale(long moment)
        {
            if (Deadline >= 0 && Deadline - Window <= moment) return;
            Deadline = Deadline < 0 ? moment + Window : Math.Min(Deadline, moment + Window);
            Window = Deadline - moment;
        }
    }

    sealed class Run : IDisposable
    {
        readonly Random _random;
        readonly AofDirectory? _directory;
        TestServer _server;
        RawClient? _client;
        readonly Dictionary<string, Entry> _model = [];
        long _clock, _passed;

        // The latest purge of a tag, and of all (""); and what a server that was restarted knows nothing of.
        readonly Dictionary<string, long> _purged = [], _purgedPrefixes = [];

        public Run(Random random, bool appendOnly)
        {
            _random = random;
            if (appendOnly) _directory = new();
            _server = _directory?.Start(AofConfiguration) ?? new TestServer(Configuration);
        }

        public List<string> Log { get; } = [];

        RawClient Client => _client ??= _server.Connect();

        long Now => _server.Time.Now;

        public void Dispose()
        {
            Stop();
            _directory?.Dispose();
        }

        void Stop()
        {
            _client?.Dispose();
            _client = null;
            _server.Dispose();
        }

        string Call(string command)
        {
            var reply = Client.Call(command).TrimEnd();
            Log.Add($"{Now} {command} -> {reply}");
            return reply;
        }

        long Version(string reply) => _clock = Math.Max(_clock, long.Parse(reply[1..], CultureInfo.InvariantCulture));

        public void Step()
        {
            if (_random.Next(3) == 0) Pass(_random.Next(5) == 0 ? _random.Next(70_000) : _random.Next(3000));
            if (_random.Next(250) == 0) Restart();
            var key = s_keys[_random.Next(s_keys.Length)];
            foreach (var gone in _model.Where(pair => IsGone(pair.Value)).Select(pair => pair.Key).ToList()) _model.Remove(gone);
            var entry = _model.GetValueOrDefault(key);
            switch (_random.Next(16))
            {
                case < 4: Store(key, entry); break;
                case 4:
                    Assert.Equal("+OK", Call($"SET {key} plain"));
                    _model[key] = new Entry { Value = "plain" };
                    Bound(key);
                    break;
                case 5:
                    Assert.Equal(entry is null ? ":0" : ":1", Call($"DEL {key}"));
                    _model.Remove(key);
                    break;
                case 6:
                    var deadline = Now + _random.Next(1, 60_000);
                    Assert.Equal(entry is null ? ":0" : ":1", Call($"PEXPIREAT {key} {deadline}"));
                    if (entry is null) break;
                    (entry.Deadline, entry.Slide) = (deadline, 0);
                    Bound(key);
                    break;
                case 7:
                    Assert.Equal(entry is { Deadline: >= 0 } ? ":1" : ":0", Call($"PERSIST {key}"));
                    if (entry is not { Deadline: >= 0 }) break;
                    (entry.Deadline, entry.Slide) = (-1, 0);
                    if (PolicyOf(key).Most > 0) Bound(key, isLatest: true);
                    break;
                case 8 when entry is not null:
                    entry.Value += "+";
                    Assert.Equal($":{entry.Value.Length}", Call($"APPEND {key} +"));
                    break;
                case 9: Move(key, entry); break;
                case 10: Tag(key, entry); break;
                case 11: Stale(key, entry); break;
                case < 14: Purge(); break;
                case 14: Fill(key); break;
                default: break;
            }
            Check(key);
            Check(s_keys[_random.Next(s_keys.Length)]);
        }

        bool IsGone(Entry entry) => entry.IsDead || entry.Deadline >= 0 && entry.Deadline < Now;

        static (int Ttl, int Most, int Stale) PolicyOf(string key) => s_policies.GetValueOrDefault(key[..1]);

        /// <summary>A key has been made, or got a deadline: its policy gives or bounds it.</summary>
        void Bound(string key, bool isLatest = false)
        {
            var ((ttl, most, _), entry) = (PolicyOf(key), _model[key]);
            if (entry.Deadline < 0 && (ttl > 0 || most > 0)) entry.Deadline = Now + (ttl > 0 && !isLatest ? ttl : most) * 1000;
            if (most > 0) entry.Deadline = Math.Min(entry.Deadline, Now + most * 1000);
        }

        /// <summary>What CACHE.SET does not say, its policy does.</summary>
        void BoundCached(string key, Entry entry, bool hasWindow)
        {
            var (ttl, most, stale) = PolicyOf(key);
            if (entry.Slide > 0)
            {
                if (most > 0) entry.Limit = entry.Limit < 0 ? Now + most * 1000 : Math.Min(entry.Limit, Now + most * 1000);
                entry.Deadline = Now + entry.Slide;
                if (entry.Limit >= 0) entry.Deadline = Math.Min(entry.Limit, entry.Deadline);
                return;
            }
            if (!hasWindow) entry.Window = stale * 1000;
            if (entry.Limit < 0 && (ttl > 0 || most > 0)) entry.Limit = Now + (ttl > 0 ? ttl : most) * 1000;
            if (most > 0) entry.Limit = Math.Min(entry.Limit, Now + most * 1000 - entry.Window);
            entry.Deadline = entry.Limit < 0 ? -1 : entry.Limit + entry.Window;
        }

        void Pass(int milliseconds)
        {
            _passed += milliseconds;
            _server.Advance(TimeSpan.FromMilliseconds(milliseconds));
        }

        void Store(string key, Entry? present)
        {
            var entry = new Entry { Value = new string('v', _random.Next(1, 60)), HasMetadata = true };
            var options = "";
            var fresh = _random.Next(2) == 0 ? _random.Next(1, 60_000) : 0;
            if (fresh > 0)
            {
                options += $" PX {fresh}";
                entry.Limit = Now + fresh;
            }
            var hasWindow = false;
            switch (_random.Next(4))
            {
                case 0:
                    entry.Window = _random.Next(30_000);
                    options += $" PSTALE {entry.Window}";
                    hasWindow = true;
                    break;
                case 1:
                    entry.Slide = _random.Next(1, 20_000);
                    options += $" PSLIDE {entry.Slide}";
                    break;
            }
            BoundCached(key, entry, hasWindow);
            var condition = _random.Next(6);
            if (condition < 2) options += condition == 0 ? " NX" : " XX";
            entry.Tags.UnionWith(TagSet());
            if (entry.Tags.Count > 0) options += $" TAGS {entry.Tags.Count} {string.Join(' ', entry.Tags)}";
            var reply = Call($"CACHE.SET {key} {entry.Value}{options}");
            if (condition == 0 && present is not null || condition == 1 && present is null)
            {
                Assert.Equal("$-1", reply);
                return;
            }
            entry.Created = Version(reply);
            _model[key] = entry;
        }

        /// <summary>A fill that was begun before some purges.</summary>
        void Fill(string key)
        {
            var version = Math.Max(0, _clock - _random.Next(5_000_000));
            var tags = TagSet().Distinct().ToList();
            var known = _purged.Values.Concat(_purgedPrefixes.Values).DefaultIfEmpty(0).Max();
            var isOvertaken = version < _purged.GetValueOrDefault("floor")
                || _purgedPrefixes.Any(purge => key.StartsWith(purge.Key, StringComparison.Ordinal) && purge.Value > version)
                || tags.Append("").Any(tag => _purged.GetValueOrDefault(tag) > version);
            var reply = Call($"CACHE.SET {key} filled ASOF {version}" + (tags.Count > 0 ? $" TAGS {tags.Count} {string.Join(' ', tags)}" : ""));
            Assert.Equal(known > version && isOvertaken ? "$-1" : $":{version}", reply);
            if (reply == "$-1") return;
            var entry = new Entry { Value = "filled", HasMetadata = true, Created = version, Tags = new(tags, StringComparer.Ordinal) };
            BoundCached(key, entry, hasWindow: false);
            _model[key] = entry;
        }

        void Move(string key, Entry? entry)
        {
            var to = s_keys[_random.Next(s_keys.Length)];
            if (to == key) return;
            if (_random.Next(2) == 0)
            {
                Assert.Equal(entry is null ? "-ERR no such key" : "+OK", Call($"RENAME {key} {to}"));
                if (entry is null) return;
                _model.Remove(key);
                _model[to] = entry;
            }
            else
            {
                Assert.Equal(entry is null ? ":0" : ":1", Call($"COPY {key} {to} REPLACE"));
                if (entry is null) return;
                _model[to] = entry.Copy();
            }
            Bound(to);
            Check(to);
        }

        void Tag(string key, Entry? entry)
        {
            var tags = TagSet().Append("t").ToList();
            // What was purged before is known as long as the server runs; see the tests of CACHE.TAG.
            if (entry is not null && tags.Any(tag => _purged.GetValueOrDefault(tag) > (entry.HasMetadata ? entry.Created : long.MaxValue))) return;
            var reply = Call($"CACHE.TAG {key} {string.Join(' ', tags)}");
            if (entry is null)
            {
                Assert.Equal("$-1", reply);
                return;
            }
            var before = entry.Tags.Count;
            entry.Tags.UnionWith(tags);
            Assert.Equal($":{entry.Tags.Count - before}", reply);
            if (entry.HasMetadata) return;
            entry.HasMetadata = true;
            entry.Created = _clock = Math.Max(_clock, Now * 1000);
        }

        void Stale(string key, Entry? entry)
        {
            var isStale = entry is { HasMetadata: true, Window: > 0, Deadline: >= 0 } && entry.Deadline - entry.Window <= Now;
            var turns = entry is { HasMetadata: true } && !isStale;
            Assert.Equal(turns ? ":1" : ":0", Call($"CACHE.STALE {key}"));
            if (!turns) return;
            if (entry!.Window == 0) _model.Remove(key);
            else entry.GoStale(Now);
        }

        void Purge()
        {
            var isSoft = _random.Next(2) == 0;
            if (_random.Next(3) == 0)
            {
                PurgePrefix(s_prefixes[_random.Next(s_prefixes.Length)], isSoft);
                return;
            }
            var tag = _random.Next(8) == 0 ? "" : s_tags[_random.Next(s_tags.Length)];
            var version = Version(Call($"CACHE.PURGE {(isSoft ? "SOFT " : "")}{(tag == "" ? "ALL" : $"TAG {tag}")}"));
            _purged[tag] = version;
            foreach (var entry in _model.Values)
            {
                if (!entry.HasMetadata || entry.Created >= version || tag != "" && !entry.Tags.Contains(tag)) continue;
                if (!isSoft || entry.Window == 0) entry.IsDead = true;
                else entry.GoStale(version / 1000);
            }
        }

        void PurgePrefix(string prefix, bool isSoft)
        {
            var version = Version(Call($"CACHE.PURGE {(isSoft ? "SOFT " : "")}PREFIX {prefix}"));
            _purgedPrefixes[prefix] = version;
            foreach (var (name, entry) in _model)
            {
                if (!name.StartsWith(prefix, StringComparison.Ordinal)) continue;
                if (!isSoft || entry.Window == 0) entry.IsDead = true;
                else entry.GoStale(version / 1000);
            }
        }

        void Check(string key)
        {
            var entry = _model.GetValueOrDefault(key);
            if (entry is null || IsGone(entry))
            {
                Assert.Equal(":0", Call($"EXISTS {key}"));
                return;
            }
            var left = long.Parse(Call($"PTTL {key}")[1..], CultureInfo.InvariantCulture);
            if (entry.Slide > 0 && Now + left != entry.Deadline)
            {
                // It was used: which commands use a key is tested elsewhere.
                var slid = Now + entry.Slide;
                Assert.Equal(entry.Limit >= 0 ? Math.Min(slid, entry.Limit) : slid, Now + left);
                entry.Deadline = Now + left;
            }
            Assert.Equal(entry.Deadline < 0 ? -1 : entry.Deadline - Now, left);
            var isStale = entry.Window > 0 && entry.Deadline >= 0 && entry.Deadline - entry.Window <= Now;
            var milliseconds = entry.Deadline < 0 ? -1 : isStale ? left : left - entry.Window;
            var (state, version) = (isStale ? "STALE" : "FRESH", entry.HasMetadata ? entry.Created : 0);
            var reply = Call($"CACHE.GET {key}");
            if (entry.Slide > 0)
            {
                // This has used it.
                Assert.StartsWith($"*5 ${entry.Value.Length} {entry.Value} $5 FRESH $-1 :", reply, StringComparison.Ordinal);
                entry.Deadline = Now + long.Parse(Call($"PTTL {key}")[1..], CultureInfo.InvariantCulture);
            }
            else
            {
                Assert.Equal($"*5 ${entry.Value.Length} {entry.Value} ${state.Length} {state} $-1 :{milliseconds} :{version}", reply);
            }
            var info = Call($"CACHE.INFO {key}");
            if (!entry.HasMetadata)
            {
                Assert.Equal("$-1", info);
                return;
            }
            Assert.Contains($"stale-window :{entry.Window} $5 slide :{entry.Slide} ", info, StringComparison.Ordinal);
            var tags = info[(info.IndexOf("$4 tags ", StringComparison.Ordinal) + 8)..].Split(' ').Skip(1).Where((_, i) => i % 2 == 1);
            Assert.Equal(entry.Tags, tags.Order(StringComparer.Ordinal));
        }

        void Restart()
        {
            Log.Add("restart");
            if (_directory is not null)
            {
                if (_random.Next(2) == 0)
                {
                    Call("BGREWRITEAOF");
                    _server.TickUntil(() => !_server.Server.AofRewriting.IsRunning && !_server.Server.AofRewriting.IsScheduled);
                }
                Stop();
                _server = _directory.Start(AofConfiguration + (_random.Next(2) == 0 ? "aof-use-rdb-preamble no" : ""));
            }
            else
            {
                Assert.Equal("+OK", Call("SAVE"));
                var data = File.ReadAllBytes(_server.Server.Saving.Path);
                Stop();
                _server = new TestServer(Configuration, data: data);
            }
            _server.Advance(TimeSpan.FromMilliseconds(_passed));
            _purged["floor"] = _server.Server.Keyspace[0].Purges.Floor;
        }

        List<string> TagSet() => [.. Enumerable.Range(0, _random.Next(4)).Select(_ => s_tags[_random.Next(s_tags.Length)])];
    }
}
