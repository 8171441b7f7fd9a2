using System.Diagnostics;
using System.Globalization;

namespace MiniRedis.Compare;

/// <summary>What one run of redis-benchmark showed. Latencies in milliseconds, CPU of the server in microseconds a command.</summary>
readonly record struct LoadResult(double PerSecond, double P50, double P99, double CpuMicroseconds)
{
    /// <summary>The median of each figure by itself.</summary>
    public static LoadResult Median(List<LoadResult> results)
    {
        double Middle(Func<LoadResult, double> figure)
        {
            var sorted = results.Select(figure).Order().ToArray();
            return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
        }
        return new LoadResult(Middle(r => r.PerSecond), Middle(r => r.P50), Middle(r => r.P99), Middle(r => r.CpuMicroseconds));
    }
}

/// <summary>Runs redis-benchmark against a server.</summary>
static class Load
{
    /// <param name="test">Further arguments, the last ones: "-t" and a test, or a command.</param>
    public static LoadResult Run(RunningServer server, string test, int pipeline, int requests, int clients, int keys, int valueBytes)
    {
        var before = server.Cpu;
        using var benchmark = Process.Start(new ProcessStartInfo("redis-benchmark",
            $"-p {server.Port} -c {clients} -d {valueBytes} -r {keys} -n {requests} -P {pipeline} --csv {test}")
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _ = benchmark.StandardError.ReadToEndAsync();
        var output = benchmark.StandardOutput.ReadToEnd();
        benchmark.WaitForExit();
        var cpu = (server.Cpu - before).TotalMicroseconds / requests;
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
        var fields = output.TrimEnd().Split('\n')[^1].Split(',').Select(f => f.Trim('"', '\r')).ToArray();
        double Number(int index) => double.Parse(fields[index], CultureInfo.InvariantCulture);
        return new LoadResult(Number(1), Number(4), Number(6), cpu);
    }
}
