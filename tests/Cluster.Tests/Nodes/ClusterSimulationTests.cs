using System.Diagnostics;
using System.Globalization;
using MiniRedis.Cluster.Tests.Simulation;

namespace MiniRedis.Cluster.Tests.Nodes;

/// <summary>
/// Thousands of runs with faults. MINIREDIS_CLUSTER_SEEDS is the number of seeds, MINIREDIS_CLUSTER_SEED the first: with it
/// alone, one seed runs, and its story is printed.
/// </summary>
public class ClusterSimulationTests(ITestOutputHelper output)
{
    /// <summary>So that the run takes less than half a minute on two cores.</summary>
    const int DefaultSeeds = 500;

    static int? Setting(string name) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>Most clusters have four to nine nodes; every 500th has 30, and every 5,000th 200.</summary>
    static int? NodesOf(int seed) => seed % 5000 == 0 ? 200 : seed % 500 == 0 ? 30 : null;

    [Fact]
    public void No_seed_breaks_a_promise()
    {
        var first = Setting("MINIREDIS_CLUSTER_SEED");
        var seeds = Setting("MINIREDIS_CLUSTER_SEEDS") ?? (first is null ? DefaultSeeds : 1);
        var clock = Stopwatch.StartNew();
        var broken = new SortedDictionary<int, string>();
        var (elections, files, moves, keys, excused, time) = (0L, 0L, 0L, 0L, 0L, 0L);
        Parallel.For(first ?? 1, (first ?? 1) + seeds, seed =>
        {
            var run = new ClusterRun(seed, withStory: seeds == 1, NodesOf(seed));
            var failure = Failure(run);
            lock (broken)
            {
                if (failure is not null) broken[seed] = failure;
                elections += run.Elections;
                files += run.Files;
                moves += run.Moves;
                keys += run.Keys;
                excused += run.Excused;
                time += run.Time;
                if (seeds == 1) output.WriteLine(string.Join('\n', run.Story));
            }
        });
        output.WriteLine($"{seeds} seeds in {clock.Elapsed.TotalSeconds:F1} s: {time / 1000} s of simulated time, {elections} elections, "
            + $"{moves} slots on the move, {files} files, {keys} keys, of which {excused} may be lost");
        Assert.True(broken.Count == 0, Report(broken));
        // One history may do without.
        Assert.True(seeds == 1 || elections > 0 && files > 0);
    }

    /// <summary>Null if the run has kept all promises. An exception breaks one too.</summary>
    static string? Failure(ClusterRun run)
    {
        try
        {
            run.Run();
            return null;
        }
        catch (BrokenPromise promise)
        {
            return promise.Message;
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
    }

    static string Report(SortedDictionary<int, string> broken)
    {
        var (seed, what) = broken.FirstOrDefault();
        if (what is null) return "";
        var run = new ClusterRun(seed, withStory: true, NodesOf(seed));
        // It is what the story is about.
        Failure(run);
        return $"{broken.Count} seeds failed.\n{string.Join('\n', broken.Take(20).Select(b => $"{b.Key}: {b.Value}"))}\n"
            + $"The story of seed {seed}:\n{string.Join('\n', run.Story)}\n{what}";
    }

    [Fact]
    public void A_seed_tells_the_same_story_each_time()
    {
        var stories = new[] { new ClusterRun(7, withStory: true), new ClusterRun(7, withStory: true) };
        foreach (var run in stories) run.Run();
        Assert.NotEmpty(stories[0].Story);
        Assert.Equal(stories[0].Story, stories[1].Story);
    }
}
