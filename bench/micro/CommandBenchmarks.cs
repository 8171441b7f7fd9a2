using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>
/// Whole commands through the executor, from received bytes to the bytes to send, without a socket: parse, dispatch, look up,
/// change, reply, account. None may allocate on the collected heap.
/// </summary>
[MemoryDiagnoser]
public class CommandBenchmarks : IDisposable
{
    const int Keys = 10_000, Pipeline = 16;

    readonly LoopbackServer _server = new();
    readonly byte[][] _set, _get, _incr, _pipeline;
    int _next;

    public CommandBenchmarks()
    {
        _set = [.. Enumerable.Range(0, Keys).Select(i => LoopbackServer.Encode("SET", $"key:{i:D12}", new('x', 64)))];
        _get = [.. Enumerable.Range(0, Keys).Select(i => LoopbackServer.Encode("GET", $"key:{i:D12}"))];
        _incr = [.. Enumerable.Range(0, Keys).Select(i => LoopbackServer.Encode("INCR", $"cnt:{i:D12}"))];
        _pipeline = [.. Enumerable.Range(0, Keys / Pipeline).Select(i => _get[(i * Pipeline)..((i + 1) * Pipeline)].SelectMany(g => g).ToArray())];
        foreach (var request in _set) _server.Run(request);
        foreach (var request in _incr) _server.Run(request);
    }

    [Benchmark]
    public int Set() => _server.Run(_set[_next = (_next + 7919) % Keys]);

    [Benchmark]
    public int Get() => _server.Run(_get[_next = (_next + 7919) % Keys]);

    [Benchmark]
    public int Incr() => _server.Run(_incr[_next = (_next + 7919) % Keys]);

    [Benchmark(OperationsPerInvoke = Pipeline)]
    public int GetPipelined() => _server.Run(_pipeline[_next = (_next + 1) % _pipeline.Length]);

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
