using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>Commands on sorted sets, small and large, as <see cref="CommandBenchmarks"/> runs them.</summary>
[MemoryDiagnoser]
public class SortedSetBenchmarks : IDisposable
{
    const int Members = 10_000, Small = 50;

    readonly LoopbackServer _server = new();
    readonly byte[][] _add, _score, _rank;
    readonly byte[] _pop = LoopbackServer.Encode("ZPOPMIN", "set");
    readonly byte[] _range = LoopbackServer.Encode("ZRANGE", "set", "5000", "5099");
    readonly byte[] _scores = LoopbackServer.Encode("ZRANGE", "set", "5000", "+inf", "BYSCORE", "LIMIT", "0", "10", "WITHSCORES");
    readonly byte[] _all = LoopbackServer.Encode("ZRANGE", "small", "0", "-1");
    readonly byte[] _count = LoopbackServer.Encode("ZINCRBY", "small", "1", "member:7");
    int _next;

    public SortedSetBenchmarks()
    {
        byte[][] Of(Func<int, string[]> words) => [.. Enumerable.Range(0, Members).Select(i => LoopbackServer.Encode(words(i)))];
        _add = Of(i => ["ZADD", "set", $"{i * 7919 % Members}", $"member:{i:D9}"]);
        _score = Of(i => ["ZSCORE", "set", $"member:{i:D9}"]);
        _rank = Of(i => ["ZRANK", "set", $"member:{i:D9}"]);
        foreach (var request in _add) _server.Run(request);
        for (var i = 0; i < Small; i++) _server.Run(LoopbackServer.Encode("ZADD", "small", $"{i}", $"member:{i}"));
    }

    [Benchmark]
    public int ZAdd() => _server.Run(_add[_next = (_next + 7919) % Members]);

    [Benchmark]
    public int ZScore() => _server.Run(_score[_next = (_next + 7919) % Members]);

    [Benchmark]
    public int ZRank() => _server.Run(_rank[_next = (_next + 7919) % Members]);

    [Benchmark]
    public int ZRange() => _server.Run(_range);

    [Benchmark]
    public int ZRangeSmall() => _server.Run(_all);

    [Benchmark]
    public int ZRangeByScore() => _server.Run(_scores);

    [Benchmark(OperationsPerInvoke = 2)]
    public int ZPopMinAndAdd() => _server.Run(_pop) + ZAdd();

    [Benchmark]
    public int ZIncrBy() => _server.Run(_count);

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
