using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Machine;

/// <summary>Bytes that a library function puts together while a script may be called in between. They count as the run's.</summary>
internal unsafe struct LuaBuffer(LuaMachine machine) : IDisposable
{
    byte* _bytes;
    int _capacity;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<byte> Written => new(_bytes, Length);

    /// <summary>Room for that many more bytes; <see cref="Advance"/> says how many were written.</summary>
    public Span<byte> Room(int count)
    {
        if (count > _capacity - Length)
        {
            var capacity = Math.Max((long)Length + count, Math.Max(128, 2L * _capacity));
            if (capacity > int.MaxValue) throw new LuaMemoryException();
            _bytes = machine.Heap.Grow(_bytes, _capacity, (int)capacity);
            _capacity = (int)capacity;
        }
        return new Span<byte>(_bytes + Length, count);
    }

    public void Advance(int count) => Length += count;

    public void Clear() => Length = 0;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    public void Add(byte b)
    {
        Room(1)[0] = b;
        Length++;
    }

    public void Dispose()
    {
        machine.Heap.Free(_bytes, _capacity);
        _bytes = null;
        _capacity = 0;
    }
}
