using System.Buffers;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Gathers a writer's bytes into larger pieces.</summary>
/// <param name="output">The file, or the way to replicas.</param>
/// <param name="onWritten">Called after each piece.</param>
sealed class RdbOutputBuffer(IRdbOutput output, Action? onWritten = null) : IBufferWriter<byte>
{
    const int Size = 256 << 10;

    byte[] _buffer = new byte[Size];
    int _used;

    public void Advance(int count) => _used += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsMemory(_used);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _buffer.AsSpan(_used);
    }

    public void Flush()
    {
        output.Write(_buffer.AsSpan(0, _used));
        _used = 0;
        onWritten?.Invoke();
    }

    void Reserve(int size)
    {
        if (size <= _buffer.Length - _used) return;
        Flush();
        if (size > _buffer.Length) _buffer = new byte[size];
    }
}
