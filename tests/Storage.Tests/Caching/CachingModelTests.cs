using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Caching;

/// <summary>
/// Random changes of keys with tags, purges of tags and prefixes, and time, on databases and on plain collections that must agree. Blocks of
/// memory are moved in between. The model applies each purge to each key at once, as a simple server would that finds keys by their tags.
/// </summary>
public class CachingModelTests(ITestOutputHelper output)
{
    const int Databases = 3;

    /// <summary>Whether keys are kept by slot: the same tests run in both ways.</summary>
    protected virtual bool BySlot => false;

    [Theory]
    [InlineData(1, 20, 3)]
    [InlineData(2, 300, 10)]
    [InlineData(3, 2_000, 200)]
    [InlineData(4, 2_000, 5_000)]
    [InlineData(5, 20, 30)]
    [InlineData(6, 300, 100)]
    public void Keys_with_tags_agree_with_a_model(int seed, int keys, int tags)
    {
        output.WriteLine($"seed {seed}");
        using var keyspace = new Keyspace(Databases, new HashSeed(7, (ulong)seed), TimeProvider.System, BySlot);
        var baseline = keyspace.UsedBytes;
        var run = new Run(keyspace, new Random(seed), keys, tags);
        var displacement = new Displacement(keyspace, seed, isOn: seed % 2 == 0);
        for (var step = 0; step < 30_000; step++)
        {
            run.Step();
            displacement.Step();
            if (step % Math.Max(100, keys) == 0) run.Verify();
        }
        run.Verify();
        run.DeleteAll();
        run.Verify();
        Assert.Equal(0, keyspace.Databases.ToArray().Sum(database => database.Tags.Count));
        Assert.Equal(baseline, keyspace.UsedBytes);
    }

    /// <summary>A key of the model.</summary>
    sealed class Entry
    {
        public string Value = "";

        /// <summary>Unix milliseconds; -1 for none.</summary>
        public long Deadline = -1;

        /// <summary>Null for a plain key.</summary>
        public CacheMetadata? Metadata;

        public SortedSet<string> Tags = new(StringComparer.Ordinal);

        /// <summary>The purge that has overtaken it; 0 for none.</summary>
        public long DiedAt;

        public bool IsDead => DiedAt > 0;

        public long Created => Metadata?.Created ?? long.MaxValue;

        public Entry Copy()
        {
            var copy = (Entry)MemberwiseClone();
            copy.Tags = new(Tags, StringComparer.Ordinal);
            return copy;
        }

        public void Apply(long version, bool isSoft)
        {
            if (IsDead) return;
            if (!isSoft || Metadata is not { StaleWindow: > 0 }) DiedAt = version;
            else GoStale(version / 1000);
        }

        public void GoStale(long moment)
        {
            var window = Metadata!.Value.StaleWindow;
            if (Deadline >= 0 && Deadline - window <= moment) return;
            Deadline = Deadline < 0 ? moment + window : Math.Min(Deadline, moment + window);
            Metadata = Metadata.Value with { StaleWindow = Deadline - moment };
        }
    }

    sealed class Run(Keyspace keyspace, Random random, int keys, int tags)
    {
        readonly Dictionary<string, Entry>[] _models = [[], [], []];

        // The latest purge of each tag, and of all (""), in any database.
        readonly Dictionary<string, long> _purged = [];
        long _now = 1_000_000;

        // The sweep that is under way.
        PurgeCleanup? _cleanup;
        int _sweptDatabase;
        ulong _cursor;

        public void Step()
        {
            if (random.Next(4) == 0) _now += random.Next(4) == 0 ? random.Next(20_000) : random.Next(3);
            if (random.Next(keys * 20) == 0) Wholesale();
            var number = random.Next(6) == 0 ? random.Next(Databases) : 0;
            var (database, model) = (keyspace[number], _models[number]);
            var name = KeyName();
            if (model.TryGetValue(name, out var entry) && IsGone(entry)) Delete(number, name);
            var at = database.Lookup(Bytes(name));
            Assert.Equal(model.ContainsKey(name), at.Found);
            Assert.False(at.Found && IsGone(database, at.Record));
            if (!at.Found)
            {
                Store(number, name);
                return;
            }
            entry = model[name];
            switch (random.Next(14))
            {
                case < 5:
                    Store(number, name);
                    break;
                case 5:
                    Delete(number, name);
                    break;
                case 6:
                    var more = random.Next(1, 60);
                    database.MutableString(at, Bytes(name), entry.Value.Length + more, out _)[entry.Value.Length..].Fill((byte)'a');
                    entry.Value += new string('a', more);
                    break;
                case 7:
                    Expire(database, entry, name);
                    break;
                case 8:
                    AddTags(database, entry, at);
                    break;
                case 9:
                    Move(number, entry, name);
                    break;
                case 10:
                    Purge(number);
                    break;
                case 11 when entry.Metadata is { StaleWindow: > 0 }:
                    Settle(database, at);
                    database.MakeStale(database.Lookup(Bytes(name)), _now);
                    entry.GoStale(_now);
                    break;
                case 12:
                    Slide(database, entry, at);
                    break;
                case 13:
                    Sweep();
                    break;
            }
        }

        bool IsGone(Database database, Record record) => database.IsPurged(record) || IsPast(database.DeadlineOf(record));

        bool IsGone(Entry entry) => entry.IsDead || IsPast(entry.Deadline);

        bool IsPast(long deadline) => deadline >= 0 && deadline < _now;

        void Store(int number, string name)
        {
            var database = keyspace[number];
            var at = database.Lookup(Bytes(name));
            var entry = _models[number][name] = new Entry { Value = Value(), Deadline = Deadline() };
            if (random.Next(4) == 0)
            {
                database.SetString(at, Bytes(name), Bytes(entry.Value), entry.Deadline);
                return;
            }
            var window = random.Next(3) == 0 ? random.Next(10_000) : 0;
            var slide = window == 0 && random.Next(4) == 0 ? random.Next(1, 5_000) : 0;
            if (slide > 0) entry.Deadline = _now + slide;
            entry.Metadata = new CacheMetadata
            {
                Created = keyspace.CacheClock.Touch(_now * 1000), StaleWindow = window, Slide = slide,
                SlideLimit = slide > 0 ? _now + 20_000 : 0, Cost = random.Next(3) == 0 ? random.Next(1000) : 0,
                IsNegative = random.Next(5) == 0,
            };
            var names = TagSet();
            entry.Tags.UnionWith(names);
            if (random.Next(3) > 0)
            {
                database.SetCached(at, Bytes(name), Bytes(entry.Value), entry.Deadline, entry.Metadata.Value, Pack(names));
                return;
            }
            database.SetString(at, Bytes(name), Bytes(entry.Value), entry.Deadline);
            database.SetMetadata(database.Lookup(Bytes(name)), entry.Metadata.Value, Pack(names));
        }

        void Delete(int number, string name)
        {
            keyspace[number].Delete(keyspace[number].Lookup(Bytes(name)));
            _models[number].Remove(name);
        }

        static void Settle(Database database, in KeyLookup at)
        {
            if (database.NeedsSettling(at.Record)) Assert.True(database.TrySettle(at));
        }

        void Expire(Database database, Entry entry, string name)
        {
            // Whoever finds a key settles it, before anybody sees its deadline.
            Settle(database, database.Lookup(Bytes(name)));
            var at = database.Lookup(Bytes(name));
            var deadline = Deadline();
            if (deadline < 0 && entry.Deadline < 0) return;
            if (deadline < 0) database.ClearExpiry(at);
            else database.SetExpiry(at, deadline);
            entry.Deadline = deadline;
            if (entry.Metadata is { Slide: > 0 } sliding) entry.Metadata = sliding with { Slide = 0, SlideLimit = 0 };
        }

        void AddTags(Database database, Entry entry, in KeyLookup at)
        {
            var names = TagSet();
            var created = keyspace.CacheClock.Touch(_now * 1000);
            if (names.Any(tag => LastPurge(tag) > Math.Min(entry.Created, created))) return;
            var added = database.AddTags(at, Pack(names), created);
            var before = entry.Tags.Count;
            entry.Tags.UnionWith(names);
            entry.Metadata ??= new() { Created = created };
            Assert.Equal(entry.Tags.Count - before, added);
        }

        void Move(int number, Entry entry, string name)
        {
            var target = random.Next(3) == 0 ? random.Next(Databases) : number;
            var to = KeyName();
            if (target == number && to == name) return;
            // What other databases know of purges before the move counts there too; the model leaves that alone.
            if (target != number && entry.Tags.Append("").Any(tag => LastPurge(tag) > entry.Created)) return;
            var at = keyspace[number].Lookup(Bytes(name));
            Settle(keyspace[number], at);
            at = keyspace[number].Lookup(Bytes(name));
            var copies = random.Next(2) == 0;
            if (copies) keyspace[number].CopyTo(at, keyspace[target], Bytes(to));
            else keyspace[number].MoveTo(at, keyspace[target], Bytes(to));
            if (!copies) _models[number].Remove(name);
            _models[target][to] = entry.Copy();
        }

        void Purge(int number)
        {
            var tag = random.Next(10) == 0 ? "" : TagName();
            var isSoft = random.Next(2) == 0;
            var version = keyspace.CacheClock.Next(_now * 1000);
            if (random.Next(3) == 0)
            {
                var prefix = KeyName();
                prefix = prefix[..Math.Max(1, prefix.Length - random.Next(5))];
                keyspace[number].Purge(PurgeScope.Prefix, Bytes(prefix), isSoft, version);
                foreach (var (name, entry) in _models[number])
                {
                    if (name.StartsWith(prefix, StringComparison.Ordinal)) entry.Apply(version, isSoft);
                }
                return;
            }
            keyspace[number].Purge(tag == "" ? PurgeScope.All : PurgeScope.Tag, Bytes(tag), isSoft, version);
            _purged[tag] = version;
            foreach (var entry in _models[number].Values)
            {
                if (entry.Metadata is not null && entry.Created < version && (tag == "" || entry.Tags.Contains(tag))) entry.Apply(version, isSoft);
            }
        }

        long LastPurge(string tag) => _purged.GetValueOrDefault(tag);

        void Slide(Database database, Entry entry, in KeyLookup at)
        {
            var slides = database.Slides(at.Record, _now, out var deadline);
            if (entry.Metadata is not { Slide: > 0 and var slide, SlideLimit: var limit })
            {
                Assert.False(slides);
                return;
            }
            var wanted = Math.Min(_now + slide, limit);
            Assert.Equal(wanted - entry.Deadline >= Math.Max(1, slide / 16), slides);
            if (!slides) return;
            database.SlideTo(at, deadline);
            entry.Deadline = wanted;
        }

        /// <summary>A part of a walk over the keys of some database, as the server's sweep makes it.</summary>
        void Sweep()
        {
            if (_cleanup is null || keyspace[_sweptDatabase].Cleanup != _cleanup)
            {
                _cleanup?.GiveUp();
                _sweptDatabase = random.Next(Databases);
                _cleanup = keyspace[_sweptDatabase].Cleanup;
                if (_cleanup.Waiting > 0 && random.Next(5) == 0) keyspace[_sweptDatabase].BeginSweep();
                else _cleanup = null;
                _cursor = 0;
                return;
            }
            var database = keyspace[_sweptDatabase];
            for (var steps = random.Next(200); steps > 0; steps--)
            {
                var names = new List<string>();
                var visitor = new Names(names);
                _cursor = database.Walk(_cursor, ref visitor);
                foreach (var name in names)
                {
                    var at = database.Lookup(Bytes(name));
                    if (database.IsPurged(at.Record)) Delete(_sweptDatabase, name);
                    else Settle(database, at);
                }
                if (_cursor > 0) continue;
                var line = 0u;
                do line = database.Tags.ForgetSofts(line, _cleanup.Sweeping, lines: 3);
                while (line != 0);
                var served = _cleanup.Sweeping;
                database.EndSweep();
                _cleanup = null;
                Assert.DoesNotContain(_models[_sweptDatabase].Values, entry => entry.IsDead && entry.DiedAt <= served);
                return;
            }
        }

        readonly struct Names(List<string> names) : IRecordVisitor
        {
            public void Visit(Record record) => names.Add(Encoding.UTF8.GetString(record.Key));
        }

        void Wholesale()
        {
            var (first, second) = (random.Next(Databases), random.Next(Databases));
            switch (random.Next(3))
            {
                case 0:
                    keyspace.Swap(first, second);
                    (_models[first], _models[second]) = (_models[second], _models[first]);
                    break;
                case 1:
                    keyspace[first].Clear();
                    _models[first].Clear();
                    break;
                case 2:
                    keyspace.FlushAll();
                    foreach (var model in _models) model.Clear();
                    break;
            }
        }

        public void DeleteAll()
        {
            for (var number = 0; number < Databases; number++)
            {
                foreach (var name in _models[number].Keys.ToArray()) Delete(number, name);
            }
            // What was noted of writes goes with the walks.
            _cleanup?.GiveUp();
            foreach (var database in keyspace.Databases)
            {
                while (database.Cleanup.Waiting > 0)
                {
                    database.BeginSweep();
                    database.EndSweep();
                }
                Assert.False(database.PurgesPrefixes);
            }
        }

        public void Verify()
        {
            KeyspaceInvariants.Verify(keyspace);
            for (var number = 0; number < Databases; number++) Verify(keyspace[number], _models[number]);
        }

        void Verify(Database database, Dictionary<string, Entry> model)
        {
            Assert.Equal(model.Count, database.Count);
            foreach (var (name, entry) in model)
            {
                var record = database.Lookup(Bytes(name)).Record;
                Assert.False(record.IsNull);
                Assert.Equal(entry.IsDead, database.IsPurged(record));
                Assert.Equal(entry.Metadata is not null, database.TryGetMetadata(record, out var metadata));
                Assert.Equal(entry.Value, Encoding.UTF8.GetString(record.GetString(new byte[32])));
                if (entry.IsDead) continue;
                Assert.Equal(entry.Deadline, database.DeadlineOf(record));
                if (entry.Metadata is not { } expected) continue;
                metadata = metadata with { StaleWindow = database.Tags.LifetimeOf(record).Window };
                Assert.Equal(expected, metadata);
                Assert.Equal(entry.Tags, NamesOf(database, record));
            }
            foreach (var tag in model.Values.SelectMany(entry => entry.Tags).Distinct())
                Assert.Equal(model.Values.Count(entry => entry.Tags.Contains(tag)), database.Tags.KeysOf(Bytes(tag)));
        }

        static SortedSet<string> NamesOf(Database database, Record record)
        {
            var names = new SortedSet<string>(StringComparer.Ordinal);
            foreach (var id in database.TagsOf(record)) Assert.True(names.Add(Encoding.UTF8.GetString(database.Tags.NameOf(id))));
            return names;
        }

        long Deadline() => random.Next(3) == 0 ? _now + random.Next(1, 30_000) : -1;

        string KeyName() => $"{{{random.Next(3)}}}key:{random.Next(keys)}";

        string TagName() => $"tag:{random.Next(tags)}";

        // Few tags most often; sometimes more than fit into a record, and names that stand twice.
        string[] TagSet() => [.. Enumerable.Range(0, random.Next(10) == 0 ? random.Next(40) : random.Next(4)).Select(_ => TagName())];

        string Value() => random.Next(10) switch
        {
            0 => $"{random.Next(1000)}",
            1 => new string('v', random.Next(3000)),
            _ => new string('v', random.Next(40)),
        };
    }

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    static TagNames Pack(string[] names)
    {
        var bytes = new byte[names.Sum(name => TagNames.SizeFor(Bytes(name)))];
        var end = 0;
        foreach (var name in names) end += TagNames.Put(bytes.AsSpan(end), Bytes(name));
        return new(bytes);
    }
}

/// <summary>The same in the keyspace of a cluster node.</summary>
public sealed class CachingModelBySlotTests(ITestOutputHelper output) : CachingModelTests(output)
{
    protected override bool BySlot => true;
}
