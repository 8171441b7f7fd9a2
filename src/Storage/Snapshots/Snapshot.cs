using System.Collections.Concurrent;
using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// All keys as they were at one instant, read while commands go on changing them: what BGSAVE, AOF rewrites and full
/// synchronizations write. No fork, no second copy of the data.
/// <para>
/// The idea: a walk over the index shows every key to the snapshot once. A command that is about to change a key the walk has
/// not come to yet has its old value captured first, and what has come into being since the start is marked, for the walk to
/// pass over. Since the walk goes through the space of hashes in one direction (<see cref="ScanCursor"/>), whether it has come
/// to a key is a comparison of its hash with the walk's place; a bit of the record (<see cref="RecordFlags.Captured"/>) tells
/// what lies ahead of it and is not to be taken.
/// </para>
/// <code>
///   hashes in the walk's order    0 ------------ place ------------------------------- 2^64
///   bit clear                       behind: done         ahead: to be captured
///   bit set                         never                ahead: changed or made since the start, and captured if it was there
/// </code>
/// <para>
/// Capturing does not serialize: another thread does that, so that encoding, compression, checksum and disk cost commands
/// nothing. A small value is copied with its record into a chunk of images (<see cref="ImageChunk"/>). A large or native one is
/// not even copied: it is "frozen", which means that nobody changes it until the other thread has read it out of the arena.
/// Who wants to change it waits (Readiness.Frozen) or gets a copy of it to work on; who deletes or replaces it
/// leaves it to the snapshot, which frees it later. Freezing costs the same for ten elements and ten million.
/// </para>
/// <para>
/// Rejected: Redis's fork (its pause grows with the heap, its copied pages with the write load), and Dragonfly's serializing
/// of whole values before a change, which stalls everybody for as long as the largest value takes.
/// </para>
/// </summary>
/// <remarks>
/// Belongs to the thread of its keyspace, except <see cref="Feed"/>, whose consumer is one other thread. Lives from
/// Keyspace.BeginSnapshot until <see cref="Settle"/> says that it is over. Capturing changes neither keys nor their
/// records' addresses.
/// </remarks>
public sealed unsafe class Snapshot
{
    /// <summary>Larger values are frozen instead of copied: a copy of so much takes some ten microseconds.</summary>
    const int LargestImage = 64 * 1024;

    /// <summary>The same for what is one block: copying that is no more than moving bytes.</summary>
    const int LargestBlockCopy = 1 << 20;

    /// <summary>Bytes of images that may wait for the consumer before the walk does.</summary>
    const long MostWaitingBytes = 8 << 20;

    /// <summary>Values that may be frozen at a time before the walk waits: each is one that a writer may have to wait for.</summary>
    const int MostFrozen = 256;

    readonly HashSeed _seed;
    readonly IReadOnlyList<SnapshotPart> _parts;
    readonly DiscardedValues _discarded;
    readonly Action _ended;
    readonly Dictionary<nint, FrozenValue> _frozen = [];
    readonly ConcurrentQueue<FrozenValue> _read = new();
    ImageChunk? _chunk;
    int _walking;
    bool _closed, _isRetired;

    /// <param name="arena">The arena of the keys.</param>
    /// <param name="seed">The secret of their hash.</param>
    /// <param name="parts">A walk over each database that has keys.</param>
    /// <param name="discarded">Frees structures that only the snapshot still needed.</param>
    /// <param name="ended">Called when the snapshot is over.</param>
    internal Snapshot(Arena arena, HashSeed seed, IReadOnlyList<SnapshotPart> parts, DiscardedValues discarded, Action ended)
    {
        Arena = arena;
        _seed = seed;
        _parts = parts;
        _discarded = discarded;
        _ended = ended;
        Feed = new SnapshotFeed(parts, _read.Enqueue);
    }

    /// <summary>The consumer's end.</summary>
    public SnapshotFeed Feed { get; }

    /// <summary>Keys there were when it began.</summary>
    public long Keys => _parts.Sum(part => part.Keys);

    /// <summary>Whether it was given up: nothing more is captured, and the walk only clears what it had marked.</summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>Whether the walk has come to the end of all keys.</summary>
    public bool IsWalked => _walking == _parts.Count;

    /// <summary>Keys captured so far.</summary>
    public long Captured { get; private set; }

    /// <summary>Bytes captured and not written yet, those of values that only the snapshot still needs included.</summary>
    public long WaitingBytes => Feed.WaitingBytes + _orphanedBytes;

    /// <summary>The most that <see cref="WaitingBytes"/> was: what the snapshot cost in memory.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes of the keyspace's arena that no key has any more and that the snapshot will free, estimated.</summary>
    public long OrphanedBytes => _isRetired ? 0 : _orphanedBytes;

    long _orphanedBytes;

    /// <summary>The arena of the keys it is of; not the keyspace's any more after FLUSHALL.</summary>
    internal Arena Arena { get; }

    /// <summary>
    /// Walks over up to <paramref name="buckets"/> buckets of the index. Returns whether there is more to do now; false as well
    /// while the consumer has too much to read yet.
    /// </summary>
    public bool Walk(int buckets)
    {
        for (; buckets > 0 && !IsWalked; buckets--)
        {
            if (!IsAbandoned && (Feed.WaitingBytes >= MostWaitingBytes || _frozen.Count >= MostFrozen))
            {
                Flush();
                return false;
            }
            var part = _parts[_walking];
            var visitor = new Visitor(this, part.Database);
            if (part.Step(ref visitor)) _walking++;
        }
        NotePeak();
        if (!IsWalked) return true;
        Close();
        return false;
    }

    /// <summary>
    /// Takes back what the consumer has read: frees what only the snapshot still needed. Returns true if a value is frozen no more.
    /// </summary>
    public bool Settle(out bool isOver)
    {
        NotePeak();
        var settled = false;
        while (_read.TryDequeue(out var value))
        {
            Thaw(value);
            settled = true;
        }
        isOver = IsWalked && Feed.IsFinished && _read.IsEmpty;
        if (isOver) End();
        return settled;
    }

    /// <summary>Gives the snapshot up. The consumer is told; the walk has still to be driven to its end, which is quick.</summary>
    public void Abandon()
    {
        IsAbandoned = true;
        Feed.Cancel();
    }

    /// <summary>Whether a value is about to be read by the consumer, so that it must be neither changed nor freed.</summary>
    internal bool IsFrozen(Record record) => record.IsExternal && _frozen.ContainsKey((nint)record.External);

    /// <summary>Has the consumer read a frozen value before others: somebody waits for it.</summary>
    internal void Hurry(Record record) => Feed.Hurry(_frozen[(nint)record.External]);

    /// <summary>What the walk does with a record that it has come to.</summary>
    readonly struct Visitor(Snapshot snapshot, int database) : IRecordVisitor
    {
        public void Visit(Record record)
        {
            if (record.IsCaptured) record.IsCaptured = false;
            else snapshot.Capture(database, record);
        }
    }

    /// <summary>The record of a key is about to be changed or to go: captures it, once, if the walk has yet to come to it.</summary>
    internal void Save(SnapshotPart part, ulong hash, Record record)
    {
        if (record.IsCaptured || !part.IsAhead(hash)) return;
        Capture(part.Database, record);
        record.IsCaptured = true;
    }

    /// <summary>Captures a key, unless the snapshot was given up.</summary>
    void Capture(int database, Record record)
    {
        if (IsAbandoned) return;
        Captured++;
        if (record.IsNative || record.IsExternal && record.ExternalLength > LargestImage) Freeze(database, record);
        else Copy(database, record);
    }

    /// <summary>Gives the value of a record to the snapshot if it is frozen: the snapshot frees it. False if it is not frozen.</summary>
    internal bool TryOrphan(Record record)
    {
        if (!record.IsExternal || !_frozen.TryGetValue((nint)record.External, out var value)) return false;
        value.IsOrphan = true;
        value.OrphanedBytes = SizeOf(record);
        _orphanedBytes += value.OrphanedBytes;
        return true;
    }

    /// <summary>Gives a key whose value is frozen a copy of it, to be changed; the snapshot frees the original.</summary>
    internal void Unshare(Record record)
    {
        var orphaned = TryOrphan(record);
        Debug.Assert(orphaned);
        if (record.IsNative)
        {
            record.External = Collections.Copy(Arena, _seed, record.Type, record.Encoding, record.Root);
            return;
        }
        var length = record.ExternalLength;
        var copy = Arena.Allocate((nuint)length);
        Buffer.MemoryCopy(record.External, copy, length, length);
        record.External = copy;
    }

    /// <summary>Whether a copy of the value is a matter of some ten microseconds.</summary>
    internal static bool IsSmall(Record record) => SizeOf(record) <= (record.IsNative ? LargestImage : LargestBlockCopy);

    /// <summary>Gives the arena to the snapshot, for all keys are gone for everybody else. The snapshot frees it when it is over.</summary>
    internal void Retire() => _isRetired = true;

    static long SizeOf(Record record) => record.IsNative
        ? Collections.RoughBytes(record.Type, record.Encoding, record.Root)
        : (long)Arena.SizeOf(record.External);

    void Copy(int database, Record record)
    {
        if (_chunk is null || !_chunk.TryAdd(database, record))
        {
            Flush();
            _chunk = Feed.NewChunk(ImageChunk.SizeFor(record));
            var added = _chunk.TryAdd(database, record);
            Debug.Assert(added);
        }
    }

    void Freeze(int database, Record record)
    {
        var shadow = RecordBuilder.WithKey(Arena, record, record.Key);
        var value = new FrozenValue(database, shadow);
        _frozen.Add((nint)record.External, value);
        Feed.Add(value);
    }

    void Thaw(FrozenValue value)
    {
        var shadow = value.Record;
        _frozen.Remove((nint)shadow.External);
        // Nobody waits for the disk on its account any more, whatever became of the arena.
        _orphanedBytes -= value.OrphanedBytes;
        // A retired arena is freed as a whole.
        if (_isRetired) return;
        if (value.IsOrphan)
        {
            if (shadow.IsNative) _discarded.Add(Arena, shadow.Type, shadow.Encoding, shadow.Root);
            else Arena.Free(shadow.External);
        }
        Arena.Free(shadow.Block);
    }

    void Flush()
    {
        if (_chunk is null) return;
        Feed.Add(_chunk);
        _chunk = null;
    }

    /// <summary>Nothing more will be captured.</summary>
    void Close()
    {
        if (_closed) return;
        _closed = true;
        Flush();
        Feed.Close();
    }

    void End()
    {
        Debug.Assert(_frozen.Count == 0);
        _ended();
        if (_isRetired) ThreadPool.UnsafeQueueUserWorkItem(static retired => retired.Dispose(), Arena, preferLocal: false);
    }

    void NotePeak() => PeakBytes = Math.Max(PeakBytes, WaitingBytes);
}
