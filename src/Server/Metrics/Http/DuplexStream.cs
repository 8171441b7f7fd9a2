using System.IO.Pipelines;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>A pair of pipes as a stream, for <see cref="System.Net.Security.SslStream"/>.</summary>
sealed class DuplexStream(IDuplexPipe pipe) : UnseekableStream
{
    readonly Stream _input = pipe.Input.AsStream(leaveOpen: true), _output = pipe.Output.AsStream(leaveOpen: true);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        _input.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _output.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _output.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();
}
