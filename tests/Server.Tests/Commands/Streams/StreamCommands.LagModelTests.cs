using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Streams;

/// <summary>
/// How many entries groups have read, and how many are left, beside a model that keeps every entry that ever was and counts. The model tells
/// what a stream can know, which is less: where an entry that was deleted by its id may lie behind a group, Redis says null, and so must we.
/// </summary>
public sealed class StreamLagModelTests : IDisposable
{
    const int Operations = 1500;

    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;
    readonly List<string> _done = [];

    // Of every entry that ever was, in the order of ids; an id is its milliseconds, its sequence number is 0.
    readonly List<Entry> _entries = [];
    readonly SortedDictionary<string, Group> _groups = new(StringComparer.Ordinal);

    // The stream's last id, which XSETID may have moved on; the largest id that was deleted by name; and what ENTRIESADDED made the number of
    // entries that were ever added differ by from those that were.
    long _lastId, _maxDeleted, _pretended;

    public StreamLagModelTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    sealed class Entry(long id)
    {
        public long Id { get; } = id;
        public bool IsThere { get; set; } = true;
    }

    sealed class Group
    {
        public long LastId { get; set; }
        public long? Read { get; set; }

        /// <summary>The number is what was counted, not what a client said.</summary>
        public bool IsCounted { get; set; } = true;
    }

    List<Entry> There => [.. _entries.Where(entry => entry.IsThere)];

    long Added => _entries.Count + _pretended;

    long CountUpTo(long id) => _entries.Count(entry => entry.Id <= id) + _pretended;

    /// <summary>Whether an entry between the first one and the last may have gone.</summary>
    bool HasHoles => There is [{ } first, ..] && _maxDeleted >= first.Id;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Read_and_left_are_what_a_list_of_all_entries_says(int seed)
    {
        var random = new Random(seed);
        Run("XADD s 1-0 f v");
        AddEntry(1);
        int known = 0, unknown = 0;
        for (var i = 0; i < Operations; i++)
        {
            Step(random);
            foreach (var (name, read, lag) in Told())
            {
                var group = _groups[name];
                var expected = (group.Read, Lag(group));
                Assert.True(expected == (read, lag), $"seed {seed}, {name}: {expected} expected, {(read, lag)} told\n{string.Join('\n', _done)}");
                if (lag is null) unknown++;
                else known++;
            }
        }
        Assert.True(known > Operations && unknown > Operations / 10, $"seed {seed}: {known} known, {unknown} unknown");
    }

    /// <summary>What is left, by counting; null where the stream cannot know it.</summary>
    long? Lag(Group group)
    {
        var there = There;
        if (there.Count == 0) return 0;
        var left = there.Count(entry => entry.Id > group.LastId);
        var isNoneBehindGone = !HasHoles || group.LastId > _maxDeleted;
        if (group.LastId < there[0].Id && !HasHoles) return left;
        if (group.Read is { } read && isNoneBehindGone)
        {
            if (group.IsCounted && group.LastId <= _lastId) Assert.Equal(left, Added - read);
            return Added - read;
        }
        if (group.LastId == _lastId && group.LastId >= _maxDeleted) return left;
        return group.LastId == there[0].Id && !HasHoles ? left : null;
    }

    void Step(Random random)
    {
        var name = "g" + random.Next(4);
        var id = random.NextInt64(_lastId + 3);
        switch (random.Next(20))
        {
            case < 6:
                Add(_lastId + 1 + random.Next(3), random);
                break;
            case < 12:
                ReadGroup(name, 1 + random.Next(4));
                break;
            case 12:
                Delete(random.Next(3) > 0 && There is { Count: > 0 } there ? there[random.Next(there.Count)].Id : id);
                break;
            case 13:
                Trim(random);
                break;
            case 14:
                SetId(random);
                break;
            case 15:
                if (_groups.Remove(name)) Run($"XGROUP DESTROY s {name}");
                break;
            case 16:
                SetGroup(name, id, random);
                break;
            case 17 when random.Next(10) == 0:
                Run("DEBUG RELOAD");
                break;
            default:
                if (!_groups.ContainsKey(name)) SetGroup(name, random.Next(2) == 0 ? 0 : id, random);
                break;
        }
    }

    void Add(long id, Random random)
    {
        var most = random.Next(12);
        Run(most > 9 ? $"XADD s {id}-0 f v" : string.Create(CultureInfo.InvariantCulture, $"XADD s MAXLEN {most + 2} {id}-0 f v"));
        AddEntry(id);
        if (most <= 9) Keep(most + 2);
    }

    void AddEntry(long id)
    {
        _entries.Add(new(id));
        _lastId = id;
    }

    void Keep(int most)
    {
        var there = There;
        foreach (var entry in there.SkipLast(most)) entry.IsThere = false;
    }

    void Trim(Random random)
    {
        if (random.Next(2) == 0)
        {
            var most = random.Next(6);
            Run(string.Create(CultureInfo.InvariantCulture, $"XTRIM s MAXLEN {most}"));
            Keep(most);
            return;
        }
        var least = random.NextInt64(_lastId + 1);
        Run($"XTRIM s MINID {least}-0");
        foreach (var entry in _entries.Where(entry => entry.Id < least)) entry.IsThere = false;
    }

    void Delete(long id)
    {
        Run($"XDEL s {id}-0");
        if (There.Find(entry => entry.Id == id) is not { } entry) return;
        entry.IsThere = false;
        _maxDeleted = Math.Max(_maxDeleted, id);
    }

    void SetId(Random random)
    {
        var id = _lastId + random.Next(3);
        var command = $"XSETID s {id}-0";
        _lastId = id;
        if (random.Next(2) == 0)
        {
            _maxDeleted = Math.Max(_maxDeleted, random.NextInt64(id + 1));
            if (_maxDeleted > 0) command += $" MAXDELETEDID {_maxDeleted}-0";
        }
        if (random.Next(2) == 0)
        {
            var added = There.Count + random.Next(20);
            command += string.Create(CultureInfo.InvariantCulture, $" ENTRIESADDED {added}");
            _pretended = added - _entries.Count;
            foreach (var group in _groups.Values)
            {
                group.Read = group.Read is { } read ? Math.Min(read, added) : null;
                group.IsCounted = group.Read is null;
            }
        }
        Run(command);
    }

    void SetGroup(string name, long id, Random random)
    {
        var isNew = !_groups.TryGetValue(name, out var group);
        if (isNew) _groups[name] = group = new();
        (group!.LastId, group.Read, group.IsCounted) = (id, null, true);
        var command = $"XGROUP {(isNew ? "CREATE" : "SETID")} s {name} {id}-0";
        if (random.Next(3) == 0)
        {
            var isTrue = random.Next(2) == 0;
            var said = isTrue ? Math.Max(CountUpTo(id), 0) : random.Next(40);
            command += $" ENTRIESREAD {said}";
            group.Read = Math.Min(said, Added);
            // A number of entries that the stream pretends not to have had cannot be told.
            group.IsCounted = isTrue && CountUpTo(id) >= 0 && id <= _lastId;
        }
        Run(command);
    }

    void ReadGroup(string name, int count)
    {
        if (!_groups.TryGetValue(name, out var group)) return;
        var there = There;
        Run($"XREADGROUP GROUP {name} c COUNT {count} NOACK STREAMS s >");
        foreach (var entry in there.Where(entry => entry.Id > group.LastId).Take(count))
        {
            var isNoneBehindGone = !HasHoles || group.LastId > _maxDeleted;
            if (group.Read is { } read && group.LastId >= there[0].Id && isNoneBehindGone)
            {
                // One more; counted if what it is added to is.
                group.Read = Math.Min(read + 1, Added);
            }
            else
            {
                var isKnown = entry.Id == _lastId && entry.Id >= _maxDeleted || entry.Id == there[0].Id && !HasHoles;
                (group.Read, group.IsCounted) = (isKnown ? CountUpTo(entry.Id) : null, true);
            }
            group.LastId = entry.Id;
            if (group is { IsCounted: true, Read: not null }) Assert.Equal(CountUpTo(entry.Id), group.Read);
        }
    }

    void Run(string command)
    {
        _done.Add(command);
        Assert.False(_client.Call(command).StartsWith('-'), string.Join('\n', _done));
    }

    IEnumerable<(string Name, long? Read, long? Lag)> Told()
    {
        foreach (object?[] fields in ((object?[])_client.CallTree("XINFO GROUPS s")!).Cast<object?[]>())
        {
            var (read, lag) = ((long?)fields[9], (long?)fields[11]);
            Assert.True(lag is null or >= 0, string.Join('\n', _done));
            Assert.True(read is null || read <= Added, string.Join('\n', _done));
            yield return ((string)fields[1]!, read, lag);
        }
    }
}
