using System.Buffers;
using BenchmarkDotNet.Attributes;
using MiniRedis.Resp;

namespace MiniRedis.Benchmarks;

/// <summary>Writing replies into a buffer that is there.</summary>
[MemoryDiagnoser]
public class ReplyBenchmarks
{
    static readonly byte[] s_value = new byte[64];

    readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    readonly ReplyWriter _writer = new();

    [Benchmark]
    public void Ok() => Write(static w => w.Ok());

    [Benchmark]
    public void Integer() => Write(static w => w.Integer(1_234_567));

    [Benchmark]
    public void Bulk() => Write(static w => w.Bulk(s_value));

    [Benchmark]
    public void ArrayOfTen() => Write(static w =>
    {
        w.Array(10);
        for (var i = 0; i < 10; i++) w.Bulk(s_value);
    });

    void Write(Action<ReplyWriter> reply)
    {
        _output.ResetWrittenCount();
        _writer.Attach(_output, protocol: 2);
        reply(_writer);
        _writer.Complete();
    }
}
