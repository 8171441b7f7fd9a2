using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Tests.Tables;

/// <summary>The directory with the simplest owner there is: each bucket a number of a managed list of hashes.</summary>
public unsafe class BucketDirectoryTests
{
    const int Full = 8;
    const int Low = 2;

    sealed class Table
    {
        public BucketDirectory Directory;
        public Arena Arena { get; init; } = new();
        public int Count { get; private set; }

        readonly List<List<ulong>> _lists = [];

        public Table(Arena arena)
        {
            Arena = arena;
            Directory.Start(arena, Full, Low);
        }

        public List<ulong> ListOf(uint bucket)
        {
            ref var slot = ref Directory[bucket];
            if (slot == null)
            {
                _lists.Add([]);
                slot = (byte*)_lists.Count;
            }
            return _lists[(int)slot - 1];
        }

        public void Add(ulong hash)
        {
            ListOf(Directory.BucketOf(hash)).Add(hash);
            Count++;
            for (var i = 0; i < BucketDirectory.StepsPerChange && Directory.TrySplit(Arena, Count, out var split); i++)
            {
                var from = ListOf(split.From);
                Assert.True(Directory[split.To] == null);
                ListOf(split.To).AddRange(from.Where(h => (h >> split.Bit & 1) != 0));
                from.RemoveAll(h => (h >> split.Bit & 1) != 0);
            }
        }

        public void Remove(ulong hash)
        {
            Assert.True(ListOf(Directory.BucketOf(hash)).Remove(hash));
            Count--;
            for (var i = 0; i < BucketDirectory.StepsPerChange && Directory.TryMerge(Count, out var merge); i++)
            {
                ListOf(merge.To).AddRange(ListOf(merge.From));
                Directory.EndMerge(Arena);
            }
        }

        public void Verify()
        {
            Directory.Verify(Count);
            var seen = 0;
            for (var bucket = 0u; bucket < Directory.Count; bucket++)
            {
                Assert.All(ListOf(bucket), hash => Assert.Equal(bucket, Directory.BucketOf(hash)));
                seen += ListOf(bucket).Count;
            }
            Assert.Equal(Count, seen);
        }
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(2, 700)]
    [InlineData(3, 20_000)]
    public void Elements_stay_where_their_hash_says_while_the_table_breathes(int seed, int size)
    {
        using var arena = new Arena();
        var random = new Random(seed);
        var table = new Table(arena);
        var members = new List<ulong>();
        for (var phase = 0; phase < 8; phase++)
        {
            var target = phase % 2 == 0 ? size : random.Next(size / 4);
            while (members.Count != target)
            {
                if (members.Count < target)
                {
                    members.Add((ulong)random.NextInt64());
                    table.Add(members[^1]);
                }
                else
                {
                    var at = random.Next(members.Count);
                    table.Remove(members[at]);
                    members[at] = members[^1];
                    members.RemoveAt(members.Count - 1);
                }
                if (size < 100 || random.Next(size) == 0) table.Verify();
            }
            table.Verify();
            Assert.True(table.Directory.Count == 1 || members.Count >= table.Directory.Count * (Low - 1), $"seed {seed}: too many buckets");
        }
        Assert.Equal(table.Directory.Bytes, arena.UsedBytes);
        while (table.Directory.Count > 0) table.Directory.TakeLast(arena);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_scan_shows_whoever_is_there_throughout(int seed)
    {
        using var arena = new Arena();
        var random = new Random(seed);
        var table = new Table(arena);
        var stable = new HashSet<ulong>();
        while (stable.Count < 300) stable.Add((ulong)random.NextInt64());
        foreach (var hash in stable) table.Add(hash);
        var passing = new List<ulong>();
        var seen = new HashSet<ulong>();
        var cursor = 0UL;
        var grow = seed % 2 == 0;
        if (!grow) Fill(5_000);
        do
        {
            cursor = table.Directory.Scan(cursor, out var bucket);
            seen.UnionWith(table.ListOf(bucket));
            if (random.Next(40) == 0) grow = !grow;
            if (grow) Fill(random.Next(100));
            else Drain(random.Next(100));
        }
        while (cursor != 0);
        Assert.True(stable.IsSubsetOf(seen), $"seed {seed}");

        void Fill(int count)
        {
            for (var i = 0; i < count; i++)
            {
                passing.Add((ulong)random.NextInt64());
                table.Add(passing[^1]);
            }
        }

        void Drain(int count)
        {
            for (var i = 0; i < count && passing.Count > 0; i++)
            {
                table.Remove(passing[^1]);
                passing.RemoveAt(passing.Count - 1);
            }
        }
    }

    [Fact]
    public void A_directory_started_for_many_elements_does_not_split_for_them()
    {
        using var arena = new Arena();
        var directory = default(BucketDirectory);
        directory.Start(arena, Full, Low, 10_000);
        Assert.False(directory.TrySplit(arena, 10_000, out _));
        Assert.InRange(directory.Count, 10_000u / Full, 2 * 10_000u / Full + 1);
        directory.Free(arena);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void A_table_doubles_when_it_is_full_and_halves_when_it_is_low()
    {
        using var arena = new Arena();
        var directory = default(BucketDirectory);
        directory.Start(arena, Full, Low);
        Assert.False(directory.TrySplit(arena, Full, out _));
        Assert.True(directory.TrySplit(arena, Full + 1, out var split));
        Assert.Equal(new(0, 1, 0), split);
        Assert.False(directory.TrySplit(arena, 2 * Full, out _));

        Assert.False(directory.TryMerge(2 * Low, out _));
        Assert.True(directory.TryMerge(2 * Low - 1, out var merge));
        Assert.Equal(new(1, 0), merge);
        directory.EndMerge(arena);
        Assert.False(directory.TryMerge(0, out _));
        Assert.Equal(1u, directory.Count);
    }

    [Fact]
    public void A_round_of_halving_goes_on_until_the_table_is_half_full_and_one_of_doubling_to_its_end()
    {
        using var arena = new Arena();
        var directory = default(BucketDirectory);
        directory.Start(arena, Full, Low, 4 * Full - 1);
        Assert.Equal(4u, directory.Count);
        Assert.True(directory.TryMerge(4 * Low - 1, out var merge));
        Assert.Equal(new(3, 1), merge);
        directory.EndMerge(arena);
        Assert.True(directory.TryMerge(3 * Full / 2 - 1, out merge));
        Assert.Equal(new(2, 0), merge);
        Assert.False(directory.TryMerge(3 * Full / 2, out _));

        Assert.False(directory.TrySplit(arena, 3 * Full, out _));
        Assert.True(directory.TrySplit(arena, 3 * Full + 1, out _));
        Assert.False(directory.TryMerge(4 * Low, out _));
        Assert.True(directory.TrySplit(arena, 4 * Full + 1, out _));
        for (var buckets = 6u; buckets <= 8; buckets++)
        {
            Assert.True(directory.TrySplit(arena, 1, out var split));
            Assert.Equal(new(buckets - 5, buckets - 1, 2), split);
        }
        Assert.False(directory.TrySplit(arena, 8 * Full, out _));
        directory.Verify(8 * Full);
        directory.Free(arena);
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void A_copied_shape_has_the_same_buckets_all_empty()
    {
        using var arena = new Arena();
        var random = new Random(7);
        var table = new Table(arena);
        for (var i = 0; i < 1000; i++) table.Add((ulong)random.NextInt64());
        var copy = table.Directory.CopyShape(arena);
        Assert.Equal(table.Directory.Count, copy.Count);
        for (var bucket = 0u; bucket < copy.Count; bucket++) Assert.True(copy[bucket] == null);
        for (var i = 0; i < 1000; i++)
        {
            var hash = (ulong)random.NextInt64();
            Assert.Equal(table.Directory.BucketOf(hash), copy.BucketOf(hash));
        }
    }
}
