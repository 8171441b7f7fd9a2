using System.Buffers;

namespace MiniRedis.Resp;

/// <summary>
/// Where the elements of an aggregate lie whose count is not known yet. What is short lies in one array, which serves again and
/// again; of what is long, the rest lies in chunks, so that nothing is copied to make room, and no reply is too long for one
/// array.
/// </summary>
/// <remarks>Not thread-safe. Chunks stay under the size from which the collector keeps objects apart (85,000 bytes).</remarks>
internal sealed class DeferredBuffer : IBufferWriter<byte>
{
    private const int FirstBytes = 1024;

    /// <summary>The first array grows up to here, and is kept as it is.</summary>
    private const int ChunkBytes = 64 * 1024;

    private readonly List<(byte[] Bytes, int Length)> _full = [];
    private byte[] _first = new byte[FirstBytes];
    private byte[] _current;
    private int _length;

    public DeferredBuffer() => _current = _first;

    /// <summary>Chunks that hold something.</summary>
    public int Chunks => _full.Count + 1;

    public ReadOnlySpan<byte> this[int chunk] => chunk < _full.Count
        ? _full[chunk].Bytes.AsSpan(0, _full[chunk].Length)
        : _current.AsSpan(0, _length);

    public void Advance(int count) => _length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (_current.Length - _length < Math.Max(sizeHint, 1)) MakeRoom(Math.Max(sizeHint, 1));
        return _current.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private void MakeRoom(int size)
    {
        if (_full.Count == 0 && _length + (long)size <= ChunkBytes)
        {
            Array.Resize(ref _first, Math.Min(ChunkBytes, Math.Max(_length + size, _first.Length * 2)));
            _current = _first;
            return;
        }

        _full.Add((_current, _length));
        _current = GC.AllocateUninitializedArray<byte>(Math.Max(size, ChunkBytes));
        _length = 0;
    }

    /// <summary>Forgets all, and gives the chunks up.</summary>
    public void Clear()
    {
        _full.Clear();
        if (_full.Capacity > ChunkBytes / 16) _full.Capacity = 0;
        _current = _first;
        _length = 0;
    }
}
