using System.Globalization;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>redis-benchmark, all the tests that it runs by default.</summary>
public sealed class RedisBenchmarkTests
{
    [ToolFact("redis-benchmark", "redis-tools")]
    public async Task Every_default_test_of_redis_benchmark_runs_without_an_error()
    {
        using var server = new ServerProcess();
        var (code, output, error) = await Tool.Try("redis-benchmark",
            ["-p", server.Port.ToString(CultureInfo.InvariantCulture), "-q", "-n", "2000", "-P", "4"]);
        Assert.True(code == 0, $"{output}\n{error}");
        Assert.Equal("", error);
        Assert.DoesNotContain("rror", output, StringComparison.Ordinal);
        // Progress is overwritten by a carriage return; what stays is one line for each test.
        foreach (var test in (string[])["SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP", "SADD", "HSET", "SPOP",
            "ZADD", "ZPOPMIN", "MSET (10 keys)",
            "LRANGE_100 (first 100 elements)", "LRANGE_600 (first 600 elements)"])
        {
            Assert.Matches($@"(^|[\r\n]){System.Text.RegularExpressions.Regex.Escape(test)}: [0-9.]+ requests per second", output);
        }
    }
}
