using System.Diagnostics;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Sorting;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.Sorting;

public class SortTableTests
{
    [Theory]
    [InlineData(SortBy.Score)]
    [InlineData(SortBy.Element)]
    [InlineData(SortBy.Key)]
    public void Any_range_is_that_of_the_whole_order(SortBy by)
    {
        using var keyspace = new Keyspace();
        var random = new Random(11);
        for (var round = 0; round < 500; round++)
        {
            var count = random.Next(1, round % 25 == 0 ? 3_000 : 60);
            var variety = random.Next(1, 2 * count + 2);
            var descending = random.Next(2) == 0;
            var start = random.Next(count);
            var wanted = random.Next(count - start + 1);
            var table = new SortTable(keyspace[0], random.Next(count), by, descending);
            var elements = Enumerable.Range(0, count).Select(_ => Draw(random, variety)).ToArray();
            var keys = Enumerable.Range(0, count).Select(_ => random.Next(4) == 0 ? null : Draw(random, variety)).ToArray();
            var scores = Enumerable.Range(0, count).Select(_ => random.Next(variety) * (random.Next(2) - 0.5)).ToArray();
            foreach (var element in elements) Add(ref table, element);
            for (var i = 0; i < count; i++)
            {
                if (by == SortBy.Score) table.SetScore(i, scores[i]);
                if (by == SortBy.Key && keys[i] is { } key) table.SetKey(i, Element(keyspace, key, $"key{i}"));
            }
            table.Sort(start, wanted);

            var order = Enumerable.Range(0, count).ToList();
            // List.Sort is not stable, so the index decides here, too.
            order.Sort((x, y) =>
            {
                var comparison = by switch
                {
                    SortBy.Score when scores[x] != scores[y] => scores[x].CompareTo(scores[y]),
                    SortBy.Key => keys[x] is null || keys[y] is null ? (keys[x] is not null).CompareTo(keys[y] is not null) : Compare(keys[x]!, keys[y]!),
                    _ => Compare(elements[x], elements[y]),
                };
                return comparison == 0 ? x.CompareTo(y) : descending ? -comparison : comparison;
            });
            var expected = order.Skip(start).Take(wanted).Select(i => elements[i]);
            var sorted = new List<string>();
            for (var i = start; i < start + wanted; i++) sorted.Add(Text(table, i));
            Assert.Equal(expected, sorted);
            table.Dispose();
        }

        static int Compare(string x, string y) => string.CompareOrdinal(x, y);
    }

    /// <summary>Integers, words with a common beginning, short ones, and some with zeros.</summary>
    static string Draw(Random random, int variety) => random.Next(4) switch
    {
        0 => $"{random.Next(variety) - variety / 2}",
        1 => $"word-in-common-{random.Next(variety)}",
        2 => new string((char)random.Next(3), random.Next(10)),
        _ => $"{(char)random.Next(97, 100)}{random.Next(variety)}",
    };

    /// <summary>The copies stay, wherever the original goes.</summary>
    static unsafe void Add(ref SortTable table, string element)
    {
        var bytes = Encoding.Latin1.GetBytes(element);
        fixed (byte* start = bytes) table.Add(new PackedElement(new ReadOnlySpan<byte>(start, bytes.Length)), isPassing: true);
    }

    static PackedElement Element(Keyspace keyspace, string value, string key)
    {
        var name = Encoding.Latin1.GetBytes(key);
        return keyspace[0].SetString(keyspace[0].Lookup(name), name, Encoding.Latin1.GetBytes(value), -1).Element;
    }

    static string Text(in SortTable table, long place) => Encoding.Latin1.GetString(table[place].ToBytes(stackalloc byte[PackedElement.ScratchBytes]));

    [Fact]
    public void A_million_elements_take_32_bytes_each_and_give_them_back()
    {
        using var keyspace = new Keyspace();
        var table = new SortTable(keyspace[0], 1_000_000, SortBy.Score, descending: false);
        for (var i = 0; i < 1_000_000; i++)
        {
            table.Add(new PackedElement((long)i), isPassing: false);
            table.SetScore(i, -i);
        }
        Assert.InRange(keyspace.UsedBytes, 32_000_000, 32_200_000);
        table.Sort(0, 1);
        Assert.Equal(999_999, table[0].Integer);
        table.Dispose();
        Assert.Equal(0, keyspace.UsedBytes);
    }

    [Fact]
    public void Orders_that_ruin_quicksort_take_no_longer_than_heapsort()
    {
        // Organ pipes, sawteeth and equal ranks are the known bad cases; a quadratic sort of so many would take minutes.
        const int Count = 300_000;
        using var keyspace = new Keyspace();
        Func<int, double>[] orders = [i => Math.Min(i, Count - i), i => i % 2 == 0 ? i : -i, i => i % 1000, _ => 1, i => i, i => -i];
        foreach (var order in orders)
        {
            var watch = Stopwatch.StartNew();
            var table = new SortTable(keyspace[0], Count, SortBy.Score, descending: false);
            for (var i = 0; i < Count; i++)
            {
                table.Add(new PackedElement((long)i), isPassing: false);
                table.SetScore(i, order(i));
            }
            table.Sort(0, Count);
            for (var i = 1; i < Count; i++) Assert.True(order((int)table[i - 1].Integer) <= order((int)table[i].Integer));
            table.Dispose();
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10));
        }
    }
}
