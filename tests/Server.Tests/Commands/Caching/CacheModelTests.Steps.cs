namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>What each step does to the server and to the model.</summary>
public sealed partial class CacheModelTests
{
    sealed partial class Run
    {
        void Step(Random random)
        {
            _random = random;
            // The first numbers of neighbouring seeds are near each other.
            for (var i = 0; i < 3; i++) random.Next();
            if (_random.Next(3) == 0) Pass(_random.Next(5) == 0 ? _random.Next(70_000) : _random.Next(3000));
            if (_random.Next(4) == 0) Tick();
            MoveBlocks(_server);
            MoveBlocks(_replica);
            if (_random.Next(40) == 0) Verify();
            _isChecking = false;
            if (_random.Next(250) == 0) Restart();
            var key = s_keys[_random.Next(s_keys.Length)];
            foreach (var gone in _model.Where(pair => IsGone(pair.Value)).Select(pair => pair.Key).ToList()) _model.Remove(gone);
            var entry = _model.GetValueOrDefault(key);
            switch (_random.Next(25))
            {
                case < 4: Store(key, entry); break;
                case 4: Set(key, entry); break;
                case 5:
                    Assert.Equal(entry is null ? ":0" : ":1", Write($"DEL {key}", key));
                    _model.Remove(key);
                    break;
                case 6: Expire(key, entry); break;
                case 7: Persist(key, entry); break;
                case 8 when entry is not null:
                    entry.Value += "+";
                    Assert.Equal($":{entry.Value.Length}", Write($"APPEND {key} +", key));
                    break;
                case 9: Move(key, entry); break;
                case 10 or 11: Tag(key, entry); break;
                case 12: Stale(key, entry); break;
                case < 16: Purge(); break;
                case 16: Fill(key); break;
                case < 20: Ask(key, entry); break;
                case < 22: Lease(key); break;
                case 22: CheckLog(); break;
                case 23 when _random.Next(10) == 0:
                    Assert.Equal("+OK", Call("FLUSHDB"));
                    _model.Clear();
                    _leases.Clear();
                    break;
                default: break;
            }
            Check(key);
            Check(s_keys[_random.Next(s_keys.Length)]);
        }

        static (int Ttl, int Most, int Negative, int Stale) PolicyOf(string key) => s_policies.GetValueOrDefault(key[..1]);

        /// <summary>A key has been made, or got a deadline: its policy gives or bounds it.</summary>
        void Bound(string key, bool isLatest = false)
        {
            var ((ttl, most, _, _), entry) = (PolicyOf(key), _model[key]);
            var before = entry.Deadline;
            if (entry.Deadline < 0 && (ttl > 0 || most > 0)) entry.Deadline = Now + (ttl > 0 && !isLatest ? ttl : most) * 1000;
            if (most > 0) entry.Deadline = Math.Min(entry.Deadline, Now + most * 1000);
            if (entry.Deadline != before) entry.Slide = 0;
        }

        /// <summary>What CACHE.SET does not say, its policy does.</summary>
        void BoundCached(string key, Entry entry, bool hasWindow)
        {
            var (ttl, most, negative, stale) = PolicyOf(key);
            if (entry.Slide > 0)
            {
                if (most > 0) entry.Limit = entry.Limit < 0 ? Now + most * 1000 : Math.Min(entry.Limit, Now + most * 1000);
                entry.Deadline = Now + entry.Slide;
                if (entry.Limit >= 0) entry.Deadline = Math.Min(entry.Limit, entry.Deadline);
                return;
            }
            if (entry.IsNegative && negative > 0) ttl = negative;
            if (!hasWindow) entry.Window = stale * 1000;
            if (entry.Limit < 0 && (ttl > 0 || most > 0)) entry.Limit = Now + (ttl > 0 ? ttl : most) * 1000;
            if (most > 0) entry.Limit = Math.Min(entry.Limit, Now + most * 1000 - entry.Window);
            entry.Deadline = entry.Limit < 0 ? -1 : entry.Limit + entry.Window;
        }

        void Set(string key, Entry? entry)
        {
            var keeps = _random.Next(3) == 0;
            Assert.Equal("+OK", Write($"SET {key} plain{(keeps ? " KEEPTTL" : "")}", key));
            // The old value may have moved its end once more.
            if (keeps && entry is not null) Slid(key, entry);
            _model[key] = new Entry { Value = "plain", Deadline = keeps && entry is not null ? entry.Deadline : -1 };
            if (_model[key].Deadline < 0) Bound(key);
        }

        void Expire(string key, Entry? entry)
        {
            var deadline = Now + _random.Next(1, 60_000);
            Assert.Equal(entry is null ? ":0" : ":1", Write($"PEXPIREAT {key} {deadline}", key));
            if (entry is null) return;
            (entry.Deadline, entry.Slide) = (deadline, 0);
            Bound(key);
        }

        void Persist(string key, Entry? entry)
        {
            Assert.Equal(entry is { Deadline: >= 0 } ? ":1" : ":0", Write($"PERSIST {key}", key));
            if (entry is not { Deadline: >= 0 }) return;
            (entry.Deadline, entry.Slide) = (-1, 0);
            if (PolicyOf(key).Most > 0) Bound(key, isLatest: true);
        }

        void Store(string key, Entry? present)
        {
            var entry = new Entry { Value = new string('v', _random.Next(1, 60)), HasMetadata = true, IsNegative = _random.Next(6) == 0 };
            if (entry.IsNegative) entry.Value = "";
            var options = entry.IsNegative ? " NEGATIVE" : "";
            var jitter = 0;
            switch (_random.Next(4))
            {
                case 0:
                    entry.Limit = Now + _random.Next(-2, 60_000);
                    options += $" PXAT {entry.Limit}";
                    break;
                case 1:
                    var fresh = _random.Next(1, 60_000);
                    entry.Limit = Now + fresh;
                    options += $" PX {fresh}";
                    break;
                case 2:
                    // A key that slides has its jitter in the limit, which shows later.
                    var seconds = _random.Next(1, 60);
                    entry.Limit = Now + seconds * 1000;
                    jitter = _random.Next(1, 91);
                    options += $" EX {seconds} JITTER {jitter}";
                    break;
            }
            var hasWindow = false;
            switch (_random.Next(4))
            {
                case 0:
                    entry.Window = _random.Next(30_000);
                    options += $" PSTALE {entry.Window}";
                    hasWindow = true;
                    break;
                case 1 when jitter == 0:
                    entry.Slide = _random.Next(1, 20_000);
                    options += $" PSLIDE {entry.Slide}";
                    break;
            }
            if (_random.Next(4) == 0) options += $" COST {entry.Cost = _random.Next(5000)}";
            BoundCached(key, entry, hasWindow);
            var condition = _random.Next(6);
            if (condition < 2) options += condition == 0 ? " NX" : " XX";
            entry.Tags.UnionWith(TagSet());
            if (entry.Tags.Count > 0) options += $" TAGS {entry.Tags.Count} {string.Join(' ', entry.Tags)}";
            var reply = Write($"CACHE.SET {key} {(entry.IsNegative ? "\"\"" : entry.Value)}{options}", key);
            if (condition == 0 && present is not null || condition == 1 && present is null)
            {
                Assert.Equal("$-1", reply);
                return;
            }
            entry.Created = Version(reply);
            Assert.Equal(_clock, entry.Created);
            _model[key] = entry;
            // Nobody could read it.
            if (entry.Deadline >= 0 && entry.Deadline <= Now) _model.Remove(key);
            else if (jitter > 0) Drawn(key, entry, jitter);
        }

        /// <summary>Jitter shortens a lifetime by no more than so many percent.</summary>
        void Drawn(string key, Entry entry, int jitter)
        {
            var deadline = Now + Integer(Call($"PTTL {key}"));
            Assert.InRange(deadline, entry.Deadline - (entry.Limit - Now) * jitter / 100, entry.Deadline);
            entry.Deadline = deadline;
        }

        /// <summary>A fill that was begun before some purges.</summary>
        void Fill(string key)
        {
            var version = Math.Max(_begin, _clock - _random.Next(5_000_000));
            var tags = TagSet().Distinct().ToList();
            var reply = Write($"CACHE.SET {key} filled ASOF {version}{Tags(tags)}", key);
            Assert.Equal(IsOvertaken(key, tags, version) ? "$-1" : $":{version}", reply);
            if (reply != "$-1") Filled(key, tags, version);
        }

        static string Tags(List<string> tags) => tags.Count > 0 ? $" TAGS {tags.Count} {string.Join(' ', tags)}" : "";

        bool IsOvertaken(string key, List<string> tags, long version) =>
            version < _floor
            || _purgedPrefixes.Any(purge => key.StartsWith(purge.Key, StringComparison.Ordinal) && purge.Value > version)
            || tags.Append("").Any(tag => _purged.GetValueOrDefault(tag) > version);

        void Filled(string key, List<string> tags, long version, long cost = 0)
        {
            var entry = new Entry { Value = "filled", HasMetadata = true, Created = version, Cost = cost, Tags = new(tags, StringComparer.Ordinal) };
            BoundCached(key, entry, hasWindow: false);
            _model[key] = entry;
        }

        void Move(string key, Entry? entry)
        {
            var to = s_keys[_random.Next(s_keys.Length)];
            if (to == key) return;
            if (_random.Next(2) == 0)
            {
                Assert.Equal(entry is null ? "-ERR no such key" : "+OK", Write($"RENAME {key} {to}", key, to));
                if (entry is null) return;
                _model.Remove(key);
                _model[to] = entry;
            }
            else
            {
                Assert.Equal(entry is null ? ":0" : ":1", Write($"COPY {key} {to} REPLACE", key, to));
                if (entry is null) return;
                _model[to] = entry.Copy();
            }
            Bound(to);
            Check(to);
        }

        void Tag(string key, Entry? entry)
        {
            var tags = TagSet().Append("t").ToList();
            var reply = Write($"CACHE.TAG {key} {string.Join(' ', tags)}", key);
            if (entry is null)
            {
                Assert.Equal("$-1", reply);
                return;
            }
            var added = tags.Distinct().Where(tag => !entry.Tags.Contains(tag)).ToList();
            Assert.Equal($":{added.Count}", reply);
            entry.Tags.UnionWith(added);
            if (!entry.HasMetadata) (entry.HasMetadata, entry.Created) = (true, Touch());
            if (added.Any(tag => _purged.GetValueOrDefault(tag) > entry.Created)) Overtaken(key, entry);
        }

        /// <summary>
        /// A key has a tag that was purged after its value was computed. How much the server knows of that depends on what its log remembers, and
        /// on whether other keys have the tag. But the key is no younger for that, and all who have it say the same.
        /// </summary>
        void Overtaken(string key, Entry entry)
        {
            if (Call($"EXISTS {key}") == ":0")
            {
                _model.Remove(key);
                return;
            }
            var left = Integer(Call($"PTTL {key}"));
            var words = Call($"CACHE.INFO {key}").Split(' ').ToList();
            var window = Integer(words[words.IndexOf("stale-window") + 1]);
            var deadline = left < 0 ? -1 : Now + left;
            Assert.True(entry.Deadline < 0 || deadline >= 0 && deadline <= entry.Deadline);
            Assert.True(window <= entry.Window);
            (entry.Deadline, entry.Window) = (deadline, window);
        }

        void Stale(string key, Entry? entry)
        {
            var turns = entry is { HasMetadata: true } && !entry.IsStale(Now);
            Assert.Equal(turns ? ":1" : ":0", Write($"CACHE.STALE {key}", key));
            if (!turns) return;
            if (entry!.Window == 0) _model.Remove(key);
            else entry.GoStale(Now);
        }

        void Purge()
        {
            var isSoft = _random.Next(2) == 0;
            var scope = _random.Next(9) switch { 0 => "ALL", < 4 => "PREFIX", _ => "TAG" };
            var names = scope == "PREFIX" ? s_prefixes : s_tags;
            names = scope == "ALL" ? [""] : [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => names[_random.Next(names.Length)])];
            var version = Version(Call($"CACHE.PURGE {(isSoft ? "SOFT " : "")}{scope} {string.Join(' ', names)}".TrimEnd()));
            foreach (var name in names)
            {
                (scope == "PREFIX" ? _purgedPrefixes : _purged)[name] = version;
                _purges.Add((version, $"*4 :{version} $4 {(isSoft ? "SOFT" : "HARD")} ${scope.Length} {scope} ${name.Length} {name}"));
                foreach (var (key, entry) in _model)
                {
                    var isMeant = scope switch
                    {
                        "ALL" => entry.HasMetadata,
                        "TAG" => entry.Tags.Contains(name),
                        _ => key.StartsWith(name, StringComparison.Ordinal),
                    };
                    if (isMeant) entry.Overtake(version, isSoft);
                }
            }
        }

        List<string> TagSet() => [.. Enumerable.Range(0, _random.Next(4)).Select(_ => s_tags[_random.Next(s_tags.Length)])];
    }
}
