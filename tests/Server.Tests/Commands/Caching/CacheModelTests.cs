using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>
/// Random commands on a server and on plain collections that must agree: what is alive, fresh or stale and for how long, versions, tags, who
/// has the lease, what the log of purges says. Between them time passes; and the server is restarted from its RDB file or its AOF, or has a
/// replica that must agree too and takes over now and then. A history that fails is shortened until no step can be left out.
/// <para>
/// MINIREDIS_CACHE_HISTORIES is the number of short histories, MINIREDIS_FUZZ_SEED where they come from.
/// </para>
/// </summary>
public sealed partial class CacheModelTests(ITestOutputHelper output)
{
    static readonly string[] s_keys = ["a", "aa", "aab", "ab", "abb", "b", "ba", "c", "d"];
    static readonly string[] s_prefixes = ["a", "aa", "ab", "b", "c", "d"];
    static readonly string[] s_tags = ["t", "u", "v", "w"];

    // Seconds that keys live: unless their commands say otherwise, at most, those of what is not there, and stale. 0 where nothing is said.
    static readonly Dictionary<string, (int Ttl, int Most, int Negative, int Stale)> s_policies = new()
    {
        ["a"] = (40, 50, 3, 5), ["b"] = (0, 45, 0, 0), ["c"] = (20, 0, 0, 10),
    };

    // The clock of a test leaps further than a link may be silent.
    const string Configuration = """
        cache-policy a ttl 40 max-ttl 50 neg-ttl 3 stale 5
        cache-policy b max-ttl 45
        cache-policy c ttl 20 stale 10
        repl-timeout 1000000
        repl-diskless-sync-delay 0
        enable-debug-command yes
        appendfsync no

        """;

    /// <summary>What the server has beside it.</summary>
    public enum Beside
    {
        RdbFile,
        AppendOnlyFile,
        Replica,
    }

    [Theory]
    [InlineData(1, Beside.RdbFile)]
    [InlineData(2, Beside.RdbFile)]
    [InlineData(3, Beside.AppendOnlyFile)]
    [InlineData(4, Beside.AppendOnlyFile)]
    [InlineData(5, Beside.Replica)]
    [InlineData(6, Beside.Replica)]
    public void Commands_agree_with_a_model(int seed, Beside beside)
    {
        output.WriteLine($"seed {seed}");
        Check(Steps(new Random(seed), 2500), beside, $"seed {seed}");
    }

    /// <summary>Histories of all lengths, some hundred on the same servers: to start a server takes longer than a history.</summary>
    [Fact]
    public void Short_histories_agree_with_a_model()
    {
        var seed = Number("MINIREDIS_FUZZ_SEED", 2026);
        var count = Number("MINIREDIS_CACHE_HISTORIES", 300);
        var kinds = Enum.GetValues<Beside>();
        var together = Math.Min(500, (count + kinds.Length - 1) / kinds.Length);
        for (int first = 0, part = 0; first < count; first += together, part++)
        {
            var (random, beside) = (new Random(unchecked(seed * 1009 + part)), kinds[part % kinds.Length]);
            using var run = new Run(beside);
            for (var i = 0; i < together; i++)
            {
                var steps = Steps(random, random.Next(1, 1 << random.Next(2, 7)));
                if (run.Failure(steps) is not { } failure) continue;
                var name = $"seed {seed}, history {first + i}";
                Check(steps, beside, name);
                Assert.Fail($"{name} with {beside}, but not on servers of its own:\n{failure}");
            }
            if (part % 100 == 99) output.WriteLine($"{first + together} histories");
        }
    }

    /// <summary>Each step draws from a seed of its own, so that one can be left out and the others stay what they are.</summary>
    static int[] Steps(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next())];

    static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : otherwise;

    static void Check(int[] steps, Beside beside, string name)
    {
        if (Failure(steps, beside) is null) return;
        var least = Shorten(steps, part => Failure(part, beside) is not null);
        Assert.Fail($"{name}: {least.Length} of {steps.Length} steps fail with {beside}:\n{Failure(least, beside)}");
    }

    /// <summary>What was done up to the failure, and the failure; null if there is none.</summary>
    static string? Failure(int[] steps, Beside beside)
    {
        using var run = new Run(beside);
        return run.Failure(steps);
    }

    /// <summary>Leaves out parts of a history, then smaller ones, as long as what is left fails.</summary>
    static int[] Shorten(int[] steps, Predicate<int[]> fails)
    {
        for (var part = Math.Max(1, steps.Length / 2); ; part = Math.Max(1, part / 2))
        {
            var before = steps.Length;
            for (var from = steps.Length - part; from >= 0; from = Math.Min(from, steps.Length) - part)
            {
                int[] without = [.. steps[..from], .. steps[(from + part)..]];
                if (fails(without)) steps = without;
            }
            if (part == 1 && steps.Length == before) return steps;
        }
    }

    [Fact]
    public void A_history_that_fails_is_shortened_to_the_steps_that_it_takes()
    {
        int[] steps = [.. Enumerable.Range(0, 100)];
        Assert.Equal([17, 60, 99], Shorten(steps, part => part.Contains(17) && part.Contains(60) && part.Contains(99)));
        Assert.Equal([], Shorten(steps, _ => true));
    }

    /// <summary>A key of the model.</summary>
    sealed class Entry
    {
        public string Value = "";

        // Unix milliseconds, -1 for none.
        public long Deadline = -1, Limit = -1;

        // Milliseconds.
        public long Window, Slide, Cost;

        public long Created;
        public bool HasMetadata, IsNegative, IsDead;
        public SortedSet<string> Tags = new(StringComparer.Ordinal);

        public Entry Copy()
        {
            var copy = (Entry)MemberwiseClone();
            copy.Tags = new(Tags, StringComparer.Ordinal);
            return copy;
        }

        public bool IsStale(long now) => Window > 0 && Deadline >= 0 && Deadline - Window <= now;

        public void GoStale(long moment)
        {
            if (Deadline >= 0 && Deadline - Window <= moment) return;
            Deadline = Deadline < 0 ? moment + Window : Math.Min(Deadline, moment + Window);
            Window = Deadline - moment;
        }

        /// <summary>What a purge makes of it.</summary>
        public void Overtake(long version, bool isSoft)
        {
            if (!isSoft || Window == 0) IsDead = true;
            else GoStale(version / 1000);
        }
    }
}
