using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Index.Slots;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// One numbered database: keys, their values and deadlines. Every change goes through it, so that the index, the expiry bounds
/// and the counts agree with the records.
/// </summary>
/// <remarks>
/// <para>Used by one thread at a time. Nothing here judges time: a key past its deadline is found like any other. The caller
/// deletes it, because deleting it is an effect that the caller has to publish.</para>
/// <para>Keys and values passed in may be spans of records of this keyspace, even of the record being replaced: every method
/// copies from them before it frees or overwrites those records.</para>
/// <para>Deadlines are milliseconds of unix time; a negative one means none. A replaced value keeps the access field.</para>
/// </remarks>
public sealed unsafe partial class Database
{
    readonly Keyspace _keyspace;

    // Where keys are kept by slot, an index that stays empty: it knows what all indexes of the database know.
    KeyIndex _index;

    // Null unless the keyspace is that of a cluster node.
    SlotIndex? _slots;

    internal Database(Keyspace keyspace, int number)
    {
        this._keyspace = keyspace;
        Number = number;
        (_index, _slots) = keyspace.NewIndex();
        Tags = keyspace.NewTags();
        Purges = new(keyspace.Seed);
        Cleanup = new();
    }

    public int Number { get; }

    /// <summary>Number of keys, including those past their deadline and not yet deleted.</summary>
    public long Count => _slots is null ? _index.Count : _slots.Count;

    /// <summary>Keys that have a deadline.</summary>
    public long ExpiringCount => _slots is null ? _index.Expiring : _slots.Expiring;

    /// <summary>Keys that hold a hash with deadlines of fields.</summary>
    public long FieldExpiringCount => _slots is null ? _index.FieldExpiring : _slots.FieldExpiring;

    /// <summary>Memory of the index: buckets, overflow buckets and expiry bounds.</summary>
    public long IndexBytes => _slots is null ? _index.Bytes : _slots.Bytes;

    /// <summary>Entries for which the index has room, without overflow buckets.</summary>
    public long IndexSlots => _slots is null ? _index.Slots : _slots.Room;

    /// <summary>Bytes of an index bucket: one cache line.</summary>
    public const int IndexBucketBytes = 64;

    /// <summary>A key's share of a full bucket, rounded up.</summary>
    public const int IndexBytesPerKey = (IndexBucketBytes + KeyIndex.EntriesPerBucket - 1) / KeyIndex.EntriesPerBucket;

    /// <summary>Finds a key, past its deadline or not.</summary>
    public KeyLookup Lookup(ReadOnlySpan<byte> key) => Lookup(key, HashOf(key));

    /// <summary>As <see cref="Lookup(ReadOnlySpan{byte})"/>, for a key whose <see cref="HashOf"/> is known already.</summary>
    public KeyLookup Lookup(ReadOnlySpan<byte> key, ulong hash) => IndexOf(hash).Find(key, hash);

    /// <summary>
    /// The hash of a key, the same in every database of the keyspace. With it a batch of commands hides its cache misses: first
    /// hash and <see cref="PrefetchBucket"/> for all keys, then <see cref="PrefetchRecord"/> for all, then look up one by one.
    /// </summary>
    public ulong HashOf(ReadOnlySpan<byte> key) => _slots is null ? _index.HashOf(key) : SlotIndex.HashOf(key, _index.Seed);

    /// <summary>The index in which a key of this hash is, if it is anywhere.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    KeyIndex IndexOf(ulong hash) => _slots is null ? _index : _slots.Of(hash);

    /// <summary>
    /// Starts loading the index of the slot that a hash belongs to, in a database by slots; that of another is always near.
    /// </summary>
    public void PrefetchIndex(ulong hash) => _slots?.PrefetchIndex(hash);

    /// <summary>
    /// Starts loading the bucket that a hash belongs to. A hint: it does no harm, whatever happens before the look-up.
    /// </summary>
    public void PrefetchBucket(ulong hash) => IndexOf(hash).PrefetchBucket(hash);

    /// <summary>
    /// Starts loading the record that a hash leads to. Useful once <see cref="PrefetchBucket"/> has had its time.
    /// </summary>
    public void PrefetchRecord(ulong hash) => IndexOf(hash).PrefetchRecord(hash);

    /// <summary>
    /// Announces that so many keys will be added. An empty index takes the size for them at once. A hint, which does nothing where
    /// nobody knows how many keys each slot will have.
    /// </summary>
    public void Expect(long keys)
    {
        if (_slots is null) _index.Expect(keys);
    }

    /// <summary>Removes a found key and frees its memory.</summary>
    public void Delete(in KeyLookup at)
    {
        Debug.Assert(at.Found);
        var record = at.Record;
        BeginChange();
        Capture(at);
        Forget(at.Hash, record);
        if (record.HasMetadata) Tags.RemoveKey(new(record));
        Remove(at);
        _keyspace.Release(record);
    }

    /// <summary>
    /// One step of a full iteration: shows some records to <paramref name="visitor"/> and returns the cursor of the next step, 0
    /// after the last. A key that exists from the first step to the last is shown at least once, whatever is inserted or deleted
    /// between steps.
    /// </summary>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct =>
        _slots is null ? _index.Scan(cursor, ref visitor) : _slots.Scan(cursor, ref visitor);

    /// <summary>
    /// As <see cref="Scan"/>, for a walk of the server's own: a key that exists from the first step to the last is shown exactly once, and
    /// the records of the next step are prefetched.
    /// </summary>
    public ulong Walk<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct =>
        _slots is null ? _index.Walk(cursor, ref visitor) : _slots.Walk(cursor, ref visitor);

    /// <summary>Shows every record to <paramref name="visitor"/>, once, in one go.</summary>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct
    {
        if (_slots is null) _index.VisitAll(ref visitor);
        else _slots.VisitAll(ref visitor);
    }

    /// <summary>A random key, each as likely as the others; false if there is none.</summary>
    public bool TryGetRandom(out Record record, Random random) =>
        _slots is null ? _index.TryGetRandom(random, out record) : _slots.TryGetRandom(random, out record);

    /// <summary>
    /// Looks for a key whose deadline has passed, with a bounded amount of work. Deadlines are kept in units of
    /// <see cref="ExpiryClock.UnitMs"/>: a key is found at most so much late, and never early.
    /// </summary>
    public DueSearch FindDue(long nowMs, out KeyLookup due) =>
        _slots is null ? _index.FindDue(nowMs, out due) : _slots.FindDue(nowMs, out due);

    internal void ExchangeWith(Database other)
    {
        (_index, other._index, _slots, other._slots) = (other._index, _index, other._slots, _slots);
        (Tags, other.Tags, Cleanup, other.Cleanup) = (other.Tags, Tags, other.Cleanup, Cleanup);
        LookForPrefixes();
        other.LookForPrefixes();
    }

    internal (IKeyTable Table, TagTable Tags) ReplaceIndex()
    {
        BeginChange();
        var old = (Table, Tags);
        (_index, _slots) = _keyspace.NewIndex();
        Tags = _keyspace.NewTags();
        Cleanup = new();
        LookForPrefixes();
        return old;
    }

    IKeyTable Table => (IKeyTable?)_slots ?? _index;

    void Remove(in KeyLookup at)
    {
        if (_slots is null) _index.Remove(at.Hash, at.Entry);
        else _slots.Remove(at.Hash, at.Entry);
    }

    /// <summary>Makes <paramref name="fresh"/> the record of the key, in place of the found one if there is one.</summary>
    /// <param name="at">The key.</param>
    /// <param name="fresh">Its new record.</param>
    /// <param name="inherits">Whether it has room for the metadata of the present one, which it takes over.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Record Install(in KeyLookup at, Record fresh, bool inherits = false)
    {
        BeginChange();
        if (at.Found)
        {
            var old = at.Record;
            Capture(at);
            fresh.Use = old.Use;
            Forget(at.Hash, old);
            if (old.HasMetadata) ForgetMetadata(old, fresh, inherits);
            *at.Entry = HashedPointer.Of(fresh.Block, at.Hash);
            _keyspace.Release(old);
        }
        else
        {
            if (_slots is null) _index.Insert(at.Hash, fresh.Block);
            else _slots.Insert(at.Hash, fresh.Block);
        }
        if (Part is not null) MarkNew(at.Hash, fresh);
        if (!inherits) NoteWrite(fresh.Key);
        if (fresh.HasExpiry)
        {
            CountExpiring(at.Hash, 1);
            NoteExpiry(at.Hash, fresh.ExpireAt);
        }
        if (FieldDeadlines.Any(fresh))
        {
            CountFieldExpiring(at.Hash, 1);
            NoteTick(at.Hash, FieldDeadlines.EarliestTick(fresh, _index.Clock));
        }
        return fresh;
    }

    /// <summary>Takes a record that leaves the index off the counts of deadlines.</summary>
    void Forget(ulong hash, Record record)
    {
        if (record.HasExpiry) CountExpiring(hash, -1);
        if (FieldDeadlines.Any(record)) CountFieldExpiring(hash, -1);
    }
}
