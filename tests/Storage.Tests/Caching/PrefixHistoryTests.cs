using System.Globalization;
using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Caching;

/// <summary>
/// Histories of writes, purges of prefixes and steps of the sweep, against a dictionary that applies each purge at once: all short ones, in
/// every order, and long ones at random. A long one that fails is shortened until no step can be left out. MINIREDIS_FUZZ_SEQUENCES is the
/// number of long ones, MINIREDIS_FUZZ_SEED where they come from.
/// </summary>
public sealed class PrefixHistoryTests(ITestOutputHelper output)
{
    static readonly string[] s_keys = ["a", "ab", "abc", "b"];
    static readonly string[] s_prefixes = ["a", "ab", "b"];

    enum Kind
    {
        Set,
        SetWithWindow,
        Append,
        Delete,
        Rename,
        Purge,
        PurgeSoftly,
        Sweep,
        Swap,
        Clear,
    }

    /// <summary>A step: what is done, to which key or prefix, and, of a renaming, the other key.</summary>
    readonly record struct Step(Kind Kind, int First = 0, int Second = 0)
    {
        public override string ToString() => Kind switch
        {
            Kind.Purge or Kind.PurgeSoftly => $"{Kind} {s_prefixes[First]}",
            Kind.Rename => $"{Kind} {s_keys[First]} {s_keys[Second]}",
            Kind.Sweep or Kind.Swap or Kind.Clear => $"{Kind}",
            _ => $"{Kind} {s_keys[First]}",
        };
    }

    /// <summary>Few enough that all histories of five can be tried: two keys, of which one begins with the other, and their prefixes.</summary>
    static readonly Step[] s_few =
    [
        new(Kind.Set, 0), new(Kind.Set, 1), new(Kind.SetWithWindow, 1), new(Kind.Append, 1), new(Kind.Rename, 0, 1),
        new(Kind.Purge, 0), new(Kind.Purge, 1), new(Kind.PurgeSoftly, 0), new(Kind.Sweep),
    ];

    [Fact]
    public void All_short_histories_agree_with_a_dictionary()
    {
        using var run = new Run();
        // The shorter ones first, so that the first that fails is a shortest.
        for (var length = 1; length <= 5; length++)
        {
            var history = new int[length];
            do
            {
                var steps = history.Select(i => s_few[i]).ToArray();
                if (run.Failure(steps) is { } failure) Assert.Fail($"{string.Join(", ", steps)}: {failure}");
            }
            while (Next(history));
        }
    }

    static bool Next(int[] history)
    {
        for (var i = 0; i < history.Length; i++)
        {
            if (++history[i] < s_few.Length) return true;
            history[i] = 0;
        }
        return false;
    }

    [Fact]
    public void Long_histories_agree_with_a_dictionary()
    {
        var seed = Number("MINIREDIS_FUZZ_SEED", 2026);
        var count = Number("MINIREDIS_FUZZ_SEQUENCES", 5_000);
        var random = new Random(seed);
        using var run = new Run();
        for (var i = 0; i < count; i++)
        {
            var steps = new Step[random.Next(1, 60)];
            for (var j = 0; j < steps.Length; j++)
            {
                var kind = random.Next(40) == 0 ? (Kind)random.Next((int)Kind.Swap, (int)Kind.Clear + 1) : (Kind)random.Next((int)Kind.Swap);
                steps[j] = new(kind, random.Next(kind is Kind.Purge or Kind.PurgeSoftly ? s_prefixes.Length : s_keys.Length), random.Next(s_keys.Length));
            }
            if (run.Failure(steps) is null) continue;
            var least = Shorten(steps);
            using var again = new Run();
            Assert.Fail($"seed {seed}, history {i}: {string.Join(", ", least)}: {again.Failure(least)}");
        }
        output.WriteLine($"{count} histories");
    }

    /// <summary>Leaves out steps as long as what is left fails.</summary>
    static Step[] Shorten(Step[] steps)
    {
        for (var i = steps.Length - 1; i >= 0; i--)
        {
            Step[] without = [.. steps[..i], .. steps[(i + 1)..]];
            // What a failure leaves behind is no ground for another.
            using var run = new Run();
            if (run.Failure(without) is null) continue;
            steps = without;
            i = steps.Length;
        }
        return steps;
    }

    [Fact]
    public void A_history_that_fails_is_shortened_to_the_steps_that_it_takes()
    {
        Step[] steps = [new(Kind.Set, 3), new(Kind.Set, 0), new(Kind.Sweep), new(Kind.Purge, 0), new(Kind.Set, 2), new(Kind.Sweep)];
        Run.Breaks = history => history.Contains(new(Kind.Set, 0)) && history.Contains(new(Kind.Purge, 0));
        try
        {
            Assert.Equal([new(Kind.Set, 0), new(Kind.Purge, 0)], Shorten(steps));
        }
        finally
        {
            Run.Breaks = null;
        }
    }

    static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    sealed class Entry
    {
        public int Length;
        public long Window, Deadline = -1;
    }

    sealed class Run : IDisposable
    {
        const int Window = 1_000_000;

        /// <summary>For the test of the shortening.</summary>
        [ThreadStatic]
        public static Predicate<Step[]>? Breaks;

        readonly Keyspace _keyspace = new(2, new HashSeed(3, 4));
        readonly Dictionary<string, Entry>[] _models = [[], []];
        readonly long _baseline;
        long _now = 1_000;

        // The sweep that is under way.
        PurgeCleanup? _cleanup;
        int _swept;
        ulong _cursor;

        public Run() => _baseline = _keyspace.UsedBytes;

        Database Database => _keyspace[0];

        Dictionary<string, Entry> Model => _models[0];

        public void Dispose() => _keyspace.Dispose();

        /// <summary>What is wrong after which step; null if nothing is. The keyspace is empty afterwards.</summary>
        public string? Failure(Step[] steps)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                _now++;
                Do(steps[i]);
                if (Difference() is { } difference) return $"after step {i + 1}: {difference}";
            }
            return Breaks?.Invoke(steps) == true ? "broken" : Empty();
        }

        void Do(Step step)
        {
            switch (step.Kind)
            {
                case Kind.Set or Kind.SetWithWindow:
                    Write(s_keys[step.First], step.Kind == Kind.SetWithWindow);
                    break;
                case Kind.Append:
                    Append(s_keys[step.First]);
                    break;
                case Kind.Delete:
                    if (Find(s_keys[step.First]) is { Found: true } at) Database.Delete(at);
                    Model.Remove(s_keys[step.First]);
                    break;
                case Kind.Rename:
                    Rename(s_keys[step.First], s_keys[step.Second]);
                    break;
                case Kind.Purge or Kind.PurgeSoftly:
                    Purge(s_prefixes[step.First], step.Kind == Kind.PurgeSoftly);
                    break;
                case Kind.Sweep:
                    Sweep();
                    break;
                case Kind.Swap:
                    _keyspace.Swap(0, 1);
                    (_models[0], _models[1]) = (_models[1], _models[0]);
                    break;
                case Kind.Clear:
                    Database.Clear();
                    Model.Clear();
                    // If no other database has keys, that is FLUSHALL.
                    break;
            }
        }

        /// <summary>Looks a key up as commands do: a dead one is deleted, a stale one settled.</summary>
        KeyLookup Find(string key)
        {
            var at = Database.Lookup(Bytes(key));
            if (!at.Found) return at;
            if (Database.IsPurged(at.Record)) Database.Delete(at);
            else if (Database.NeedsSettling(at.Record)) Assert.True(Database.TrySettle(at));
            else return at;
            return Database.Lookup(Bytes(key));
        }

        void Write(string key, bool hasWindow)
        {
            var at = Find(key);
            var entry = Model[key] = new() { Length = 1, Window = hasWindow ? Window : 0 };
            if (!hasWindow)
            {
                Database.SetString(at, Bytes(key), "v"u8, -1);
                return;
            }
            var metadata = new CacheMetadata { Created = _keyspace.CacheClock.Touch(_now * 1000), StaleWindow = entry.Window };
            Database.SetCached(at, Bytes(key), "v"u8, -1, metadata, default);
        }

        void Append(string key)
        {
            var at = Find(key);
            if (!Model.TryGetValue(key, out var entry)) entry = Model[key] = new();
            // So much that the record is built anew.
            entry.Length += 40;
            Database.MutableString(at, Bytes(key), entry.Length, out _);
        }

        void Rename(string from, string to)
        {
            if (Find(from) is not { Found: true } at || from == to) return;
            Database.MoveTo(at, Database, Bytes(to));
            Model.Remove(from, out var entry);
            Model[to] = entry!;
        }

        void Purge(string prefix, bool isSoft)
        {
            Database.Purge(PurgeScope.Prefix, Bytes(prefix), isSoft, _keyspace.CacheClock.Next(_now * 1000));
            foreach (var (key, entry) in Model.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).ToList())
            {
                if (!isSoft || entry.Window == 0) Model.Remove(key);
                else GoStale(entry);
            }
        }

        void GoStale(Entry entry)
        {
            if (entry.Deadline >= 0 && entry.Deadline - entry.Window <= _now) return;
            entry.Deadline = entry.Deadline < 0 ? _now + entry.Window : Math.Min(entry.Deadline, _now + entry.Window);
            entry.Window = entry.Deadline - _now;
        }

        /// <summary>One step of the sweep: its beginning, one bucket of the index, or its end.</summary>
        void Sweep()
        {
            if (_cleanup is not null && _keyspace[_swept].Cleanup != _cleanup)
            {
                _cleanup.GiveUp();
                _cleanup = null;
            }
            if (_cleanup is null)
            {
                _swept = _keyspace[0].Cleanup.Waiting > 0 ? 0 : 1;
                if (_keyspace[_swept].Cleanup.Waiting == 0) return;
                _cleanup = _keyspace[_swept].Cleanup;
                _keyspace[_swept].BeginSweep();
                _cursor = 0;
                return;
            }
            var keys = new List<byte[]>();
            var visitor = new Keys(keys);
            _cursor = _keyspace[_swept].Walk(_cursor, ref visitor);
            foreach (var key in keys)
            {
                var at = _keyspace[_swept].Lookup(key);
                if (_keyspace[_swept].IsPurged(at.Record)) _keyspace[_swept].Delete(at);
                else if (_keyspace[_swept].NeedsSettling(at.Record)) Assert.True(_keyspace[_swept].TrySettle(at));
            }
            if (_cursor > 0) return;
            _keyspace[_swept].EndSweep();
            _cleanup = null;
        }

        readonly struct Keys(List<byte[]> keys) : IRecordVisitor
        {
            public void Visit(Record record) => keys.Add(record.Key.ToArray());
        }

        string? Difference()
        {
            for (var number = 0; number < 2; number++)
            {
                foreach (var key in s_keys)
                {
                    var record = _keyspace[number].Lookup(Bytes(key)).Record;
                    var isAlive = !record.IsNull && !_keyspace[number].IsPurged(record);
                    if (!_models[number].TryGetValue(key, out var entry))
                    {
                        if (isAlive) return $"{key} of {number} is alive";
                        continue;
                    }
                    if (!isAlive) return $"{key} of {number} is dead";
                    if (record.GetString(new byte[32]).Length != entry.Length) return $"{key} of {number} has another value";
                    var deadline = _keyspace[number].DeadlineOf(record);
                    if (deadline != entry.Deadline) return $"{key} of {number} has the deadline {deadline}, not {entry.Deadline}";
                }
            }
            return null;
        }

        /// <summary>Deletes everything. What is wrong then; null if nothing is.</summary>
        string? Empty()
        {
            foreach (var model in _models) model.Clear();
            _cleanup?.GiveUp();
            _cleanup = null;
            foreach (var database in _keyspace.Databases)
            {
                foreach (var key in s_keys)
                {
                    if (database.Lookup(Bytes(key)) is { Found: true } at) database.Delete(at);
                }
                for (var walks = 0; database.Cleanup.Waiting > 0; walks++)
                {
                    if (walks == 3) return "walks do not end";
                    database.BeginSweep();
                    database.EndSweep();
                }
                if (database.PurgesPrefixes) return "prefixes are left";
            }
            return _keyspace.UsedBytes == _baseline ? null : $"{_keyspace.UsedBytes - _baseline} bytes are left";
        }
    }

    static readonly Dictionary<string, byte[]> s_bytes = s_keys.Union(s_prefixes).ToDictionary(name => name, Encoding.ASCII.GetBytes);

    static byte[] Bytes(string name) => s_bytes[name];
}
