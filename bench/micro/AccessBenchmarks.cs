using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>GET of one key and of three by a user with twenty rules, beside CommandBenchmarks.Get, which asks no rights.</summary>
[MemoryDiagnoser]
public class AccessBenchmarks : IDisposable
{
    const string Rules = "+@all -@dangerous -@admin +info +keys ~app1:* ~app2:* ~app3:* ~app4:* ~app5:* ~app6:* ~app7:* ~app8:* ~app9:* "
        + "%R~shared:* %W~log:* ~sess:* ~key:* &news:* &jobs:*";

    readonly LoopbackServer _server = new();
    readonly byte[] _get = LoopbackServer.Encode("GET", "key:000000000001"), _mget = LoopbackServer.Encode("MGET", "key:1", "app1:1", "app9:1");

    public AccessBenchmarks()
    {
        _server.Run(LoopbackServer.Encode(["ACL", "SETUSER", "app", "on", "nopass", .. Rules.Split(' ')]));
        _server.Run(LoopbackServer.Encode("AUTH", "app", "x"));
    }

    [Benchmark]
    public int Get() => _server.Run(_get);

    [Benchmark]
    public int MGet() => _server.Run(_mget);

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
