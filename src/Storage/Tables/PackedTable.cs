using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tables;

/// <summary>
/// A hash table for the members of one set or the fields of one hash. Its elements are packed into the buckets.
/// <code>
///   this struct ──► directory  [ byte* ][ byte* ][ null ][ byte* ] ...        BucketDirectory: linear hashing
///   (the root)                     │        │
///                                  │        └──► | header | tags | sizes | elements ...        PackedBucket: one block
///                                  └──► | header | tags | sizes | elements ... |
///                                                                      └──► | an element of more than 127 bytes |
/// </code>
/// <para>
/// Redis 7 keeps an entry, a string header and a pointer for each member (73 bytes for a member of 16). Valkey 8.1 keeps a cache
/// line of seven pointers to strings (38 bytes). Here nothing points at an element: a bucket holds some ten of them whole. So a
/// member of 16 bytes costs about 23, and a walk over all members reads memory in order. The price: an insert may move the
/// bucket, a few hundred bytes.
/// </para>
/// <para>
/// Integers are kept as text. As integers they would save a few bytes and cost every reader a conversion.
/// </para>
/// </summary>
/// <remarks>
/// Used by one thread at a time. Lives in a block of the arena and must be used there, by pointer. Spans passed in must not lie
/// in the table. Invariants: an element lies in the bucket that its hash names, under its hash's tag. An empty bucket is null. No
/// bucket holds more than <c>_largest</c> elements.
/// </remarks>
public unsafe partial struct PackedTable
{
    /// <summary>
    /// Elements a bucket at which the table doubles. Between 7 and 14, a bucket of 16-byte members has 3 to 5 cache lines, and
    /// nearly every look-up finds its tag among the first 16.
    /// </summary>
    const int FullLoad = 14;

    const int LowLoad = 3;

    BucketDirectory _directory;
    HashSeed _seed;
    ExpiryClock _clock;
    ExpiryTree* _tree;
    long _blockBytes;
    int _largest;
    bool _hasValues;

    /// <summary>Elements, including fields past their deadline.</summary>
    public long Count { get; private set; }

    /// <summary>Fields that have a deadline.</summary>
    public long Expiring { get; private set; }

    /// <summary>Bytes of the arena that the table takes besides this struct's own block; exact.</summary>
    internal readonly long AllocatedBytes => _directory.Bytes + _blockBytes + ExpiryBytes;

    /// <summary>Creates an empty table in a block of its own.</summary>
    /// <param name="arena">The arena for all of its memory; the same in every later call.</param>
    /// <param name="seed">The secret of the hash.</param>
    /// <param name="clock">The clock of the expiry bounds.</param>
    /// <param name="hasValues">Whether elements are fields with values; otherwise they are members.</param>
    /// <param name="expected">How many elements are added next: they then need no splits.</param>
    internal static PackedTable* Create(Arena arena, HashSeed seed, ExpiryClock clock, bool hasValues, long expected = 0)
    {
        var table = (PackedTable*)arena.Allocate((nuint)sizeof(PackedTable));
        *table = default;
        table->_seed = seed;
        table->_clock = clock;
        table->_hasValues = hasValues;
        table->_directory.Start(arena, FullLoad, LowLoad, expected);
        return table;
    }

    public readonly ulong HashOf(ReadOnlySpan<byte> field) => SipHash13.Hash(field, _seed);

    /// <summary>
    /// Starts loading the directory's slot of a hash. The first of two steps that hide the cache misses of many look-ups.
    /// </summary>
    public readonly void PrefetchSlot(ulong hash)
    {
        if (Sse.IsSupported) Sse.Prefetch0(_directory.SlotOf(_directory.BucketOf(hash)));
    }

    /// <summary>Starts loading the bucket of a hash. By now its slot should be loaded.</summary>
    public readonly void PrefetchBucket(ulong hash) => Prefetch(_directory[_directory.BucketOf(hash)]);

    /// <summary>
    /// Starts loading three lines: only the head tells where in the bucket an element lies. Address 0 is harmless.
    /// </summary>
    static void Prefetch(byte* bucket)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch0(bucket);
        Sse.Prefetch0(bucket + LineArray.LineSize);
        Sse.Prefetch0(bucket + 2 * LineArray.LineSize);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal readonly bool Contains(ReadOnlySpan<byte> field, ulong hash) => Find(field, hash, out _);

    /// <summary>Finds an element, past its deadline or not.</summary>
    internal readonly bool Find(ReadOnlySpan<byte> field, ulong hash, out PackedSpot spot)
    {
        var bucket = _directory.BucketOf(hash);
        var start = _directory[bucket];
        if (start != null)
        {
            // Load the element's line, too, while the head's line is on its way.
            Prefetch(start);
            var tag = PackedBucket.TagOf(hash);
            for (var first = 0; first < PackedBucket.Count(start); first += 16)
            {
                for (var matches = PackedBucket.Match(start, first, tag); matches != 0; matches &= matches - 1)
                {
                    var index = first + BitOperations.TrailingZeroCount(matches);
                    var size = PackedBucket.Sizes(start)[index];
                    var at = PackedBucket.Elements(start) + PackedBucket.OffsetOf(start, index);
                    if (!PackedEntry.HasField(at, size, _hasValues, field)) continue;
                    spot = new(bucket, index, at);
                    return true;
                }
            }
        }
        spot = default;
        return false;
    }

    /// <summary>The element at a spot.</summary>
    internal readonly PackedEntry At(scoped in PackedSpot spot) =>
        PackedEntry.Read(spot.Start, PackedBucket.Sizes(_directory[spot.Bucket])[spot.Index], _hasValues);

    /// <summary>Adds a member; false if the table has it.</summary>
    internal bool Add(Arena arena, ReadOnlySpan<byte> member, ulong hash)
    {
        if (Find(member, hash, out _)) return false;
        Insert(arena, hash, member, default);
        return true;
    }

    /// <summary>Adds an element that is not there yet.</summary>
    internal void Insert(Arena arena, ulong hash, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAt = -1)
    {
        var bucket = _directory.BucketOf(hash);
        var size = PackedEntry.SizeFor(_hasValues, field.Length, value.Length, expireAt >= 0);
        var apart = (size & PackedBucket.ApartFlag) != 0 ? NewApart(arena, field, value, expireAt) : null;
        ref var start = ref _directory[bucket];
        var at = PackedBucket.Append(arena, ref start, PackedBucket.TagOf(hash), size, ref _blockBytes);
        PackedEntry.Write(at, size, _hasValues, field, value, expireAt, apart);
        _largest = Math.Max(_largest, PackedBucket.Count(start));
        Count++;
        if (expireAt >= 0) NoteDeadline(arena, bucket, -1, expireAt);
        Grow(arena);
    }

    /// <summary>Gives a field another value and deadline (-1: none). The spot is invalid afterwards.</summary>
    internal void Set(Arena arena, in PackedSpot spot, ReadOnlySpan<byte> value, long expireAt = -1)
    {
        ref var start = ref _directory[spot.Bucket];
        var old = At(spot);
        var oldSize = PackedBucket.Sizes(start)[spot.Index];
        var oldExpireAt = old.ExpireAt;
        if (old.Value.Length == value.Length && oldExpireAt == expireAt)
        {
            value.CopyTo(new Span<byte>(Unsafe.AsPointer(ref System.Runtime.InteropServices.MemoryMarshal.GetReference(old.Value)), value.Length));
            return;
        }

        var size = PackedEntry.SizeFor(_hasValues, old.Field.Length, value.Length, expireAt >= 0);
        var oldApart = (oldSize & PackedBucket.ApartFlag) != 0 ? *(byte**)spot.Start : null;
        var apart = (size & PackedBucket.ApartFlag) != 0 ? NewApart(arena, old.Field, value, expireAt) : null;
        Span<byte> name = stackalloc byte[PackedBucket.MaxInline];
        if (apart == null)
        {
            // Keep a copy: the field moves while its bucket does.
            old.Field.CopyTo(name);
            name = name[..old.Field.Length];
        }
        var offset = (int)(spot.Start - PackedBucket.Elements(start));
        var growth = (size & ~PackedBucket.ApartFlag) - (oldSize & ~PackedBucket.ApartFlag);
        if (growth > 0) PackedBucket.Reserve(arena, ref start, 0, growth, ref _blockBytes);
        PackedBucket.ChangeSize(start, spot.Index, offset, size);
        PackedEntry.Write(PackedBucket.Elements(start) + offset, size, _hasValues, name, value, expireAt, apart);
        if (oldApart != null) FreeApart(arena, oldApart);
        if (expireAt != oldExpireAt) NoteDeadline(arena, spot.Bucket, oldExpireAt, expireAt);
    }

    /// <summary>Gives a field another deadline (-1: none). The spot is invalid afterwards.</summary>
    internal void SetDeadline(Arena arena, in PackedSpot spot, long expireAt)
    {
        var old = At(spot);
        if (old.ExpireAt == expireAt) return;
        Span<byte> value = stackalloc byte[PackedBucket.MaxInline];
        if ((PackedBucket.Sizes(_directory[spot.Bucket])[spot.Index] & PackedBucket.ApartFlag) != 0)
        {
            // The old block stays until the new one exists.
            Set(arena, spot, old.Value, expireAt);
            return;
        }
        // Keep a copy: the value moves while its bucket does.
        old.Value.CopyTo(value);
        Set(arena, spot, value[..old.Value.Length], expireAt);
    }

    /// <summary>Removes an element. The spot is invalid afterwards.</summary>
    internal void Remove(Arena arena, in PackedSpot spot)
    {
        ref var start = ref _directory[spot.Bucket];
        if ((PackedBucket.Sizes(start)[spot.Index] & PackedBucket.ApartFlag) != 0 || _hasValues)
        {
            if (At(spot).ExpireAt >= 0) Expiring--;
            if ((PackedBucket.Sizes(start)[spot.Index] & PackedBucket.ApartFlag) != 0) FreeApart(arena, *(byte**)spot.Start);
        }
        PackedBucket.Remove(arena, ref start, spot.Index, ref _blockBytes);
        Count--;
        Shrink(arena);
    }

    byte* NewApart(Arena arena, ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, long expireAt)
    {
        var block = PackedEntry.CreateApart(arena, field, value, expireAt);
        _blockBytes += (long)Arena.SizeOf(block);
        return block;
    }

    void FreeApart(Arena arena, byte* block)
    {
        _blockBytes -= (long)Arena.SizeOf(block);
        arena.Free(block);
    }
}

/// <summary>Where an element of a <see cref="PackedTable"/> lies; valid until the table changes.</summary>
readonly unsafe struct PackedSpot(uint bucket, int index, byte* start)
{
    public uint Bucket { get; } = bucket;

    public int Index { get; } = index;

    public byte* Start { get; } = start;
}
