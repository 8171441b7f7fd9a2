using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Memory.Slabs;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Tests.Trees;

/// <summary>The tree beside a sorted list. A failing seed is named in the test's name.</summary>
public unsafe class OrderedTreeTests
{
    /// <summary>A key that orders, and bytes that do not.</summary>
    interface IItem<T> where T : unmanaged, IItem<T>
    {
        static abstract T Of(long key, long value);

        long Key { get; }

        long Value { get; set; }
    }

    struct Item16 : IItem<Item16>
    {
        double _score;

        public static Item16 Of(long key, long value) => new() { _score = key, Value = value };

        public readonly long Key => (long)_score;

        public long Value { get; set; }
    }

    struct Item24 : IItem<Item24>
    {
        ulong _high, _low;

        public static Item24 Of(long key, long value) => new() { _high = (ulong)key >> 8, _low = (ulong)key & 0xFF, Value = value };

        public readonly long Key => (long)(_high << 8 | _low);

        public long Value { get; set; }
    }

    readonly struct Probe<T>(long key) : IProbe<T> where T : unmanaged, IItem<T>
    {
        public int CompareTo(in T item) => key.CompareTo(item.Key);
    }

    /// <summary>Equal to a run of sixteen keys, as a score is to all its members.</summary>
    readonly struct CoarseProbe<T>(long key) : IProbe<T> where T : unmanaged, IItem<T>
    {
        public int CompareTo(in T item) => (key >> 4).CompareTo(item.Key >> 4);
    }

    struct ByKey<T> : IComparer<T> where T : unmanaged, IItem<T>
    {
        public readonly int Compare(T x, T y) => x.Key.CompareTo(y.Key);
    }

    struct Collector<T>(List<long> freed) : ITreeVisitor<T> where T : unmanaged, IItem<T>
    {
        public readonly void Visit(ref T item) => freed.Add(item.Key);
    }

    public static TheoryData<int, int> Seeds
    {
        get
        {
            var data = new TheoryData<int, int>();
            for (var seed = 1; seed <= 24; seed++) data.Add(seed, (seed % 6) switch { 0 => 12, 1 => 60, 2 => 600, 3 => 5_000, _ => 20_000 });
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_tree_of_16_byte_items_agrees_with_a_sorted_list(int seed, int keys) => Agree<Item16>(seed, keys);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_tree_of_24_byte_items_agrees_with_a_sorted_list(int seed, int keys) => Agree<Item24>(seed, keys);

    static void Agree<T>(int seed, int keys) where T : unmanaged, IItem<T>
    {
        var random = new Random(seed);
        using var arena = new Arena();
        var tree = default(OrderedTree<T>);
        var model = new SortedList<long, long>();
        var grow = true;
        for (var step = 0; step < 20_000; step++)
        {
            if (random.Next(keys) == 0) grow = !grow;
            Step(ref tree, arena, model, random, keys * 4L, grow);
            if (step % Math.Max(20, keys / 4) == 0) Compare(ref tree, arena, model, random);
        }
        Compare(ref tree, arena, model, random);

        var freed = new List<long>();
        var collector = new Collector<T>(freed);
        var expected = model.Keys.Reverse().ToList();
        while (true)
        {
            var budget = random.Next(1, 200);
            var before = freed.Count;
            var asked = budget;
            var done = tree.FreeSome(arena, ref budget, ref collector);
            Assert.Equal(freed.Count - before, asked - budget);
            Assert.Equal(model.Count - freed.Count, tree.Count);
            Assert.Equal(arena.UsedBytes, tree.AllocatedBytes);
            if (done) break;
            Assert.Equal(0, budget);
        }
        Assert.Equal(expected, freed);
        Assert.Equal(0, arena.UsedBytes);
        tree.Verify(default(ByKey<T>));
    }

    static void Step<T>(ref OrderedTree<T> tree, Arena arena, SortedList<long, long> model, Random random, long space, bool grow)
        where T : unmanaged, IItem<T>
    {
        var key = random.NextInt64(space);
        var value = random.NextInt64();
        switch (random.Next(12))
        {
            case < 5 when grow:
                Assert.Equal(model.TryAdd(key, value), tree.Insert(arena, T.Of(key, value), new Probe<T>(key)));
                break;
            case 5 when grow:
                // A run, upward or downward, often at an end.
                var step = random.Next(2) * 2 - 1;
                var start = random.Next(3) switch
                {
                    0 => key,
                    _ when model.Count == 0 => key,
                    1 => model.Keys[0] - 1,
                    _ => model.Keys[^1] + 1,
                };
                for (var i = 0; i < random.Next(150); i++)
                {
                    var next = start + i * step;
                    if (next < 0) break;
                    Assert.Equal(model.TryAdd(next, value), tree.Insert(arena, T.Of(next, value), new Probe<T>(next)));
                }
                break;
            case 6 when grow:
                var last = model.Count == 0 ? 0 : model.Keys[^1] + 1;
                model.Add(last, value);
                tree.Append(arena, T.Of(last, value));
                break;
            case < 7:
                var present = model.TryGetValue(key, out var old);
                Assert.Equal(present, tree.Remove(arena, new Probe<T>(key), out var removed));
                if (present) Assert.Equal((key, old), (removed.Key, removed.Value));
                model.Remove(key);
                break;
            case 7 when model.Count > 0:
                var rank = random.Next(4) switch { 0 => 0, 1 => model.Count - 1, _ => random.Next(model.Count) };
                var gone = tree.RemoveAt(arena, rank);
                Assert.Equal((model.Keys[rank], model.Values[rank]), (gone.Key, gone.Value));
                model.RemoveAt(rank);
                break;
            case 8 when model.Count > 0 && random.Next(20) == 0:
                var from = random.Next(model.Count);
                var count = random.Next(Math.Min(model.Count - from, random.Next(4) == 0 ? model.Count : 200) + 1);
                tree.RemoveRange(arena, from, count);
                for (var i = 0; i < count; i++) model.RemoveAt(from);
                break;
            case 9 when model.Count > 0:
                key = model.Keys[random.Next(model.Count)];
                Assert.True(tree.Replace(new Probe<T>(key), T.Of(key, value)));
                Assert.False(tree.Replace(new Probe<T>(-1), T.Of(key, value)));
                model[key] = value;
                break;
            case 10 when model.Count > 0:
                key = model.Keys[random.Next(model.Count)];
                var moved = random.Next(2) == 0 ? random.NextInt64(space) : key + random.Next(-3, 4);
                if (moved < 0 || moved != key && model.ContainsKey(moved)) break;
                Assert.True(tree.Update(arena, new Probe<T>(key), T.Of(moved, value), new Probe<T>(moved)));
                model.Remove(key);
                model.Add(moved, value);
                break;
            case 11 when model.Count > 0:
                key = model.Keys[random.Next(model.Count)];
                var item = tree.Find(new Probe<T>(key));
                Assert.True(item != null);
                item->Value = value;
                model[key] = value;
                break;
        }
    }

    static void Compare<T>(ref OrderedTree<T> tree, Arena arena, SortedList<long, long> model, Random random)
        where T : unmanaged, IItem<T>
    {
        tree.Verify(default(ByKey<T>));
        Assert.Equal(model.Count, tree.Count);
        Assert.Equal(arena.UsedBytes, tree.AllocatedBytes);
        var cursor = tree.First();
        for (var i = 0; i < model.Count; i++)
        {
            Assert.True(cursor.IsValid);
            Assert.Equal((i, model.Keys[i], model.Values[i]), (cursor.Rank, cursor.Item.Key, cursor.Item.Value));
            Assert.Equal(i < model.Count - 1, cursor.MoveNext());
        }
        Assert.False(cursor.IsValid);
        Assert.False(cursor.MoveNext());
        Assert.Equal(model.Count, cursor.Rank);
        for (var i = model.Count - 1; i >= 0; i--)
        {
            Assert.True(cursor.MovePrevious());
            Assert.Equal((i, model.Keys[i]), (cursor.Rank, cursor.Item.Key));
        }
        Assert.False(cursor.MovePrevious());
        Assert.False(cursor.IsValid);

        for (var i = 0; i < 20; i++)
        {
            var key = random.NextInt64(model.Count == 0 ? 10 : model.Keys[^1] + 20);
            Expect(model, LowerRank(model, key), tree.LowerBound(new Probe<T>(key)));
            Expect(model, LowerRank(model, key + 1), tree.UpperBound(new Probe<T>(key)));
            Expect(model, LowerRank(model, key >> 4 << 4), tree.LowerBound(new CoarseProbe<T>(key)));
            Expect(model, LowerRank(model, (key >> 4) + 1 << 4), tree.UpperBound(new CoarseProbe<T>(key)));
            Assert.Equal(LowerRank(model, key), tree.RankOf(new Probe<T>(key)));
            Assert.Equal(model.ContainsKey(key), tree.Find(new Probe<T>(key)) != null);
            var rank = random.Next(model.Count + 1);
            Expect(model, rank, tree.At(rank));
        }
        Assert.Equal(model.Count - 1, model.Count == 0 ? -1 : tree.Last().Rank);
    }

    static void Expect<T>(SortedList<long, long> model, int rank, TreeCursor<T> cursor) where T : unmanaged, IItem<T>
    {
        Assert.Equal(rank, cursor.Rank);
        Assert.Equal(rank < model.Count, cursor.IsValid);
        if (cursor.IsValid) Assert.Equal(model.Keys[rank], cursor.Item.Key);
    }

    static int LowerRank(SortedList<long, long> model, long key)
    {
        var (low, high) = (0, model.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (model.Keys[middle] < key) low = middle + 1;
            else high = middle;
        }
        return low;
    }

    [Fact]
    public void Leaves_stay_full_in_ascending_and_descending_order_and_nearly_full_in_random_order()
    {
        const int Items = 200_000;
        var keys = Enumerable.Range(0, Items).Select(i => (long)i).ToArray();
        Assert.InRange(BytesPerItem(keys), 16, 16.6);
        Array.Reverse(keys);
        Assert.InRange(BytesPerItem(keys), 16, 16.6);
        new Random(7).Shuffle(keys);
        Assert.InRange(BytesPerItem(keys), 16, 20);
    }

    static double BytesPerItem(long[] keys)
    {
        using var arena = new Arena();
        var tree = default(OrderedTree<Item16>);
        foreach (var key in keys) Assert.True(tree.Insert(arena, Item16.Of(key, 0), new Probe<Item16>(key)));
        tree.Verify(default(ByKey<Item16>));
        return tree.AllocatedBytes / (double)keys.Length;
    }

    [Fact]
    public void Removing_most_items_gives_most_memory_back()
    {
        using var arena = new Arena();
        var tree = default(OrderedTree<Item16>);
        for (var key = 0; key < 100_000; key++) tree.Append(arena, Item16.Of(key, key));
        var random = new Random(3);
        while (tree.Count > 10_000) tree.RemoveAt(arena, random.NextInt64(tree.Count));
        tree.Verify(default(ByKey<Item16>));
        Assert.InRange(tree.AllocatedBytes, 0, 10_000 * 30);
    }

    [Theory]
    [InlineData(1, 96)]
    [InlineData(4, 96)]
    [InlineData(5, 160)]
    [InlineData(16, 288)]
    [InlineData(64, 1152)]
    [InlineData(126, 2048)]
    [InlineData(127, 2048 + 2048 + 160)]
    public void A_small_tree_is_small(int items, int most)
    {
        using var arena = new Arena();
        var tree = default(OrderedTree<Item16>);
        for (var key = 0; key < items; key++) tree.Append(arena, Item16.Of(key, key));
        Assert.InRange(tree.AllocatedBytes, 16 * items, most);
    }

    [Fact]
    public void The_parts_have_the_sizes_that_fit_lines_of_cache()
    {
        Assert.Equal(32, Unsafe.SizeOf<TreeNode>());
        Assert.Equal(32, Unsafe.SizeOf<OrderedTree<Item16>>());
        Assert.Equal(2048, SizeClasses.Size(SizeClasses.Of(2048)));
    }
}
