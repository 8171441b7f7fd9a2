using BenchmarkDotNet.Attributes;

namespace MiniRedis.Benchmarks;

/// <summary>Taking blocks from the arena and giving them back.</summary>
[MemoryDiagnoser]
public unsafe class ArenaBenchmarks : IDisposable
{
    readonly Arena _arena = new();

    [Params(88, 1_000, 20_000)]
    public int Size { get; set; } = 88;

    [Benchmark]
    public void AllocateAndFree() => _arena.Free(_arena.Allocate((nuint)Size));

    [GlobalCleanup]
    public void Dispose()
    {
        _arena.Dispose();
        GC.SuppressFinalize(this);
    }
}
