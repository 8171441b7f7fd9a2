using System.Buffers.Binary;
using System.Numerics;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster.Bus;

/// <summary>
/// A set of hash slots. In a packet it is a bitmap of 2,048 bytes, bit <c>slot % 8</c> of byte <c>slot / 8</c>. In memory the
/// bitmap is cut in 16 chunks that exist only where a slot is set: most nodes of a large cluster hold a run of a few slots.
/// </summary>
public sealed class SlotSet
{
    /// <summary>Bytes of the bitmap in a packet.</summary>
    public const int WireLength = KeySlot.Count / 8;

    const int Chunks = 16;
    const int SlotsAChunk = KeySlot.Count / Chunks;
    const int BytesAChunk = SlotsAChunk / 8;

    readonly byte[]?[] _chunks = new byte[]?[Chunks];

    /// <summary>How many slots are set.</summary>
    public int Count { get; private set; }

    public bool Contains(int slot) =>
        _chunks[slot / SlotsAChunk] is { } chunk && (chunk[slot % SlotsAChunk / 8] & 1 << (slot & 7)) != 0;

    /// <summary>False if it was set already.</summary>
    public bool Add(int slot)
    {
        var chunk = _chunks[slot / SlotsAChunk] ??= new byte[BytesAChunk];
        ref var b = ref chunk[slot % SlotsAChunk / 8];
        var bit = (byte)(1 << (slot & 7));
        if ((b & bit) != 0) return false;
        b |= bit;
        Count++;
        return true;
    }

    /// <summary>False if it was not set.</summary>
    public bool Remove(int slot)
    {
        if (!Contains(slot)) return false;
        var chunk = _chunks[slot / SlotsAChunk]!;
        chunk[slot % SlotsAChunk / 8] &= (byte)~(1 << (slot & 7));
        Count--;
        if (!chunk.AsSpan().ContainsAnyExcept((byte)0)) _chunks[slot / SlotsAChunk] = null;
        return true;
    }

    /// <summary>Removes the slots of another set.</summary>
    public void ExceptWith(SlotSet other)
    {
        if (Count == 0) return;
        foreach (var slot in this)
        {
            if (other.Contains(slot)) Remove(slot);
        }
    }

    /// <summary>Goes through the slots in their order. The present one may be removed meanwhile.</summary>
    public Enumerator GetEnumerator() => new(this);

    public struct Enumerator(SlotSet slots)
    {
        public int Current { get; private set; } = -1;

        public bool MoveNext() => (Current = slots.Next(Current + 1)) < KeySlot.Count;
    }

    public void Clear()
    {
        Array.Clear(_chunks);
        Count = 0;
    }

    /// <summary>Whether a packet's bitmap says the same.</summary>
    public bool IsSameAs(ReadOnlySpan<byte> wire)
    {
        for (var i = 0; i < Chunks; i++)
        {
            var part = wire.Slice(i * BytesAChunk, BytesAChunk);
            if (_chunks[i] is { } chunk ? !part.SequenceEqual(chunk) : part.ContainsAnyExcept((byte)0)) return false;
        }
        return true;
    }

    public void Write(Span<byte> wire)
    {
        for (var i = 0; i < Chunks; i++)
        {
            var part = wire.Slice(i * BytesAChunk, BytesAChunk);
            if (_chunks[i] is { } chunk) chunk.CopyTo(part);
            else part.Clear();
        }
    }

    /// <summary>Runs of slots in ascending order, both ends included.</summary>
    public IEnumerable<(int First, int Last)> Ranges()
    {
        for (var first = Next(0); first < KeySlot.Count;)
        {
            var end = Find(first, isSet: false);
            yield return (first, end - 1);
            first = Next(end);
        }
    }

    /// <summary>
    /// The first slot of the set from <paramref name="slot"/> on; <see cref="KeySlot.Count"/> if there is none.
    /// </summary>
    public int Next(int slot) => Find(slot, isSet: true);

    /// <summary>The first slot from one on that is in the set, or that is not. It looks at 64 slots at a time.</summary>
    int Find(int slot, bool isSet)
    {
        while (slot < KeySlot.Count)
        {
            var chunk = _chunks[slot / SlotsAChunk];
            var at = slot % SlotsAChunk / 64 * sizeof(ulong);
            var word = chunk is null ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(chunk.AsSpan(at));
            var wanted = (isSet ? word : ~word) >> (slot & 63);
            if (wanted != 0) return slot + BitOperations.TrailingZeroCount(wanted);
            slot = chunk is null && isSet ? (slot / SlotsAChunk + 1) * SlotsAChunk : (slot / 64 + 1) * 64;
        }
        return KeySlot.Count;
    }

    /// <summary>The slots of a packet's bitmap, in ascending order.</summary>
    public static SlotEnumerator Enumerate(ReadOnlySpan<byte> wire) => new(wire);

    /// <summary>Walks a packet's bitmap eight bytes at a time.</summary>
    public ref struct SlotEnumerator(ReadOnlySpan<byte> wire)
    {
        readonly ReadOnlySpan<byte> _wire = wire;
        int _word = -1;
        ulong _left;

        public int Current { get; private set; }

        public readonly SlotEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            while (_left == 0)
            {
                if (++_word == WireLength / sizeof(ulong)) return false;
                _left = BinaryPrimitives.ReadUInt64LittleEndian(_wire[(_word * sizeof(ulong))..]);
            }
            Current = _word * 64 + BitOperations.TrailingZeroCount(_left);
            _left &= _left - 1;
            return true;
        }
    }
}
