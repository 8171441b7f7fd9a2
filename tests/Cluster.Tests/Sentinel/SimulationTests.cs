using System.Diagnostics;
using System.Globalization;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Sentinel;

/// <summary>
/// Thousands of runs with faults. MINIREDIS_SIMULATION_SEEDS is the number of seeds, MINIREDIS_SIMULATION_SEED the first: with it
/// alone, one seed runs, and its story is printed.
/// </summary>
public class SimulationTests(ITestOutputHelper output)
{
    static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;

    [Fact]
    public void No_seed_breaks_a_promise()
    {
        var first = Setting("MINIREDIS_SIMULATION_SEED");
        var seeds = Setting("MINIREDIS_SIMULATION_SEEDS") ?? (first is null ? 10_000 : 1);
        var clock = Stopwatch.StartNew();
        var (broken, failovers, safe, time) = (new SortedDictionary<int, string>(), 0UL, 0L, 0L);
        Parallel.For(first ?? 1, (first ?? 1) + seeds, seed =>
        {
            var run = new SentinelRun(seed, withStory: seeds == 1);
            string? failure = null;
            try
            {
                run.Run();
            }
            catch (BrokenPromise promise)
            {
                failure = promise.Message;
            }
            lock (broken)
            {
                if (failure is not null) broken[seed] = failure;
                failovers += run.Epoch;
                safe += run.Safe;
                time += run.Time;
                if (seeds == 1) output.WriteLine(string.Join('\n', run.Story));
            }
        });
        output.WriteLine(
            $"{seeds} seeds in {clock.Elapsed.TotalSeconds:F1} s: {time / 1000} s of simulated time, {failovers} epochs, {safe} writes kept");
        Assert.True(broken.Count == 0, Report(broken));
        Assert.True(failovers > 0 && safe > 0);
    }

    static string Report(SortedDictionary<int, string> broken)
    {
        var (seed, what) = broken.FirstOrDefault();
        if (what is null) return "";
        var run = new SentinelRun(seed, withStory: true);
        try
        {
            run.Run();
        }
        catch (BrokenPromise)
        {
            // It is what the story is about.
        }
        return $"{broken.Count} seeds failed.\n{string.Join('\n', broken.Take(20).Select(b => $"{b.Key}: {b.Value}"))}\n"
            + $"The story of seed {seed}:\n{string.Join('\n', run.Story)}\n{what}";
    }

    [Fact]
    public void A_seed_tells_the_same_story_each_time()
    {
        var stories = new[] { new SentinelRun(7, withStory: true), new SentinelRun(7, withStory: true) };
        foreach (var run in stories) run.Run();
        Assert.NotEmpty(stories[0].Story);
        Assert.Equal(stories[0].Story, stories[1].Story);
    }
}
