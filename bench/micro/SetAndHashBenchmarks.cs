using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>Commands on sets and hashes, small and large, as <see cref="CommandBenchmarks"/> runs them.</summary>
[MemoryDiagnoser]
public class SetAndHashBenchmarks : IDisposable
{
    const int Elements = 10_000, Small = 50;

    readonly LoopbackServer _server = new();
    readonly byte[][] _add, _has, _set, _get, _move;
    readonly byte[] _pop = LoopbackServer.Encode("SPOP", "set");
    readonly byte[] _draw = LoopbackServer.Encode("SRANDMEMBER", "set", "10");
    readonly byte[] _all = LoopbackServer.Encode("HGETALL", "small");
    readonly byte[] _members = LoopbackServer.Encode("SMEMBERS", "ints");
    readonly byte[] _common = LoopbackServer.Encode("SINTER", "ints", "set");
    readonly byte[] _count = LoopbackServer.Encode("HINCRBY", "small", "counter", "1");
    readonly byte[] _expire = LoopbackServer.Encode("HEXPIRE", "expiring", "1000", "FIELDS", "1", "field:7");
    int _next;

    public SetAndHashBenchmarks()
    {
        _add = [.. Enumerable.Range(0, Elements).Select(i => LoopbackServer.Encode("SADD", "set", $"member:{i:D9}"))];
        _has = [.. Enumerable.Range(0, Elements).Select(i => LoopbackServer.Encode("SISMEMBER", "set", $"member:{i:D9}"))];
        _set = [.. Enumerable.Range(0, Elements).Select(i => LoopbackServer.Encode("HSET", "hash", $"field:{i:D10}", new('x', 1 + i % 90)))];
        _get = [.. Enumerable.Range(0, Elements).Select(i => LoopbackServer.Encode("HGET", "hash", $"field:{i:D10}"))];
        _move = [LoopbackServer.Encode("SMOVE", "a", "b", "1"), LoopbackServer.Encode("SMOVE", "b", "a", "1")];
        foreach (var request in _add.Concat(_set)) _server.Run(request);
        for (var i = 0; i < Small; i++)
        {
            foreach (var hash in new[] { "small", "expiring" }) _server.Run(LoopbackServer.Encode("HSET", hash, $"field:{i}", $"value:{i}"));
            _server.Run(LoopbackServer.Encode("SADD", "ints", $"{i}"));
        }
        _server.Run(LoopbackServer.Encode("SADD", "a", "1"));
    }

    [Benchmark]
    public int SAdd() => _server.Run(_add[_next = (_next + 7919) % Elements]);

    [Benchmark]
    public int SIsMember() => _server.Run(_has[_next = (_next + 7919) % Elements]);

    [Benchmark(OperationsPerInvoke = 2)]
    public int SPopAndAdd() => _server.Run(_pop) + SAdd();

    [Benchmark]
    public int SRandMember() => _server.Run(_draw);

    [Benchmark]
    public int SMembers() => _server.Run(_members);

    [Benchmark]
    public int SInter() => _server.Run(_common);

    [Benchmark]
    public int SMove() => _server.Run(_move[_next++ & 1]);

    [Benchmark]
    public int HSet() => _server.Run(_set[_next = (_next + 7919) % Elements]);

    [Benchmark]
    public int HGet() => _server.Run(_get[_next = (_next + 7919) % Elements]);

    [Benchmark]
    public int HGetAll() => _server.Run(_all);

    [Benchmark]
    public int HIncrBy() => _server.Run(_count);

    [Benchmark]
    public int HExpire() => _server.Run(_expire);

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
