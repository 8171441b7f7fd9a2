using System.Text;
using MiniRedis.Storage.Sketches;

namespace MiniRedis.Storage.Tests.Sketches;

public class SpaceSavingTests
{
    // Few slots, so that ways through the table cross.
    static ulong Hash(string key) => (ulong)key.Sum(c => c) % 7;

    static void Add(SpaceSaving sketch, string key, long weight = 1, int database = 0) =>
        sketch.Add(Hash(key), database, Encoding.ASCII.GetBytes(key), weight);

    static string[] Shown(SpaceSaving sketch, int most = int.MaxValue) =>
        [.. sketch.Heaviest(most).Select(k => $"{k.Database}:{Encoding.ASCII.GetString(k.Key)}={k.Weight}-{k.Error}")];

    [Fact]
    public void As_long_as_there_are_counters_weights_are_exact_and_sorted()
    {
        using var sketch = new SpaceSaving(4);
        Add(sketch, "a", 5);
        Add(sketch, "b", 7);
        Add(sketch, "a", 4);
        Add(sketch, "", 1);
        Assert.Equal(["0:a=9-0", "0:b=7-0", "0:=1-0"], Shown(sketch));
        Assert.Equal(["0:a=9-0"], Shown(sketch, most: 1));
        Assert.Equal((3, 17), (sketch.Count, sketch.Total));
        sketch.Verify();
    }

    [Fact]
    public void A_name_in_two_databases_is_two_keys()
    {
        using var sketch = new SpaceSaving(4);
        Add(sketch, "a", 2, database: 3);
        Add(sketch, "a", 1, database: 4);
        Assert.Equal(["3:a=2-0", "4:a=1-0"], Shown(sketch));
    }

    [Fact]
    public void A_new_key_takes_the_counter_of_the_lightest_and_its_weight_as_its_error()
    {
        using var sketch = new SpaceSaving(2);
        Add(sketch, "a", 10);
        Add(sketch, "b", 3);
        Add(sketch, "longer-than-b", 1);
        Assert.Equal(["0:a=10-0", "0:longer-than-b=4-3"], Shown(sketch));
        Assert.Equal(14, sketch.Total);
        sketch.Verify();
    }

    [Fact]
    public void Names_beyond_the_limit_are_not_kept()
    {
        using var sketch = new SpaceSaving(2);
        Add(sketch, new string('x', SpaceSaving.MostKeyBytes));
        Add(sketch, new string('y', SpaceSaving.MostKeyBytes + 1));
        Assert.Equal(1, sketch.Count);
    }

    [Fact]
    public void What_is_cleared_is_empty_and_its_memory_is_given_back()
    {
        using var sketch = new SpaceSaving(8);
        var before = sketch.MemoryBytes;
        for (var i = 0; i < 100; i++) Add(sketch, $"key{i}");
        sketch.Clear();
        Assert.Equal((0, 0, before), (sketch.Count, sketch.Total, sketch.MemoryBytes));
        sketch.Verify();
        Add(sketch, "a");
        Assert.Equal(["0:a=1-0"], Shown(sketch));
    }

    /// <summary>The two promises of the paper, against exact counts of a skewed stream.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void No_weight_is_too_small_and_every_heavy_key_is_there(int seed)
    {
        const int Counters = 20;
        var random = new Random(seed);
        using var sketch = new SpaceSaving(Counters);
        var exact = new Dictionary<string, long>();
        for (var i = 0; i < 20_000; i++)
        {
            var key = $"key:{(int)(1 / (random.NextDouble() + 0.001))}";
            var weight = random.Next(5);
            exact[key] = exact.GetValueOrDefault(key) + weight;
            Add(sketch, key, weight);
            if (i % 500 == 0) sketch.Verify();
        }
        sketch.Verify();
        Assert.Equal(exact.Values.Sum(), sketch.Total);
        var found = sketch.Heaviest(Counters).ToDictionary(k => Encoding.ASCII.GetString(k.Key));
        foreach (var (key, weight) in exact.Where(e => e.Value > sketch.Total / Counters)) Assert.True(found.ContainsKey(key), $"{key}={weight}");
        foreach (var (key, counted) in found) Assert.InRange(exact[key], counted.Weight - counted.Error, counted.Weight);
    }

    [Fact]
    public void Its_memory_is_bounded_whatever_the_stream()
    {
        using var sketch = new SpaceSaving(64);
        for (var i = 0; i < 50_000; i++) Add(sketch, new string((char)('a' + i % 26), 1 + i % SpaceSaving.MostKeyBytes) + i);
        Assert.InRange(sketch.MemoryBytes, 0, 64 * (SpaceSaving.MostKeyBytes + 256 + 128));
    }
}
