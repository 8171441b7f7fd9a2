using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>Commands on lists and streams, small and large, as <see cref="CommandBenchmarks"/> runs them.</summary>
[MemoryDiagnoser]
public class ListAndStreamBenchmarks : IDisposable
{
    const int Elements = 10_000, Small = 50;

    static readonly string s_value = new('x', 64);

    readonly LoopbackServer _server = new();
    readonly byte[] _pushHead = LoopbackServer.Encode("LPUSH", "list", s_value);
    readonly byte[] _pushTail = LoopbackServer.Encode("RPUSH", "list", s_value);
    readonly byte[] _popHead = LoopbackServer.Encode("LPOP", "list");
    readonly byte[] _popTail = LoopbackServer.Encode("RPOP", "list");
    readonly byte[] _range = LoopbackServer.Encode("LRANGE", "list", "1000", "1099");
    readonly byte[] _index = LoopbackServer.Encode("LINDEX", "list", "5000");
    readonly byte[] _move = LoopbackServer.Encode("LMOVE", "small", "small", "LEFT", "RIGHT");
    readonly byte[] _all = LoopbackServer.Encode("LRANGE", "small", "0", "-1");
    readonly byte[] _append = LoopbackServer.Encode("XADD", "stream", "MAXLEN", "~", $"{Elements}", "*", "name", "alice", "n", "42");
    readonly byte[] _newest = LoopbackServer.Encode("XREVRANGE", "stream", "+", "-", "COUNT", "10");
    readonly byte[] _length = LoopbackServer.Encode("XLEN", "stream");

    public ListAndStreamBenchmarks()
    {
        for (var i = 0; i < Elements; i++)
        {
            _server.Run(_pushTail);
            _server.Run(_append);
        }
        for (var i = 0; i < Small; i++) _server.Run(LoopbackServer.Encode("RPUSH", "small", $"{i}"));
    }

    /// <summary>With the pop that takes it off again, or the list would grow as long as this runs.</summary>
    [Benchmark(OperationsPerInvoke = 2)]
    public int LPushAndLPop() => _server.Run(_pushHead) + _server.Run(_popHead);

    [Benchmark(OperationsPerInvoke = 2)]
    public int RPushAndRPop() => _server.Run(_pushTail) + _server.Run(_popTail);

    [Benchmark]
    public int LRange() => _server.Run(_range);

    [Benchmark]
    public int LRangeSmall() => _server.Run(_all);

    [Benchmark]
    public int LIndex() => _server.Run(_index);

    [Benchmark]
    public int LMove() => _server.Run(_move);

    [Benchmark]
    public int XAdd() => _server.Run(_append);

    [Benchmark]
    public int XRevRange() => _server.Run(_newest);

    [Benchmark]
    public int XLen() => _server.Run(_length);

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
