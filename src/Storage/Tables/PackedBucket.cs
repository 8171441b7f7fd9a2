using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>
/// The bytes of one bucket of a <see cref="PackedTable"/>: all its elements in one block of the arena.
/// <code>
///   | count | room | used  | bound   | tags        | sizes       | elements, one behind the other    | free |
///     4 B     4 B    4 B     4 B       room bytes    room bytes    used bytes
///
///   tag      the top 8 bits of the element's hash
///   size     bytes of the element here, up to 127; bit 7: these are the 8 bytes of the address of a block of its own
///   room     elements there are tags and sizes for, a multiple of 8
///   bound    the earliest expiry tick of an element, or lower
/// </code>
/// A look-up compares 16 tags at once. Element i begins at the sum of the sizes before it; SSE2 has an instruction for that
/// (PSADBW). So a miss reads one or two cache lines and a hit one more. A new element is added behind the last, and nothing
/// moves; a removed one is closed over. Blocks are multiples of 64 bytes. That aligns them to cache lines and leaves room for the
/// next elements: with members of 16 bytes, about every fourth addition moves the block.
/// <para>
/// The counts are wider than a keyed hash ever needs. A client may find out by SSCAN which members share a bucket and keep only
/// those: it then has a slow table, not a broken one.
/// </para>
/// </summary>
/// <remarks>Callers name elements by index. An index or offset is valid until the bucket changes.</remarks>
static unsafe class PackedBucket
{
    public const int HeaderSize = 16;

    /// <summary>Bytes of the largest element that lies in the bucket: a size has 7 bits.</summary>
    public const int MaxInline = 127;

    public const byte ApartFlag = 0x80;

    public const int RoomStep = 8;
    const int BlockStep = 64;

    public static int Count(byte* bucket) => *(int*)bucket;

    public static int Used(byte* bucket) => *(int*)(bucket + 8);

    public static ref uint Bound(byte* bucket) => ref *(uint*)(bucket + 12);

    public static byte* Tags(byte* bucket) => bucket + HeaderSize;

    public static byte* Sizes(byte* bucket) => bucket + HeaderSize + Room(bucket);

    public static byte* Elements(byte* bucket) => bucket + HeaderSize + 2 * Room(bucket);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte TagOf(ulong hash) => (byte)(hash >> 56);

    /// <summary>A bit for each element with this tag, among the 16 from <paramref name="first"/> on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Match(byte* bucket, int first, byte tag)
    {
        var count = Count(bucket) - first;
        // In a small bucket, sizes and elements follow the tags: what lies behind the last tag is read and masked away.
        var matches = Vector128.Equals(Vector128.Load(Tags(bucket) + first), Vector128.Create(tag)).ExtractMostSignificantBits();
        return count >= 16 ? matches : matches & (1u << count) - 1;
    }

    /// <summary>The offset of an element from <see cref="Elements"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int OffsetOf(byte* bucket, int index)
    {
        var sizes = Sizes(bucket);
        var offset = 0;
        for (; index >= 16; index -= 16, sizes += 16) offset += Sum(Vector128.Load(sizes));
        ref var ones = ref System.Runtime.InteropServices.MemoryMarshal.GetReference(Ones);
        return offset + Sum(Vector128.Load(sizes) & Vector128.LoadUnsafe(ref ones, (nuint)(16 - index)));
    }

    // A window of 16 bytes that begins at 16 - n has n leading ones.
    static ReadOnlySpan<byte> Ones =>
    [
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Sum(Vector128<byte> sizes)
    {
        sizes &= Vector128.Create((byte)MaxInline);
        if (Sse2.IsSupported)
        {
            var halves = Sse2.SumAbsoluteDifferences(sizes, default);
            return halves.GetElement(0) + halves.GetElement(4);
        }
        var (low, high) = Vector128.Widen(sizes);
        return Vector128.Sum(low + high);
    }

    /// <summary>An empty bucket with room for so many elements and bytes.</summary>
    public static byte* Create(Arena arena, int elements, int bytes)
    {
        var room = RoomFor(elements);
        return Begin(arena.Allocate(BlockFor(room, bytes)), room);
    }

    static byte* Begin(byte* bucket, int room)
    {
        *(ulong*)bucket = (ulong)room << 32;
        SetUsed(bucket, 0);
        Bound(bucket) = ExpiryClock.None;
        return bucket;
    }

    /// <summary>
    /// Adds an element and returns the place for its bytes. If the block is too small, a larger one replaces it.
    /// <paramref name="growth"/> becomes larger by as many bytes as the bucket's blocks have grown.
    /// </summary>
    public static byte* Append(Arena arena, ref byte* bucket, byte tag, byte size, ref long growth)
    {
        var bytes = size & ~ApartFlag;
        if (bucket == null)
        {
            bucket = Create(arena, 1, bytes);
            growth += (long)Arena.SizeOf(bucket);
        }
        else
        {
            Reserve(arena, ref bucket, 1, bytes, ref growth);
        }
        var at = Elements(bucket) + Used(bucket);
        var index = Count(bucket);
        Tags(bucket)[index] = tag;
        Sizes(bucket)[index] = size;
        SetCount(bucket, index + 1);
        SetUsed(bucket, Used(bucket) + bytes);
        return at;
    }

    /// <summary>Makes room for so many more elements and bytes.</summary>
    public static void Reserve(Arena arena, ref byte* bucket, int elements, int bytes, ref long growth)
    {
        var count = Count(bucket) + elements;
        var used = Used(bucket) + bytes;
        if (!HasRoom(bucket, count, used)) MoveTo(arena, ref bucket, Create(arena, count, used), ref growth);
    }

    /// <summary>As <see cref="Reserve"/>. False, and nothing changes, if memory for it is refused.</summary>
    public static bool TryReserve(Arena arena, ref byte* bucket, int elements, int bytes, ref long growth)
    {
        var count = Count(bucket) + elements;
        var used = Used(bucket) + bytes;
        return HasRoom(bucket, count, used) || TryMoveTo(arena, ref bucket, count, used, ref growth);
    }

    static bool HasRoom(byte* bucket, int count, int used) =>
        count <= Room(bucket) && HeaderSize + 2 * Room(bucket) + used <= (int)Arena.SizeOf(bucket);

    /// <summary>Removes an element and closes the gap. Gives memory back if half of the block is free.</summary>
    public static void Remove(Arena arena, ref byte* bucket, int index, ref long growth)
    {
        var rest = Count(bucket) - index - 1;
        if (rest == 0 && index == 0)
        {
            Free(arena, ref bucket, ref growth);
            return;
        }
        ChangeSize(bucket, index, OffsetOf(bucket, index), 0);
        Buffer.MemoryCopy(Tags(bucket) + index + 1, Tags(bucket) + index, rest, rest);
        Buffer.MemoryCopy(Sizes(bucket) + index + 1, Sizes(bucket) + index, rest, rest);
        SetCount(bucket, index + rest);
        if ((long)BlockFor(RoomFor(index + rest), Used(bucket)) * 2 <= (long)Arena.SizeOf(bucket)) Fit(arena, ref bucket, ref growth);
    }

    /// <summary>Gives an element another size; the caller writes its bytes. The block must have the room.</summary>
    public static void ChangeSize(byte* bucket, int index, int offset, byte size)
    {
        var old = Sizes(bucket)[index] & ~ApartFlag;
        var bytes = size & ~ApartFlag;
        Debug.Assert(Used(bucket) + bytes - old <= (int)Arena.SizeOf(bucket) - HeaderSize - 2 * Room(bucket));
        Sizes(bucket)[index] = size;
        if (bytes == old) return;
        var from = Elements(bucket) + offset + old;
        var behind = Used(bucket) - offset - old;
        Buffer.MemoryCopy(from, from + bytes - old, behind, behind);
        SetUsed(bucket, Used(bucket) + bytes - old);
    }

    /// <summary>Moves the bucket to the smallest block that holds it, if there is memory for that.</summary>
    public static void Fit(Arena arena, ref byte* bucket, ref long growth)
    {
        if (BlockFor(RoomFor(Count(bucket)), Used(bucket)) >= Arena.SizeOf(bucket)) return;
        TryMoveTo(arena, ref bucket, Count(bucket), Used(bucket), ref growth);
    }

    public static void Free(Arena arena, ref byte* bucket, ref long growth)
    {
        growth -= (long)Arena.SizeOf(bucket);
        arena.Free(bucket);
        bucket = null;
    }

    /// <summary>Sets the counts after the caller has compacted the bucket itself.</summary>
    public static void Truncate(byte* bucket, int count, int used)
    {
        SetCount(bucket, count);
        SetUsed(bucket, used);
    }

    static int Room(byte* bucket) => *(int*)(bucket + 4);

    static void SetCount(byte* bucket, int count) => *(int*)bucket = count;

    static void SetUsed(byte* bucket, int used) => *(int*)(bucket + 8) = used;

    static int RoomFor(int elements) => (elements + RoomStep - 1) & ~(RoomStep - 1);

    static nuint BlockFor(int room, int bytes) => (nuint)((HeaderSize + 2L * room + bytes + BlockStep - 1) & ~(BlockStep - 1));

    static bool TryMoveTo(Arena arena, ref byte* bucket, int elements, int bytes, ref long growth)
    {
        var room = RoomFor(elements);
        var block = arena.TryAllocate(BlockFor(room, bytes));
        if (block != null) MoveTo(arena, ref bucket, Begin(block, room), ref growth);
        return block != null;
    }

    static void MoveTo(Arena arena, ref byte* bucket, byte* moved, ref long growth)
    {
        var old = bucket;
        var count = Count(old);
        var used = Used(old);
        Truncate(moved, count, used);
        Bound(moved) = Bound(old);
        Buffer.MemoryCopy(Tags(old), Tags(moved), count, count);
        Buffer.MemoryCopy(Sizes(old), Sizes(moved), count, count);
        Buffer.MemoryCopy(Elements(old), Elements(moved), used, used);
        growth += (long)Arena.SizeOf(moved) - (long)Arena.SizeOf(old);
        arena.Free(old);
        bucket = moved;
    }
}
