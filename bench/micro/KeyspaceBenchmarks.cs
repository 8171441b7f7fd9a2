using System.Text;
using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>The index and its records: look-ups that hit and miss, overwriting, and the same with prefetching.</summary>
[MemoryDiagnoser]
public class KeyspaceBenchmarks : IDisposable
{
    const int Batch = 16;

    readonly Keyspace _keyspace = new(databaseCount: 1, seed: new HashSeed(1, 2));
    byte[][] _keys = [], _missing = [];
    readonly byte[] _value = new byte[64];
    int _next;

    [Params(1_000, 100_000, 1_000_000)]
    public int Keys { get; set; } = 1_000;

    [GlobalSetup]
    public void Fill()
    {
        _keys = MakeKeys("key");
        _missing = MakeKeys("mis");
        foreach (var key in _keys) Database.SetString(Database.Lookup(key), key, _value, -1);
        // In random order, or the caches would guess.
        new Random(1).Shuffle(_keys);
    }

    Database Database => _keyspace[0];

    byte[][] MakeKeys(string prefix) => [.. Enumerable.Range(0, Keys).Select(i => Encoding.ASCII.GetBytes($"{prefix}:{i:D12}"))];

    int Advance(int by) => _next = (_next + by) % (Keys - Batch);

    [Benchmark]
    public bool Hit() => Database.Lookup(_keys[Advance(1)]).Found;

    [Benchmark]
    public bool Miss() => Database.Lookup(_missing[Advance(1)]).Found;

    [Benchmark]
    public void Overwrite()
    {
        var key = _keys[Advance(1)];
        Database.SetString(Database.Lookup(key), key, _value, -1);
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int HitPrefetched()
    {
        var first = Advance(Batch);
        Span<ulong> hashes = stackalloc ulong[Batch];
        for (var i = 0; i < Batch; i++)
        {
            hashes[i] = Database.HashOf(_keys[first + i]);
            Database.PrefetchBucket(hashes[i]);
        }
        foreach (var hash in hashes) Database.PrefetchRecord(hash);
        var found = 0;
        for (var i = 0; i < Batch; i++)
        {
            if (Database.Lookup(_keys[first + i], hashes[i]).Found) found++;
        }
        return found;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _keyspace.Dispose();
        GC.SuppressFinalize(this);
    }
}
