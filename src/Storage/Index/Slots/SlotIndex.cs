using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Index.Slots;

/// <summary>
/// The index of a database of a cluster node: a <see cref="KeyIndex"/> for each slot that has had keys. So counting, listing, moving and
/// dropping the keys of a slot cost what is in the slot.
/// <para>
/// The upper 14 bits of a key's hash are its slot, which the table of a slot has no other use for. So whoever has a key's hash has its
/// slot: nothing is passed beside it, and a key goes through CRC16 once.
/// </para>
/// <code>
///   hash     | slot (14 bits) | SipHash-1-3 (50 bits) |
///   cursor   | cursor of the slot's index (50 bits) | slot (14 bits) |      of SCAN, as in Valkey: 0 begins with slot 0
/// </code>
/// <para>
/// Rejected: a list of the keys of each slot through their records, as Redis 7 has it, for 16 bytes a key. Also rejected: one index whose
/// buckets lie in the order of slots. A slot of a million keys (one hash tag) would need buckets where all others have too many.
/// </para>
/// </summary>
/// <remarks>
/// Used by one thread at a time. Invariants: a key lies in the index of its slot; the counts are those of the indexes; a bound of the
/// tree is no later than the deadlines of its 16 slots, those of hidden slots apart (SlotIndex.Hidden.cs).
/// </remarks>
sealed unsafe partial class SlotIndex : IKeyTable
{
    const int HashBits = 64 - KeySlot.Bits;

    readonly EmptySlots _empty;
    readonly SlotCounts _keys = new(), _expiring = new();
    KeyIndex[] _indexes;
    ExpiryTree _tree;

    public SlotIndex(EmptySlots empty)
    {
        _empty = empty;
        _indexes = empty.Indexes;
    }

    public Arena Arena => _empty.Index.Arena;

    /// <summary>An index without keys, for what every index of the database knows.</summary>
    public KeyIndex Empty => _empty.Index;

    public long Count => _keys.Total;

    public long Expiring => _expiring.Total;

    // What outlives its place in the database is given up as a whole, and saved as a whole.
    long IKeyTable.Count => Count + HiddenCount;

    long IKeyTable.Expiring => Expiring + (_hiddenExpiring?.Total ?? 0);

    /// <summary>Keys that hold a hash with deadlines of fields.</summary>
    public long FieldExpiring { get; private set; }

    public SnapshotPart? Part { get; set; }

    public long Bytes
    {
        get
        {
            var bytes = _tree.Bytes;
            for (var slot = NextOfAll(0); slot >= 0; slot = NextOfAll(slot + 1)) bytes += _indexes[slot].Bytes;
            return bytes;
        }
    }

    /// <summary>Entries for which the indexes have room.</summary>
    public long Room
    {
        get
        {
            long room = 0;
            for (var slot = NextOfAll(0); slot >= 0; slot = NextOfAll(slot + 1)) room += _indexes[slot].Slots;
            return room;
        }
    }

    /// <summary>Keys of a slot, hidden or not.</summary>
    public long CountOf(int slot) => KeysOf(slot)[slot];

    /// <summary>The hash of a key of a database by slots.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> key, HashSeed seed) => HashOf(key, KeySlot.Of(key), seed);

    /// <summary>As <see cref="HashOf(ReadOnlySpan{byte}, HashSeed)"/>, for a key whose slot is known.</summary>
    public static ulong HashOf(ReadOnlySpan<byte> key, int slot, HashSeed seed) =>
        SipHash13.Hash(key, seed) & (1UL << HashBits) - 1 | (ulong)slot << HashBits;

    /// <summary>The slot of a key with this hash.</summary>
    public static int SlotOf(ulong hash) => (int)(hash >> HashBits);

    /// <summary>The index in which a key of this hash is, if it is anywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyIndex Of(ulong hash)
    {
        // 14 bits cannot miss an array of 16384.
        return Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_indexes), (nuint)(hash >> HashBits));
    }

    /// <summary>Starts loading the index of a hash. A hint: the address of an object may be an old one, and does no harm.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchIndex(ulong hash)
    {
        if (!Sse.IsSupported) return;
        ref var index = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_indexes), (nuint)(hash >> HashBits));
        var address = (byte*)Unsafe.As<KeyIndex, nint>(ref index);
        Sse.Prefetch0(address);
        Sse.Prefetch0(address + LineArray.LineSize);
    }

    /// <inheritdoc cref="KeyIndex.Insert"/>
    public void Insert(ulong hash, byte* block)
    {
        var slot = SlotOf(hash);
        var index = Of(hash);
        if (index == Empty) index = Begin(slot);
        index.Insert(hash, block);
        KeysOf(slot).Add(slot, 1);
    }

    KeyIndex Begin(int slot)
    {
        if (_indexes == _empty.Indexes) _indexes = [.. _empty.Indexes];
        return _indexes[slot] = new KeyIndex(Empty.Shared, slot);
    }

    /// <inheritdoc cref="KeyIndex.Remove"/>
    public void Remove(ulong hash, ulong* entry)
    {
        Of(hash).Remove(hash, entry);
        var slot = SlotOf(hash);
        KeysOf(slot).Add(slot, -1);
        // The index of a slot stays, without memory of the arena: a slot whose one key comes and goes makes no garbage.
        if (Count == 0) _tree.Clear(Arena);
    }

    public void CountExpiring(ulong hash, int change)
    {
        Of(hash).Expiring += change;
        var slot = SlotOf(hash);
        ExpiringOf(slot).Add(slot, change);
    }

    public void CountFieldExpiring(ulong hash, int change)
    {
        Of(hash).FieldExpiring += change;
        if (!IsHidden(SlotOf(hash))) FieldExpiring += change;
    }

    public int TakeLine(Span<Record> records)
    {
        var slot = NextOfAll(0);
        Debug.Assert(slot >= 0);
        var index = _indexes[slot];
        var taken = index.TakeLine(records);
        KeysOf(slot).Add(slot, -taken);
        if (index.Count == 0) index.Free();
        return taken;
    }

    public void Free()
    {
        Debug.Assert(Count == 0 && HiddenCount == 0);
        _tree.Clear(Arena);
    }

    /// <inheritdoc cref="KeyIndex.Verify"/>
    public void Verify()
    {
        long keys = 0, expiring = 0, fieldExpiring = 0;
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            var index = _indexes[slot];
            Invariant.Require(index.Count == CountOf(slot), "the count of a slot is wrong");
            if (index == Empty) continue;
            index.Verify();
            Invariant.Require(index.Expiring == ExpiringOf(slot)[slot], "the count of a slot's deadlines is wrong");
            if (IsHidden(slot))
            {
                Invariant.Require(_keys[slot] == 0 && _expiring[slot] == 0, "a hidden slot counts");
                continue;
            }
            keys += index.Count;
            expiring += index.Expiring;
            fieldExpiring += index.FieldExpiring;
            if (index.Earliest != ExpiryClock.None)
                Invariant.Require(_tree.BoundAt(0, (uint)slot / GroupSize) <= index.Earliest, "a group's bound is above its slot's");
        }
        Invariant.Require(keys == Count && expiring == Expiring && fieldExpiring == FieldExpiring, "a sum over slots is wrong");
        _tree.Verify();
    }
}

/// <summary>What stands for the slots that have had no keys: shared by all databases that have had none at all.</summary>
sealed class EmptySlots
{
    public EmptySlots(KeyIndex index)
    {
        Index = index;
        Indexes = new KeyIndex[KeySlot.Count];
        Array.Fill(Indexes, index);
    }

    /// <summary>Stays without keys.</summary>
    public KeyIndex Index { get; }

    /// <summary>That index for each slot. Nobody changes it.</summary>
    public KeyIndex[] Indexes { get; }
}
