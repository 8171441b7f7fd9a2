using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index;
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
    KeyIndex _index;

    internal Database(Keyspace keyspace, int number)
    {
        this._keyspace = keyspace;
        Number = number;
        _index = keyspace.NewIndex();
    }

    public int Number { get; }

    /// <summary>Number of keys, including those past their deadline and not yet deleted.</summary>
    public long Count => _index.Count;

    /// <summary>Keys that have a deadline.</summary>
    public long ExpiringCount => _index.Expiring;

    /// <summary>Keys that hold a hash with deadlines of fields.</summary>
    public long FieldExpiringCount => _index.FieldExpiring;

    /// <summary>Memory of the index: buckets, overflow buckets and expiry bounds.</summary>
    public long IndexBytes => _index.Bytes;

    /// <summary>Entries for which the index has room, without overflow buckets.</summary>
    public long IndexSlots => _index.Slots;

    /// <summary>Bytes of an index bucket: one cache line.</summary>
    public const int IndexBucketBytes = 64;

    /// <summary>A key's share of a full bucket, rounded up.</summary>
    public const int IndexBytesPerKey = (IndexBucketBytes + KeyIndex.EntriesPerBucket - 1) / KeyIndex.EntriesPerBucket;

    internal KeyIndex Index => _index;

    /// <summary>Finds a key, past its deadline or not.</summary>
    public KeyLookup Lookup(ReadOnlySpan<byte> key) => _index.Find(key, _index.HashOf(key));

    /// <summary>As <see cref="Lookup(ReadOnlySpan{byte})"/>, for a key whose <see cref="HashOf"/> is known already.</summary>
    public KeyLookup Lookup(ReadOnlySpan<byte> key, ulong hash) => _index.Find(key, hash);

    /// <summary>
    /// The hash of a key, the same in every database of the keyspace. With it a batch of commands hides its cache misses: first
    /// hash and <see cref="PrefetchBucket"/> for all keys, then <see cref="PrefetchRecord"/> for all, then look up one by one.
    /// </summary>
    public ulong HashOf(ReadOnlySpan<byte> key) => _index.HashOf(key);

    /// <summary>
    /// Starts loading the bucket that a hash belongs to. A hint: it does no harm, whatever happens before the look-up.
    /// </summary>
    public void PrefetchBucket(ulong hash) => _index.PrefetchBucket(hash);

    /// <summary>
    /// Starts loading the record that a hash leads to. Useful once <see cref="PrefetchBucket"/> has had its time.
    /// </summary>
    public void PrefetchRecord(ulong hash) => _index.PrefetchRecord(hash);

    /// <summary>Announces that so many keys will be added. An empty index takes the size for them at once. A hint.</summary>
    public void Expect(long keys) => _index.Expect(keys);

    /// <summary>Removes a found key and frees its memory.</summary>
    public void Delete(in KeyLookup at)
    {
        Debug.Assert(at.Found);
        var record = at.Record;
        BeginChange();
        Capture(at);
        Forget(record);
        _index.Remove(at.Hash, at.Entry);
        _keyspace.Release(record);
    }

    /// <summary>
    /// One step of a full iteration: shows some records to <paramref name="visitor"/> and returns the cursor of the next step, 0
    /// after the last. A key that exists from the first step to the last is shown at least once, whatever is inserted or deleted
    /// between steps.
    /// </summary>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct =>
        _index.Scan(cursor, ref visitor);

    /// <summary>Shows every record to <paramref name="visitor"/>, once, in one go.</summary>
    public void VisitAll<TVisitor>(ref TVisitor visitor) where TVisitor : struct, IRecordVisitor, allows ref struct =>
        _index.VisitAll(ref visitor);

    /// <summary>A random key, each as likely as the others; false if there is none.</summary>
    public bool TryGetRandom(out Record record, Random random) => _index.TryGetRandom(random, out record);

    /// <summary>
    /// Looks for a key whose deadline has passed, with a bounded amount of work. Deadlines are kept in units of
    /// <see cref="ExpiryClock.UnitMs"/>: a key is found at most so much late, and never early.
    /// </summary>
    public DueSearch FindDue(long nowMs, out KeyLookup due) => _index.FindDue(nowMs, out due);

    internal void ExchangeWith(Database other) => (_index, other._index) = (other._index, _index);

    internal KeyIndex ReplaceIndex()
    {
        BeginChange();
        var old = _index;
        _index = _keyspace.NewIndex();
        return old;
    }

    /// <summary>Makes <paramref name="fresh"/> the record of the key, in place of the found one if there is one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Record Install(in KeyLookup at, Record fresh)
    {
        BeginChange();
        if (at.Found)
        {
            var old = at.Record;
            Capture(at);
            fresh.Use = old.Use;
            Forget(old);
            *at.Entry = HashedPointer.Of(fresh.Block, at.Hash);
            _keyspace.Release(old);
        }
        else
        {
            _index.Insert(at.Hash, fresh.Block);
        }
        if (_index.Part is not null) MarkNew(at.Hash, fresh);
        if (fresh.HasExpiry)
        {
            _index.Expiring++;
            _index.NoteExpiry(at.Hash, fresh.ExpireAt);
        }
        if (FieldDeadlines.Any(fresh))
        {
            _index.FieldExpiring++;
            _index.NoteTick(at.Hash, FieldDeadlines.EarliestTick(fresh, _index.Clock));
        }
        return fresh;
    }

    /// <summary>Takes a record that leaves the index off the counts of deadlines.</summary>
    void Forget(Record record)
    {
        if (record.HasExpiry) _index.Expiring--;
        if (FieldDeadlines.Any(record)) _index.FieldExpiring--;
    }
}
