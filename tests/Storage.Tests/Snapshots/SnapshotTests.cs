using System.Buffers;
using System.Text;
using Xunit.Abstractions;

namespace MiniRedis.Storage.Tests;

/// <summary>
/// A snapshot against what the keyspace held when it began, while everything that can happen to keys happens to them. The
/// consumer is a thread of its own that may read a batch only when the test says so: values stay frozen as long as chance wills.
/// </summary>
public class SnapshotTests(ITestOutputHelper output)
{
    const int Databases = 3;

    static readonly SetLimits s_sets = new(8, 8, 16);
    static readonly HashLimits s_hashes = new(8, 16);
    static readonly SortedSetLimits s_sorted = new(8, 16);
    static readonly ListLimits s_lists = new(4, 0);

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(3, 60)]
    [InlineData(4, 800)]
    [InlineData(5, 800)]
    [InlineData(6, 4000)]
    [InlineData(7, 4000)]
    public void A_snapshot_is_of_the_instant_at_which_it_began(int seed, int keys)
    {
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        using var keyspace = new Keyspace(Databases, new HashSeed(7, (ulong)seed));
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < keys; i++) Change(random, keyspace, keys, wholesale: false);
            TakeOne(random, keyspace, keys);
        }
    }

    [Fact]
    public void A_snapshot_that_was_given_up_leaves_nothing_behind()
    {
        var random = new Random(11);
        using var keyspace = new Keyspace(Databases, new HashSeed(7, 11));
        for (var i = 0; i < 2000; i++) Change(random, keyspace, 500, wholesale: false);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        for (var i = 0; i < 300; i++)
        {
            Change(random, keyspace, 500, wholesale: false);
            if (i % 10 == 0) snapshot.Walk(1);
            if (i % 25 == 0) reader.Allow(1);
        }
        snapshot.Abandon();
        reader.AllowAll();
        Drive(snapshot);

        Assert.Null(keyspace.Snapshot);
        TakeOne(random, keyspace, 500);
    }

    [Fact]
    public void Deleting_a_frozen_value_gives_its_memory_back_once_it_was_read()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        for (var i = 0; i < 8000; i++) AddToSet(keyspace[0], "big"u8, Bytes($"member:{i}"), new(0, 0, 0));
        var before = keyspace.UsedBytes;
        var expected = Contents(keyspace);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        Assert.Equal(Readiness.Frozen, keyspace[0].Prepare(keyspace[0].Lookup("big"u8)));
        keyspace[0].Delete(keyspace[0].Lookup("big"u8));
        Assert.True(snapshot.WaitingBytes > 50_000, $"waiting {snapshot.WaitingBytes} of {before}");
        reader.AllowAll();
        Drive(snapshot);
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(1000);

        Assert.Equal(expected, reader.Contents);
        Assert.True(keyspace.UsedBytes < 100, $"used {keyspace.UsedBytes}");
    }

    [Fact]
    public void A_large_value_is_frozen_until_it_was_read_and_may_be_seized()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        for (var i = 0; i < 8000; i++) AddToSet(keyspace[0], "big"u8, Bytes($"member:{i}"), new(0, 0, 0));
        var expected = Contents(keyspace);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var database = keyspace[0];
        Assert.Equal(Readiness.Frozen, database.Prepare(database.Lookup("big"u8)));
        database.Seize(database.Lookup("big"u8));
        AddToSet(database, "big"u8, "late"u8, new(0, 0, 0));
        reader.AllowAll();
        Drive(keyspace.Snapshot!);

        Assert.Equal(expected, reader.Contents);
        Assert.Equal(8001, new SetReader(database.Lookup("big"u8).Record).Count);
        Assert.Equal(Readiness.Ready, database.Prepare(database.Lookup("big"u8)));
    }

    [Fact]
    public void The_walk_waits_for_a_consumer_that_is_behind()
    {
        using var keyspace = new Keyspace(1, new HashSeed(1, 2));
        var value = new string('x', 1000);
        for (var i = 0; i < 20_000; i++) keyspace[0].Set($"key:{i}", value);

        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        while (snapshot.Walk(100)) { }

        Assert.False(snapshot.IsWalked);
        Assert.InRange(snapshot.WaitingBytes, 8 << 20, 9 << 20);
        reader.AllowAll();
        Drive(snapshot);
        Assert.Equal(20_000, reader.Contents.Count);
    }

    void TakeOne(Random random, Keyspace keyspace, int keys)
    {
        var expected = Contents(keyspace);
        using var reader = new Reader(keyspace.BeginSnapshot());
        var snapshot = keyspace.Snapshot!;
        while (!snapshot.IsWalked)
        {
            if (random.Next(3) == 0) snapshot.Walk(random.Next(1, 4));
            if (random.Next(3) == 0) reader.Allow(1);
            if (random.Next(3) == 0) snapshot.Settle(out _);
            Change(random, keyspace, keys, wholesale: random.Next(200) == 0);
            if (snapshot.WaitingBytes > 4 << 20) reader.Allow(100);
        }
        reader.AllowAll();
        Drive(snapshot);

        Assert.Equal(expected.Count, reader.Contents.Count);
        foreach (var (key, payload) in expected) Assert.Equal(payload, reader.Contents[key]);
        output.WriteLine($"{expected.Count} keys, captured {snapshot.Captured}, peak {snapshot.PeakBytes} bytes");
        for (var i = 0; i < Databases; i++)
        {
            foreach (var record in Records(keyspace[i])) Assert.False(record.IsCaptured);
        }
    }

    static void Drive(Snapshot snapshot)
    {
        for (var isOver = false; !isOver;)
        {
            snapshot.Walk(100);
            snapshot.Settle(out isOver);
            Thread.Yield();
        }
    }

    static Dictionary<string, string> Contents(Keyspace keyspace)
    {
        var contents = new Dictionary<string, string>();
        foreach (var database in keyspace.Databases)
        {
            foreach (var record in Records(database)) contents.Add(Name(database.Number, record), Payload(record));
        }
        return contents;
    }

    static List<Record> Records(Database database)
    {
        var records = new List<Record>();
        ulong cursor = 0;
        do cursor = database.Scan(cursor, records);
        while (cursor != 0);
        return records;
    }

    static string Name(int database, Record record) => $"{database}:{Encoding.UTF8.GetString(record.Key)}";

    static string Payload(Record record)
    {
        var buffer = new ArrayBufferWriter<byte>();
        DumpPayload.Write(record, compress: false, buffer);
        return $"{record.ExpireAt} {Convert.ToHexString(buffer.WrittenSpan)}";
    }

    static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    static void Change(Random random, Keyspace keyspace, int keys, bool wholesale)
    {
        var database = keyspace[random.Next(Databases)];
        if (wholesale)
        {
            var kind = random.Next(4);
            if (kind < 2) keyspace.Swap(database.Number, random.Next(Databases));
            else if (kind == 2) database.Clear();
            else keyspace.FlushAll();
            return;
        }
        var key = Bytes($"key:{random.Next(keys + 1)}");
        var at = database.Lookup(key);
        switch (random.Next(10))
        {
            case 0 when at.Found:
                database.Delete(at);
                break;
            case 1 when at.Found:
                database.SetExpiry(at, 1_000_000 + random.Next(1000));
                break;
            case 2 when at.Found:
                database.ClearExpiry(at);
                break;
            case 3 when at.Found:
                database.MoveTo(at, keyspace[random.Next(Databases)], Bytes($"key:{random.Next(keys + 1)}"));
                break;
            case 4 when at.Found:
                database.CopyTo(at, keyspace[random.Next(Databases)], Bytes($"key:{random.Next(keys + 1)}"));
                break;
            case 5:
                database.SetString(at, key, Value(random), random.Next(3) == 0 ? 5_000_000 : -1);
                break;
            case 6:
                if (at.Found && at.Record.Type != ObjectType.String) database.Delete(at);
                var target = database.Lookup(key);
                var length = target.Found ? target.Record.StringLength : 0;
                database.MutableString(target, key, length + random.Next(30), out _)[length..].Fill((byte)'+');
                break;
            default:
                for (var i = random.Next(6); i >= 0; i--) Edit(random, database, key);
                break;
        }
    }

    static byte[] Value(Random random) => random.Next(20) switch
    {
        0 => Bytes(new string((char)('a' + random.Next(26)), 70_000)),
        < 4 => Bytes(random.Next().ToString()),
        < 8 => Bytes(new string((char)('a' + random.Next(26)), random.Next(2000))),
        _ => Bytes(new string((char)('a' + random.Next(26)), random.Next(40))),
    };

    static void Edit(Random random, Database database, byte[] key)
    {
        var at = database.Lookup(key);
        var member = Bytes($"m{random.Next(40)}");
        if (at.Found) database.Seize(at);
        switch (at.Found ? at.Record.Type : (ObjectType)random.Next(1, 5))
        {
            case ObjectType.List:
                var list = at.Found ? new ListValue(database, at, s_lists) : ListValue.Create(database, at, key, s_lists);
                list.Prepare(member.Length, 1);
                list.Push(member, random.Next(2) == 0);
                if (random.Next(3) == 0 && list.Count > 1) list.RemoveEnd(random.Next(2) == 0);
                list.TryPack();
                break;
            case ObjectType.Set:
                AddToSet(database, key, member, s_sets);
                break;
            case ObjectType.Hash:
                var hash = at.Found ? new HashEditor(database, at, s_hashes) : HashEditor.Create(database, at, key, 0, s_hashes);
                hash.Set(member, Bytes(random.Next(1000).ToString()));
                break;
            case ObjectType.SortedSet:
                var set = at.Found ? new SortedSetValue(database, at) : SortedSetValue.Create(database, at, key, 1, member.Length, s_sorted);
                var place = set.Find(member);
                if (place.Found) set.SetScore(place, member, random.Next(100));
                else set.Add(place, member, random.Next(100), s_sorted);
                break;
        }
    }

    static void AddToSet(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> member, SetLimits limits)
    {
        var at = database.Lookup(key);
        if (at.Found) new SetEditor(database, at, limits).Add(member);
        else SetEditor.Create(database, at, key, member, 1, limits);
    }

    /// <summary>The consumer.</summary>
    sealed class Reader : IDisposable
    {
        readonly SnapshotFeed _feed;
        readonly SemaphoreSlim _allowed = new(0);
        readonly Thread _thread;
        volatile bool _free;

        public Reader(Snapshot snapshot)
        {
            _feed = snapshot.Feed;
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public Dictionary<string, string> Contents { get; } = [];

        public void Allow(int batches) => _allowed.Release(batches);

        public void AllowAll()
        {
            _free = true;
            _allowed.Release();
        }

        public void Dispose()
        {
            // A test that failed has not driven the snapshot to its end.
            _feed.Cancel();
            AllowAll();
            _thread.Join();
        }

        void Run()
        {
            while (_feed.TryTake(out var batch))
            {
                if (!_free) _allowed.Wait();
                while (batch!.Next(out var database, out var record)) Contents.Add(Name(database, record), Payload(record));
                _feed.GiveBack(batch);
            }
            _feed.Finish();
        }
    }
}
