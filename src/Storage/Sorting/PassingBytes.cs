using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Sorting;

/// <summary>
/// Copies of bytes that lie in passing memory, in blocks that stay where they are and are freed together. A block begins with the
/// address of the one before.
/// </summary>
unsafe struct PassingBytes
{
    const int BlockBytes = 32 * 1024;

    byte* _block;
    int _used, _capacity;

    /// <summary>A copy; good until <see cref="Free"/>.</summary>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public PackedElement Keep(Arena arena, ReadOnlySpan<byte> bytes)
    {
        if (_block == null || _capacity - _used < bytes.Length)
        {
            var capacity = Math.Max(BlockBytes, (nuint)bytes.Length + (nuint)sizeof(byte*));
            var block = arena.Allocate(capacity);
            *(byte**)block = _block;
            _block = block;
            _used = sizeof(byte*);
            _capacity = (int)capacity;
        }
        var copy = _block + _used;
        bytes.CopyTo(new Span<byte>(copy, bytes.Length));
        _used += bytes.Length;
        return new PackedElement(copy, bytes.Length);
    }

    public void Free(Arena arena)
    {
        while (_block != null)
        {
            var before = *(byte**)_block;
            arena.Free(_block);
            _block = before;
        }
    }
}
