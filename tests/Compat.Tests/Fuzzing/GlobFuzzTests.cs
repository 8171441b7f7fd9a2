using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>
/// Random patterns, made of the bytes that mean something in one and of few others, must match the same keys in MiniRedis and
/// in a real redis-server. MINIREDIS_FUZZ_SEED and MINIREDIS_FUZZ_COMMANDS as for <see cref="DifferentialFuzzTests"/>.
/// </summary>
public sealed class GlobFuzzTests(ITestOutputHelper output)
{
    const int DefaultPatterns = 5_000, Keys = 400;

    [RedisServerFact]
    public void Random_patterns_match_what_redis_server_matches()
    {
        var seed = RunSettings.Seed;
        var count = RunSettings.Commands(DefaultPatterns);
        output.WriteLine($"seed {seed}, {count} patterns");
        using var oracle = new RedisServerProcess(null, "--save", "");
        using var server = new TestServer(realTime: true);
        using var theirs = oracle.Connect();
        using var ours = server.Connect();
        var random = new Random(seed);
        // Not the empty one: there redis-server has "**" match nothing, and "*" everything.
        string Word(string alphabet, int most) => new(random.GetItems<char>(alphabet, random.Next(1, most)));
        for (var i = 0; i < Keys; i++)
        {
            var key = Word(random.Next(3) == 0 ? "ab]^-\\*?[c" : "aab", 14);
            Assert.Equal(ours.CallWords("SET", key, "v"), theirs.CallWords("SET", key, "v"));
        }
        for (var i = 0; i < count; i++)
        {
            var pattern = Word(random.Next(2) == 0 ? "**?[]^-\\abc" : "*aab?", 12);
            var (mine, right) = (Sorted(ours.CallWords("KEYS", pattern)), Sorted(theirs.CallWords("KEYS", pattern)));
            Assert.True(mine == right, $"seed {seed}, pattern {i}: {pattern}\n  ours:   {mine}\n  theirs: {right}");
        }
    }

    static string Sorted(string reply) => string.Join(' ', reply.Split(' ').Order(StringComparer.Ordinal));
}
