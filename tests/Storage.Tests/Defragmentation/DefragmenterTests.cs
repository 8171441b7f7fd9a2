using System.Text;
using static MiniRedis.Storage.Tests.RandomChanges;

namespace MiniRedis.Storage.Tests;

public sealed class DefragmenterTests : IDisposable
{
    readonly Keyspace _keyspace = new(Databases, new HashSeed(7, 9));

    public void Dispose() => _keyspace.Dispose();

    Database Database => _keyspace[0];

    Arena Arena => _keyspace.Arena;

    [Theory]
    [InlineData(1, 60, true)]
    [InlineData(2, 800, true)]
    [InlineData(3, 4000, true)]
    [InlineData(4, 60, false)]
    [InlineData(5, 800, false)]
    [InlineData(6, 4000, false)]
    [InlineData(7, 4000, false)]
    public void A_keyspace_whose_blocks_move_holds_the_same_as_one_whose_blocks_stay(int seed, int keys, bool movesAll)
    {
        using var moving = new Keyspace(Databases, new HashSeed(7, (ulong)seed));
        using var staying = new Keyspace(Databases, new HashSeed(7, (ulong)seed));
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
        Assert.True(defragmenter.Hits > 1000 || keys < 100, $"only {defragmenter.Hits} blocks moved");
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

        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter);

        Assert.True(fragmented > 3, $"before {fragmented}");
        foreach (var use in Arena.CountSlabs())
        {
            var least = (use.Blocks + use.BlocksPerSlab - 1) / use.BlocksPerSlab;
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
        Assert.Equal(uses.Sum(use => (use.Room - use.Blocks) * use.BlockBytes), Arena.FragmentedBytes);
        Assert.Equal(Arena.UsedBytes + Arena.FragmentedBytes, (long)(Arena.FragmentationRatio * Arena.UsedBytes + 0.5));
        Assert.InRange(Arena.ActiveBytes, Arena.UsedBytes + Arena.FragmentedBytes, Arena.CommittedBytes);
    }

    [Fact]
    public void Nothing_moves_where_nothing_would_be_gained()
    {
        for (var i = 0; i < 50_000; i++) Database.Set($"key:{i}", new string('v', 100));
        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter);
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
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.Begin(leastGain: 0);
        for (var i = 0; i < 60; i++) Assert.True(defragmenter.Step());
        defragmenter.Abandon();
        while (defragmenter.Step())
        {
        }
        var active = Arena.ActiveBytes;
        for (var i = 0; i < 20_000; i++) Database.Set($"new:{i}", new string('w', 100));

        Assert.InRange(Arena.ActiveBytes, active, active + (1 << 20));
    }

    [Fact]
    public void Slabs_that_are_to_be_emptied_are_allocated_from_before_the_system_is_asked_for_more()
    {
        FillAndThin();
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.Begin(leastGain: 0);
        for (var i = 0; i < 60; i++) Assert.True(defragmenter.Step());
        var active = Arena.ActiveBytes;
        for (var i = 0; i < 20_000; i++) Database.Set($"new:{i}", new string('w', 100));

        Assert.InRange(Arena.ActiveBytes, active, active + (1 << 20));
        while (defragmenter.Step())
        {
        }
        Verify(_keyspace);
    }

    [Fact]
    public void FLUSHALL_ends_a_pass()
    {
        FillAndThin();
        var defragmenter = new Defragmenter(_keyspace);
        defragmenter.Begin(leastGain: 0);
        for (var i = 0; i < 60; i++) Assert.True(defragmenter.Step());
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
        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter);
        Assert.Equal(keys, defragmenter.KeyHits + defragmenter.KeyMisses);
        Assert.InRange(defragmenter.KeyHits, 1, keys - 1);
        Assert.InRange(defragmenter.Hits, defragmenter.KeyHits, defragmenter.KeyHits + 100);

        defragmenter.ResetStatistics();
        Assert.Equal((0, 0, 0, 0), (defragmenter.Hits, defragmenter.Misses, defragmenter.KeyHits, defragmenter.KeyMisses));
    }

    [Fact]
    public void Deadlines_are_found_after_their_keys_have_moved()
    {
        for (var i = 0; i < 20_000; i++) Database.Set($"key:{i}", new string('v', 100), expireAt: 1_000 + i);
        for (var i = 0; i < 20_000; i++)
        {
            if (i % 4 != 0) Database.Delete(Database.Lookup($"key:{i}"));
        }
        var defragmenter = new Defragmenter(_keyspace);
        RunPass(defragmenter);
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

    static void DeleteMost(Keyspace keyspace, int seed)
    {
        var random = new Random(seed);
        foreach (var database in keyspace.Databases)
        {
            var names = Records(database).ConvertAll(record => Encoding.UTF8.GetString(record.Key));
            names.Sort(StringComparer.Ordinal);
            foreach (var name in names)
            {
                if (random.Next(4) != 0) database.Delete(database.Lookup(name));
            }
        }
    }

    static void RunPass(Defragmenter defragmenter, long leastGain = 0)
    {
        defragmenter.Begin(leastGain);
        while (defragmenter.Step())
        {
        }
    }

    /// <summary>The invariants of everything, and that no byte in use is nobody's.</summary>
    internal static unsafe void Verify(Keyspace keyspace)
    {
        while (keyspace.DiscardedCount > 0) keyspace.FreeDiscarded(1000);
        long bytes = 0;
        foreach (var database in keyspace.Databases)
        {
            database.Index.Verify();
            bytes += database.IndexBytes;
            foreach (var record in Records(database))
            {
                bytes += record.AllocatedBytes;
                if (!record.IsNative) continue;
                switch (record.Type)
                {
                    case ObjectType.List: new QuickList(keyspace.Arena, (ListRoot*)record.Root).Verify(); break;
                    case ObjectType.Stream: database.Stream(record).Verify(); break;
                    case ObjectType.SortedSet: ((SortedSetRoot*)record.Root)->Verify(keyspace.Seed); break;
                    default: ((PackedTable*)record.Root)->Verify(); break;
                }
            }
        }
        Assert.Equal(keyspace.UsedBytes, bytes);
    }
}
