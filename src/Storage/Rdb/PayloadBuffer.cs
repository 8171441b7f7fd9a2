using System.Buffers;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// What a value is serialized into when nobody knows how long it becomes: blocks of native memory, each twice as large as the one
/// before up to 4 MB. Nothing is copied as it grows, nothing is left to the collector, and it may be longer than an array can be:
/// a value of more than 2 GB has a payload of more than 2 GB.
/// <code>
///   | block 4 KB | block 8 KB | ... | block 4 MB | block 4 MB |        the last one is being filled
/// </code>
/// </summary>
/// <remarks>For one thread. Whoever writes asks for spans; a piece that is taken out is there until the next one is.</remarks>
public sealed unsafe class PayloadBuffer : IBufferWriter<byte>, IDisposable
{
    const int LeastBlock = 4096, MostBlock = 4 * 1024 * 1024;

    readonly record struct Block(nint Start, int Capacity, int Used);

    readonly Queue<Block> _full = [];
    byte* _start;
    int _capacity, _used;
    long _before;

    /// <summary>Bytes written and not taken out.</summary>
    public long Length => _before + _used;

    public void Advance(int count)
    {
        Debug.Assert(count >= 0 && count <= _capacity - _used, "more than there was room for");
        _used += count;
    }

    /// <summary>Room for <paramref name="sizeHint"/> bytes at least.</summary>
    /// <exception cref="OutOfMemoryException">The system has no such memory; what was written is as it was.</exception>
    public Span<byte> GetSpan(int sizeHint = 0)
    {
        if (_capacity - _used < Math.Max(1, sizeHint)) Begin(sizeHint);
        return new(_start + _used, _capacity - _used);
    }

    /// <exception cref="NotSupportedException">Always: its memory is not an array's.</exception>
    public Memory<byte> GetMemory(int sizeHint = 0) => throw new NotSupportedException();

    void Begin(int least)
    {
        var capacity = Math.Max(Math.Clamp(2L * _capacity, LeastBlock, MostBlock), least);
        var block = (byte*)NativeMemory.Alloc((nuint)capacity);
        if (_start != null) _full.Enqueue(new((nint)_start, _capacity, _used));
        _before += _used;
        _start = block;
        _capacity = (int)capacity;
        _used = 0;
    }

    /// <summary>The checksum of all that is in it.</summary>
    public ulong Checksum()
    {
        var crc = 0UL;
        foreach (var block in _full) crc = Crc64.Append(crc, new((void*)block.Start, block.Used));
        return Crc64.Append(crc, new(_start, _used));
    }

    /// <summary>Calls for each piece in turn, and frees it before the next: a copy needs room for one more piece only.</summary>
    public void TakeOut(Action<ReadOnlySpan<byte>> piece)
    {
        while (_full.TryDequeue(out var block))
        {
            _before -= block.Used;
            try
            {
                piece(new((void*)block.Start, block.Used));
            }
            finally
            {
                NativeMemory.Free((void*)block.Start);
            }
        }
        piece(new(_start, _used));
        Dispose();
    }

    public void Dispose()
    {
        while (_full.TryDequeue(out var block)) NativeMemory.Free((void*)block.Start);
        NativeMemory.Free(_start);
        _start = null;
        (_capacity, _used, _before) = (0, 0, 0);
    }
}
