using System.Buffers;
using System.Diagnostics;

namespace MiniRedis.Server.Buffers;

/// <summary>
/// Bytes that are gathered in one run of native memory, which grows as they come: a unit of effects, a message for many clients, the
/// request of a waiting client. It takes no memory before the first byte, and keeps little when it is cleared.
/// </summary>
/// <remarks>
/// Used by one thread at a time. Spans are good until the next byte is written. One that lives as long as its server is never freed; any
/// other must be.
/// </remarks>
/// <param name="first">Bytes that it asks for at first.</param>
#pragma warning disable CA1001 // What it owns has no finalizer to be suppressed; Free says what it does.
sealed unsafe class NativeWriter(int first = 1024) : IBufferWriter<byte>
#pragma warning restore CA1001
{
    /// <summary>More memory than this is not kept for what is written next.</summary>
    const int MostKeptBytes = 64 * 1024;

    readonly Block _block = new();

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of memory.</summary>
    public int Capacity => _block.Capacity;

    public Span<byte> Written => _block.GetSpan()[..Length];

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _block.Memory[Length..];
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _block.GetSpan()[Length..];
    }

    public void Advance(int count)
    {
        Debug.Assert(count >= 0 && count <= Capacity - Length);
        Length += count;
    }

    /// <exception cref="OutOfMemoryException">There is no memory for as many. What is written stays.</exception>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Forgets what was written behind the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        Debug.Assert(length >= 0 && length <= Length);
        Length = length;
    }

    /// <summary>Forgets what was written, and gives the memory back if it is much.</summary>
    public void Clear()
    {
        Length = 0;
        if (Capacity > MostKeptBytes) _block.Resize(0, 0);
    }

    /// <summary>Forgets what was written, and gives all memory back. What is written later takes memory again.</summary>
    public void Free()
    {
        Length = 0;
        _block.Resize(0, 0);
    }

    void MakeRoom(int size)
    {
        var needed = Length + (long)Math.Max(size, 1);
        if (needed <= Capacity) return;
        if (needed > Array.MaxLength) ThrowTooMuch();
        _block.Resize((int)Math.Min(Math.Max(needed, Math.Max(first, Capacity * 2L)), Array.MaxLength), Length);
    }

#pragma warning disable CA2201 // As an array of that length would answer.
    static void ThrowTooMuch() => throw new OutOfMemoryException("A buffer holds two gigabytes at most.");
#pragma warning restore CA2201

    /// <summary>The memory, as the runtime's abstraction has it: by object and index, so that no address outlives a change of size.</summary>
    sealed class Block : MemoryManager<byte>
    {
        byte* _bytes;

        public int Capacity { get; private set; }

        public void Resize(int capacity, int used)
        {
            if (capacity > 0)
            {
                _bytes = BufferMemory.Resize(_bytes, used, capacity);
            }
            else
            {
                BufferMemory.Free(_bytes, Capacity);
                _bytes = null;
            }
            Capacity = capacity;
        }

        public override Span<byte> GetSpan() => new(_bytes, Capacity);

        public override MemoryHandle Pin(int elementIndex = 0)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Capacity);
            return new(_bytes + elementIndex);
        }

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing) => Resize(0, 0);
    }
}
