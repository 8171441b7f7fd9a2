using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>redis-cli and redis-benchmark against the server as a process.</summary>
public sealed class RedisCliTests : IDisposable
{
    readonly ServerProcess _server = new();

    public void Dispose() => _server.Dispose();

    string[] At(params string[] arguments) => ["-h", "127.0.0.1", "-p", _server.Port.ToString(CultureInfo.InvariantCulture), .. arguments];

    async Task<string> Cli(params string[] arguments) => (await Tool.Run("redis-cli", At(arguments))).TrimEnd();

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Commands_are_answered_in_both_protocols()
    {
        Assert.Equal("OK", await Cli("SET", "k", "hello world"));
        Assert.Equal("hello world", await Cli("GET", "k"));
        Assert.Equal("(integer) 1", await Cli("--no-raw", "EXISTS", "k"));
        Assert.Equal("(nil)", await Cli("--no-raw", "-3", "GET", "missing"));
        Assert.StartsWith("1# \"server\" => \"redis\"", await Cli("--no-raw", "-3", "HELLO"), StringComparison.Ordinal);
        Assert.StartsWith("id=", await Cli("-3", "CLIENT", "INFO"), StringComparison.Ordinal);
        Assert.Contains("ERR unknown command", (await Tool.Try("redis-cli", At("NOPE"))).Output, StringComparison.Ordinal);
        Assert.Equal("OK\nv", (await Tool.Run("redis-cli", At("-n", "3"), "SET k3 v\n\nGET k3\n")).TrimEnd());
    }

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Bulk_loading_through_a_pipe_loses_nothing()
    {
        const int Count = 100_000;
        var requests = new System.Text.StringBuilder();
        for (var i = 0; i < Count; i++) requests.Append(RawClient.Encode("SET", $"key:{i}", $"value:{i}"));
        var output = await Tool.Run("redis-cli", At("--pipe"), requests.ToString());
        Assert.Contains($"errors: 0, replies: {Count}", output, StringComparison.Ordinal);
        Assert.Equal($"{Count}", await Cli("DBSIZE"));
        Assert.Equal("value:4711", await Cli("GET", "key:4711"));
    }

    [ToolFact("redis-cli", "redis-tools")]
    public async Task The_keyspace_can_be_walked_and_measured()
    {
        await Tool.Run("redis-cli", At("--pipe"), string.Concat(Enumerable.Range(0, 3000).Select(i => RawClient.Encode("SET", $"walk:{i}", new string('x', i)))));
        var keys = (await Cli("--scan", "--pattern", "walk:*")).Split('\n');
        Assert.Equal(3000, keys.Distinct().Count());
        var big = await Cli("--bigkeys");
        Assert.Contains("3000 strings with", big, StringComparison.Ordinal);
        Assert.Contains("Biggest string found '\"walk:2999\"' has 2999 bytes", big, StringComparison.Ordinal);
    }

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Latency_is_sampled_without_an_error()
    {
        // Without a terminal it samples for a second and prints one line of numbers: least, most, mean, samples.
        var numbers = (await Cli("--latency", "--raw")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(4, numbers.Length);
        Assert.True(int.Parse(numbers[3], CultureInfo.InvariantCulture) > 10);
    }

    [ToolFact("redis-benchmark", "redis-tools")]
    public async Task The_benchmark_runs_alone_and_pipelined()
    {
        foreach (string[] options in (string[][])[["-P", "1", "-n", "5000"], ["-P", "32", "-n", "50000"], ["-P", "4", "-n", "5000", "-3"]])
        {
            var output = await Tool.Run("redis-benchmark", At(["-t", "ping,set,get,incr,mset", "-r", "1000", "-q", .. options]));
            Assert.DoesNotContain("rror", output, StringComparison.Ordinal);
            foreach (var test in (string[])["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "MSET (10 keys)"])
                Assert.Contains($"{test}: ", output, StringComparison.Ordinal);
        }
    }
}
