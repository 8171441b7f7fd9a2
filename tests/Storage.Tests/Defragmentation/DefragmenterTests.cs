using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Defragmentation;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.KeyspaceInvariants;
using static MiniRedis.Storage.Tests.Harness.RandomChanges;

namespace MiniRedis.Storage.Tests.Defragmentation;

public sealed class DefragmenterTests : IDisposable
{
    readonly Keyspace _keyspace = new(DatabaseCount, new HashSeed(7, 9));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    Arena Arena => _keyspace.Arena;

    [Theory]
    [InlineData(1, 60, true, false)]
    [InlineData(2, 800, true, false)]
    [InlineData(3, 4000, true, false)]
    [InlineData(4, 60, false, false)]
    [InlineData(5, 800, false, false)]
    [InlineData(6, 4000, false, false)]
    [InlineData(7, 4000, false, false)]
    [InlineData(8, 800, true, true)]
    [InlineData(9, 4000, false, true)]
    public void A_keyspace_whose_blocks_move_holds_the_same_as_one_whose_blocks_stay(int seed, int keys, bool movesAll, bool bySlot)
    {
        using var moving = new Keyspace(DatabaseCount, new HashSeed(7, (ulong)seed), bySlot: bySlot);
        using var staying = new Keyspace(DatabaseCount, new HashSeed(7, (ulong)seed), bySlot: bySlot);
        var defragmenter = new Defragmenter(moving);
        var (random, same, steps) = (new Random(seed), new Random(seed), new Random(seed));
        for (var i = 0; i < 30_000; i++)
        {
            // Now and then most keys go, which leaves holes.
            var wholesale = i % 3000 == 0;
            if (wholesale) DeleteMost(moving, seed + i);
            if (wholesale) DeleteMost(staying, seed + i);
            Change(random, moving, keys, wholesale: i % 7000 == 6999);
            Change(same, staying, keys, wholesale: i % 7000 == 6999);
            if (steps.Next(3) != 0) continue;
            if (!defragmenter.IsActive && movesAll) defragmenter.BeginMovingAll();
            else if (!defragmenter.IsActive) defragmenter.Begin(leastGain: 0);
            defragmenter.Step(steps.Next(1, 20));
            if (steps.Next(2000) == 0) defragmenter.Abandon();
            if (i % 500 == 0) Verify(moving);
        }
        Verify(moving);
        Verify(staying);
        Assert.Equal(Contents(staying), Contents(moving));
        Assert.Equal(staying.UsedBytes, moving.UsedBytes);
        // A step reaches fewer keys where each slot has buckets of its own.
        Assert.True(defragmenter.Hits > (bySlot ? 100 : 1000) || keys < 100, $"only {defragmenter.Hits} blocks moved");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void One_pass_leaves_each_size_the_least_number_of_slabs(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 60_000; i++) Database.Set($"key:{i}", new string('v', random.Next(random.Next(10) == 0 ? 6000 : 300)));
        for (var i = 0; i < 60_000; i++)
        {
            if (random.Next(5) != 0) Database.Delete(Database.Lookup($"key:{i}"));
        }
        var before = Contents(_keyspace);
        var fragmented = Arena.FragmentationRatio;
        var committed = Arena.CommittedBytes;

        var defragmenter = RunPass();

        Assert.True(fragmented > 3, $"before {fragmented}");
        foreach (var use in Arena.CountSlabs())
        {
            var blocksPerSlab = use.Room / use.Slabs;
            var least = (use.Blocks + blocksPerSlab - 1) / blocksPerSlab;
            Assert.Equal((use.BlockBytes, least), (use.BlockBytes, use.Slabs));
        }
        Assert.True(Arena.CommittedBytes < committed / 2, $"{committed} bytes became {Arena.CommittedBytes}");
        Assert.Equal(before, Contents(_keyspace));
        Verify(_keyspace);
    }

    [Fact]
    public void Fragmentation_is_the_free_blocks_of_slabs_in_use()
    {
        for (var i = 0; i < 10_000; i++) Database.Set($"key:{i:d6}", new string('v', 100));
        for (var i = 0; i < 10_000; i += 2) Database.Delete(Database.Lookup($"key:{i:d6}"));

        var uses = Arena.CountSlabs();
        Assert.Equal(uses.Sum(use => (use.Room - use.Blocks) * use.BlockBytes), Arena.FragmentedBytes + Arena.UntouchedBytes);
        Assert.Equal(Arena.UsedBytes + Arena.FragmentedBytes, (long)(Arena.FragmentationRatio * Arena.UsedBytes + 0.5));
        Assert.InRange(Arena.ActiveBytes, Arena.UsedBytes + Arena.FragmentedBytes, Arena.CommittedBytes);
    }

    [Fact]
    public void Nothing_moves_where_nothing_would_be_gained()
    {
        for (var i = 0; i < 50_000; i++) Database.Set($"key:{i}", new string('v', 100));
        var defragmenter = RunPass();
        Assert.Equal((0, 0, 0, 0), (defragmenter.Hits, defragmenter.Misses, defragmenter.KeyHits, defragmenter.KeyMisses));
    }

    [Fact]
    public void A_pass_that_would_gain_less_than_asked_for_moves_nothing()
    {
        FillAndThin();
        var gain = Arena.FragmentedBytes;
        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter, leastGain: gain + 1);
        Assert.Equal(0, defragmenter.Hits);
        RunPass(defragmenter, leastGain: gain / 2);
        Assert.True(defragmenter.Hits > 0);
    }

    [Fact]
    public void A_pass_given_up_leaves_no_slab_that_is_not_allocated_from()
    {
        FillAndThin();
        var defragmenter = BeginPass();
        defragmenter.Abandon();
        Finish(defragmenter);
        var active = Arena.ActiveBytes;
        for (var i = 0; i < 20_000; i++) Database.Set($"new:{i}", new string('w', 100));

        Assert.InRange(Arena.ActiveBytes, active, active + (1 << 20));
    }

    [Fact]
    public void Slabs_that_are_to_be_emptied_are_allocated_from_before_the_system_is_asked_for_more()
    {
        FillAndThin();
        var defragmenter = BeginPass();
        var active = Arena.ActiveBytes;
        for (var i = 0; i < 20_000; i++) Database.Set($"new:{i}", new string('w', 100));

        Assert.InRange(Arena.ActiveBytes, active, active + (1 << 20));
        Finish(defragmenter);
        Verify(_keyspace);
    }

    [Fact]
    public void FLUSHALL_ends_a_pass()
    {
        FillAndThin();
        var defragmenter = BeginPass();
        _keyspace.FlushAll();
        Database.Set("key", "value");

        Assert.False(defragmenter.Step());
        Assert.False(defragmenter.IsActive);
        Assert.Equal("value", Database.Get("key"));
    }

    [Fact]
    public void Keys_are_counted_by_whether_anything_of_them_moved()
    {
        FillAndThin();
        var keys = _keyspace.Count;
        var defragmenter = RunPass();
        Assert.Equal(keys, defragmenter.KeyHits + defragmenter.KeyMisses);
        Assert.InRange(defragmenter.KeyHits, 1, keys - 1);
        Assert.InRange(defragmenter.Hits, defragmenter.KeyHits, defragmenter.KeyHits + 100);

        defragmenter.ResetStatistics();
        Assert.Equal((0, 0, 0, 0), (defragmenter.Hits, defragmenter.Misses, defragmenter.KeyHits, defragmenter.KeyMisses));
    }

    [Fact]
    public void A_walk_passes_nothing_over()
    {
        for (var seed = 0ul; seed < 50; seed++)
        {
            using var keyspace = new Keyspace(DatabaseCount, new HashSeed(seed, seed));
            foreach (var database in keyspace.Databases)
            {
                for (var i = 0; i < 90; i++) AddToSet(database, Bytes($"key:{i % 3}"), Element(i, 100), new(0, 0, 0));
                database.Set("string", "value");
            }
            var defragmenter = new Defragmenter(keyspace);
            defragmenter.BeginMovingAll();
            Finish(defragmenter);
            Assert.Equal((seed, 12, 0), (seed, defragmenter.KeyHits, defragmenter.KeyMisses));
            // Of each key its record, and of a set its root, its directory (2), and all of its buckets.
            Assert.InRange(defragmenter.Hits, 3 + 9 * 6, 3 + 9 * 36 + 6);
        }
    }

    [Fact]
    public void Deadlines_are_found_after_their_keys_have_moved()
    {
        for (var i = 0; i < 20_000; i++) Database.Set($"key:{i}", new string('v', 100), expireAt: 1_000 + i);
        for (var i = 0; i < 20_000; i++)
        {
            if (i % 4 != 0) Database.Delete(Database.Lookup($"key:{i}"));
        }
        var defragmenter = RunPass();
        Assert.True(defragmenter.Hits > 1000);

        var found = 0;
        for (DueSearch search; (search = Database.FindDue(1_000_000_000, out var due)) != DueSearch.NoneDue;)
        {
            if (search != DueSearch.Found) continue;
            Database.Delete(due);
            found++;
        }
        Assert.Equal((5_000, 0), (found, Database.Count));
    }

    public static TheoryData<ObjectType, int> Collections
    {
        get
        {
            var data = new TheoryData<ObjectType, int>();
            foreach (var type in new[] { ObjectType.List, ObjectType.Set, ObjectType.Hash, ObjectType.SortedSet, ObjectType.Stream })
            {
                data.Add(type, 12);
                // Larger elements lie in blocks of their own.
                data.Add(type, 300);
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Collections))]
    public void The_parts_of_a_large_collection_move_together(ObjectType type, int size)
    {
        Interleave(type, size);
        var before = Contents(_keyspace);
        var fragmented = Arena.FragmentationRatio;
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.Begin(leastGain: 0);
        var steps = 0;
        while (defragmenter.Step(mostFields: 100)) steps++;

        Assert.True(steps > 50, $"{steps} steps");
        Assert.True(fragmented > 1.4, $"before {fragmented}");
        // Each size has one slab that is not full.
        Assert.True(Arena.FragmentedBytes < 20 << 16, $"{Arena.FragmentedBytes} bytes are free");
        Assert.Equal(2, defragmenter.KeyHits + defragmenter.KeyMisses);
        Assert.Equal(before, Contents(_keyspace));
        Verify(_keyspace);
    }

    [Theory]
    [MemberData(nameof(Collections))]
    public void A_large_collection_may_change_while_its_parts_move(ObjectType type, int size)
    {
        Interleave(type, size);
        using var staying = new Keyspace(DatabaseCount, new HashSeed(7, 9));
        Interleave(type, size, staying);
        var (random, same) = (new Random(size), new Random(size));
        var defragmenter = new Defragmenter(_keyspace);
        for (var i = 0; i < 3000; i++)
        {
            if (!defragmenter.IsActive && i < 1000) defragmenter.Begin(leastGain: 0);
            else if (!defragmenter.IsActive) defragmenter.BeginMovingAll();
            defragmenter.Step(mostFields: 40);
            ChangeElement(random, Database, type, size);
            ChangeElement(same, staying[0], type, size);
            if (i % 500 == 0) Verify(_keyspace);
        }
        Verify(_keyspace);
        Assert.True(defragmenter.Hits > 1000, $"only {defragmenter.Hits} blocks moved");
        Assert.Equal(Contents(staying), Contents(_keyspace));
    }

    /// <summary>active-defrag-max-scan-fields may be 1: each step looks at one block, and the next one goes on from there.</summary>
    [Theory]
    [InlineData(ObjectType.List)]
    [InlineData(ObjectType.Set)]
    [InlineData(ObjectType.Hash)]
    [InlineData(ObjectType.SortedSet)]
    [InlineData(ObjectType.Stream)]
    public void A_pass_of_the_smallest_steps_ends(ObjectType type)
    {
        for (var i = 0; i < 300; i++) AddElement(Database, "key", type, i, 12);
        var before = Contents(_keyspace);
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.BeginMovingAll();
        for (var steps = 0; defragmenter.Step(mostFields: 1); steps++) Assert.True(steps < 10_000, "the pass does not end");

        Assert.InRange(defragmenter.Hits, 20, 10_000);
        Assert.Equal(before, Contents(_keyspace));
        Verify(_keyspace);
    }

    /// <summary>A collection whose parts lie between those of another that is gone.</summary>
    void Interleave(ObjectType type, int size, Keyspace? into = null)
    {
        var keyspace = into ?? _keyspace;
        var elements = size > 100 ? 8_000 : 40_000;
        for (var i = 0; i < elements; i++)
        {
            foreach (var key in new[] { "kept", "gone", "second" })
            {
                if (key != "second" || i % 100 == 0) AddElement(keyspace[0], key, type, i, size);
            }
        }
        keyspace[0].Delete(keyspace[0].Lookup("gone"));
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(1000);
    }

    static byte[] Element(int number, int size) => Bytes($"{number}:{new string('e', size)}");

    static void AddElement(Database database, string key, ObjectType type, int number, int size)
    {
        var at = database.Lookup(key);
        var name = Bytes(key);
        var element = Element(number, size);
        switch (type)
        {
            case ObjectType.List:
                var limits = new ListLimits(5, 0);
                var list = new ListValue(database, at.Found ? at : ListValue.Create(database, at, name), limits);
                list.Prepare(element.Length, 1);
                list.Push(element, head: false);
                break;
            case ObjectType.Set:
                AddToSet(database, name, element, new(0, 0, 0));
                break;
            case ObjectType.Hash:
                var hash = at.Found ? new HashEditor(database, at, new(0, 0)) : HashEditor.Create(database, at, name, 0, new(0, 0));
                hash.Set(Bytes($"field{number}"), element);
                if (number % 7 == 0) hash.SetDeadline(Bytes($"field{number}"), 1_000_000 + number);
                break;
            case ObjectType.SortedSet:
                var set = at.Found ? new SortedSetValue(database, at) : SortedSetValue.Create(database, at, name, 1, 1000, new(0, 0));
                set.Add(set.Find(element), element, number % 1000, new(0, 0));
                break;
            case ObjectType.Stream:
                var stream = database.Stream(at.Found ? at.Record : database.CreateStream(at, name));
                stream.Append(new StreamId(stream.LastId.Ms + 1, 0), new Pair(element), new StreamNodeLimits(4096, 5));
                stream.TryCreateGroup(Bytes($"group{number % 300}"), StreamId.Min, 0, out var group);
                var consumer = Bytes($"consumer{number % 7 * (number % 300)}");
                if (!group.TryGetConsumer(consumer, out var reader)) reader = group.CreateConsumer(consumer, 5);
                group.SetPending(stream.LastId, reader, number, 1);
                break;
        }
    }

    static void ChangeElement(Random random, Database database, ObjectType type, int size)
    {
        var at = database.Lookup("kept");
        var number = random.Next(8_000);
        if (random.Next(2) == 0)
        {
            AddElement(database, "kept", type, 1_000_000 + random.Next(1 << 30), size);
            return;
        }
        switch (type)
        {
            case ObjectType.List:
                var list = new ListValue(database, at, new(5, 0));
                var count = random.Next(Math.Min(30, (int)list.Count));
                list.RemoveRange(random.NextInt64(list.Count - count), count);
                break;
            case ObjectType.Set:
                var probe = new SetProbe(Element(number, size));
                new SetEditor(database, at, new(0, 0, 0)).Remove(ref probe);
                break;
            case ObjectType.Hash:
                var hash = new HashEditor(database, at, new(0, 0));
                if (hash.Reader.Find(Bytes($"field{number}"), HashReader.Everything, out var spot)) hash.Remove(spot);
                break;
            case ObjectType.SortedSet:
                var set = new SortedSetValue(database, at);
                if (set.Count > 20) set.RemoveRange(random.NextInt64(set.Count - 20), random.Next(20));
                break;
            case ObjectType.Stream:
                var stream = database.Stream(at.Record);
                for (var i = random.Next(20); i > 0; i--) stream.Delete(new StreamId((ulong)random.Next(8_000), 0));
                if (stream.TryGetGroup(Bytes($"group{number % 300}"), out var group) && random.Next(20) == 0)
                    database.DestroyGroup(stream, group.Name);
                break;
        }
    }

    void FillAndThin()
    {
        for (var i = 0; i < 40_000; i++) Database.Set($"key:{i}", new string('v', 100));
        // Thinner and thinner.
        var random = new Random(1);
        for (var i = 0; i < 40_000; i++)
        {
            if (random.Next(40_000) < i) Database.Delete(Database.Lookup($"key:{i}"));
        }
    }

    /// <summary>A pass that is in its walk.</summary>
    Defragmenter BeginPass()
    {
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.Begin(leastGain: 0);
        for (var i = 0; i < 60; i++) Assert.True(defragmenter.Step());
        return defragmenter;
    }

    static void Finish(Defragmenter defragmenter)
    {
        while (defragmenter.Step())
        {
        }
    }

    Defragmenter RunPass()
    {
        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter);
        return defragmenter;
    }

    static void RunPass(Defragmenter defragmenter, long leastGain = 0)
    {
        defragmenter.Begin(leastGain);
        Finish(defragmenter);
    }
}
