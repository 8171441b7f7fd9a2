namespace MiniRedis.Storage;

/// <summary>The keys of one database.</summary>
sealed unsafe class KeyIndex(Arena arena, HashSeed seed, ExpiryClock clock)
{
    readonly ExpiryClock clock = clock;
    ulong* entries;
    long capacity;

    public long Count { get; private set; }
    public long Expiring;
    public long Bytes => capacity * 8;
    public Arena Arena => arena;

    public ulong HashOf(ReadOnlySpan<byte> key) => SipHash13.Hash(key, seed);
    public static ulong EntryOf(byte* block, ulong hash) => (ulong)block >> 3 << 20 | hash >> 12 & 0xFFFFF;
    static Record RecordOf(ulong entry) => new((byte*)(entry >> 20 << 3));

    public KeyLookup Find(ReadOnlySpan<byte> key)
    {
        var hash = HashOf(key);
        for (long i = 0; i < Count; i++)
        {
            var record = RecordOf(entries[i]);
            if (record.Key.SequenceEqual(key)) return new(hash, record, entries + i);
        }
        return new(hash, default, null);
    }

    public void Insert(ulong hash, byte* block)
    {
        if (Count == capacity)
        {
            capacity = Math.Max(16, capacity * 2);
            var grown = (ulong*)arena.Allocate((nuint)capacity * 8);
            Buffer.MemoryCopy(entries, grown, capacity * 8, Count * 8);
            if (entries != null) arena.Free((byte*)entries);
            entries = grown;
        }
        entries[Count++] = EntryOf(block, hash);
    }

    public void Remove(ulong hash, ulong* entry) => *entry = entries[--Count];

    public void NoteExpiry(ulong hash, long expireAt)
    {
    }

    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        for (long i = 0; i < Count; i++) visitor.Visit(RecordOf(entries[i]));
        return 0;
    }

    public bool TryGetRandom(Random random, out Record record)
    {
        record = Count == 0 ? default : RecordOf(entries[random.NextInt64(Count)]);
        return Count != 0;
    }

    public int Sample(Random random, Span<Record> records)
    {
        var n = (int)Math.Min(Count, records.Length);
        for (var i = 0; i < n; i++) records[i] = RecordOf(entries[i]);
        return n;
    }

    public DueSearch FindDue(long now, out KeyLookup due)
    {
        for (long i = 0; i < Count; i++)
        {
            var record = RecordOf(entries[i]);
            if (!record.HasExpiry || clock.TickOfDeadline(record.ExpireAt) > clock.TickOfNow(now)) continue;
            due = new(HashOf(record.Key), record, entries + i);
            return DueSearch.Found;
        }
        due = default;
        return DueSearch.NoneDue;
    }

    /// <summary>Takes out up to so many records, in any order.</summary>
    public int TakeSome(Span<Record> records)
    {
        var n = (int)Math.Min(Count, records.Length);
        for (var i = 0; i < n; i++) records[i] = RecordOf(entries[--Count]);
        return n;
    }

    public void Free()
    {
        if (entries != null) arena.Free((byte*)entries);
        entries = null;
    }
}
