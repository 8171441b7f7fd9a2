using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Snapshots;

/// <summary>
/// All keys as they were at one instant, read while commands go on changing them. BGSAVE, AOF rewrites and full synchronizations
/// write it. There is no fork and no second copy of the data.
/// <para>
/// The idea: a walk over the index shows every key to the snapshot once. A command that is about to change a key ahead of the
/// walk first has the old value captured. A record that is created ahead of the walk is marked, and the walk passes over it. The
/// walk goes through the space of hashes in one direction (<see cref="ScanCursor"/>), so comparing a key's hash with the walk's
/// place tells whether the key is ahead. A bit of the record (<see cref="RecordFlags.Captured"/>) marks what is ahead and must
/// not be taken.
/// </para>
/// <code>
///   hashes in the walk's order    0 ------------ place ------------------------------- 2^64
///   bit clear                       behind: done         ahead: to be captured
///   bit set                         never                ahead: changed or made since the start, and captured if it was there
/// </code>
/// <para>
/// Capturing does not serialize. Another thread does that, so encoding, compression, checksum and disk cost commands nothing. A
/// small value is copied with its record into a chunk of images (<see cref="ImageChunk"/>). A large or native value is not even
/// copied: it is "frozen". Nobody changes a frozen value until the other thread has read it out of the arena. A command that
/// wants to change it waits (Readiness.Frozen) or gets a copy to work on. A command that deletes or replaces it hands it to the
/// snapshot, which frees it later. Freezing costs the same for ten elements and ten million.
/// </para>
/// <para>
/// Rejected: Redis's fork, whose pause grows with the heap and whose copied pages grow with the write load. Also rejected:
/// serializing whole values before a change, as Dragonfly does, which stalls everybody for as long as the largest value takes.
/// </para>
/// </summary>
/// <remarks>
/// Belongs to the thread of its keyspace, except <see cref="Feed"/>, whose consumer is one other thread. Lives from
/// Keyspace.BeginSnapshot until <see cref="Settle"/> says that it is over. Capturing changes neither keys nor the addresses of
/// their records.
/// </remarks>
public sealed unsafe class Snapshot
{
    /// <summary>Larger values are frozen instead of copied: copying so many bytes takes some ten microseconds.</summary>
    const int LargestImage = 64 * 1024;

    /// <summary>The same limit for a value that is one block: copying it only moves bytes.</summary>
    const int LargestBlockCopy = 1 << 20;

    /// <summary>The walk waits while so many bytes of images wait for the consumer.</summary>
    internal const long MostWaitingBytes = 8 << 20;

    /// <summary>The walk waits while so many values are frozen: a writer may have to wait for each of them.</summary>
    const int MostFrozen = 256;

    readonly HashSeed _seed;
    readonly IReadOnlyList<SnapshotPart> _parts;
    readonly DiscardedValues _discarded;
    readonly Action _ended;
    readonly Dictionary<nint, FrozenValue> _frozen = [];

    // Given up before the consumer has read them.
    readonly Queue<FrozenValue> _unread = new();

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
        Feed = new SnapshotFeed(parts);
    }

    /// <summary>The consumer's end.</summary>
    public SnapshotFeed Feed { get; }

    /// <summary>Keys that existed when the snapshot began.</summary>
    public long Keys => _parts.Sum(part => part.Keys);

    /// <summary>
    /// Whether the snapshot was given up. Nothing more is captured, and the walk only clears the bits it has set.
    /// </summary>
    public bool IsAbandoned { get; private set; }

    /// <summary>Whether it was given up because memory for a captured key was refused.</summary>
    public bool Refused { get; private set; }

    /// <summary>Whether the walk has reached the end of all keys.</summary>
    public bool IsWalked => _walking == _parts.Count;

    /// <summary>Keys captured so far.</summary>
    public long Captured { get; private set; }

    /// <summary>Bytes captured and not written yet, including values that only the snapshot still needs.</summary>
    public long WaitingBytes => Feed.WaitingBytes + _orphanedBytes;

    /// <summary>The highest value of <see cref="WaitingBytes"/> so far: what the snapshot costs in memory.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes of the keyspace's arena that no key has any more and that the snapshot will free. An estimate.</summary>
    public long OrphanedBytes => _isRetired ? 0 : _orphanedBytes;

    long _orphanedBytes;

    /// <summary>The arena of the snapshot's keys. After FLUSHALL the keyspace has another one.</summary>
    internal Arena Arena { get; }

    /// <summary>
    /// Walks over up to <paramref name="buckets"/> buckets of the index. True if there is more to walk now; false also while the
    /// consumer has too much to read.
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
            var visitor = new Visitor(this, part);
            if (part.Step(ref visitor)) _walking++;
        }
        NotePeak();
        if (!IsWalked) return true;
        Close();
        return false;
    }

    /// <summary>
    /// Takes back what the consumer has read, and frees what only the snapshot still needed. True if a value is no longer frozen.
    /// </summary>
    public bool Settle(out bool isOver)
    {
        NotePeak();
        var settled = false;
        // First this: what it has read before it finished is taken back below.
        var isFinished = Feed.IsFinished;
        while (Feed.TryTakeRead(out var value) || _unread.TryDequeue(out value) || isFinished && Feed.TryTakeBack(out value))
        {
            Thaw(value);
            settled = true;
        }
        isOver = IsWalked && isFinished;
        if (isOver) End();
        return settled;
    }

    /// <summary>
    /// Gives the snapshot up and tells the consumer. The caller must still drive the walk to its end, which is quick.
    /// </summary>
    public void Abandon()
    {
        IsAbandoned = true;
        Feed.Cancel();
        // Nobody will read these values any more, and somebody may wait for them.
        foreach (var value in _frozen.Values)
        {
            if (value.TryClaim()) _unread.Enqueue(value);
        }
    }

    /// <summary>Whether the consumer has still to read a value, so that it must be neither changed nor freed.</summary>
    internal bool IsFrozen(Record record) => record.IsExternal && _frozen.ContainsKey((nint)record.External);

    /// <summary>Has the consumer read a frozen value before others, because somebody waits for it.</summary>
    internal void Hurry(Record record) => Feed.Hurry(_frozen[(nint)record.External]);

    /// <summary>What the walk does with each record.</summary>
    readonly struct Visitor(Snapshot snapshot, SnapshotPart part) : IRecordVisitor
    {
        public void Visit(Record record)
        {
            if (record.IsCaptured) record.IsCaptured = false;
            else snapshot.Capture(part, record);
        }
    }

    /// <summary>Captures a key that is about to be changed or removed: once, and only if it is ahead of the walk.</summary>
    internal void Capture(SnapshotPart part, ulong hash, Record record)
    {
        if (record.IsCaptured || !part.IsAhead(hash)) return;
        Capture(part, record);
        record.IsCaptured = true;
    }

    /// <summary>Captures a key, unless the snapshot was given up. A key that a purge has overtaken is as good as deleted.</summary>
    void Capture(SnapshotPart part, Record record)
    {
        if (IsAbandoned || part.Tags.IsPurged(record)) return;
        Captured++;
        if (record.IsNative || record.IsExternal && record.ExternalLength > LargestImage) Freeze(part, record);
        else Copy(part, record);
    }

    /// <summary>Hands a frozen value to the snapshot, which frees it later. False if the value is not frozen.</summary>
    internal bool TryOrphan(Record record)
    {
        if (!record.IsExternal || !_frozen.TryGetValue((nint)record.External, out var value)) return false;
        value.IsOrphan = true;
        value.OrphanedBytes = SizeOf(record);
        _orphanedBytes += value.OrphanedBytes;
        return true;
    }

    /// <summary>Gives a key a copy of its frozen value, to be changed. The snapshot frees the original.</summary>
    internal void Unshare(Record record)
    {
        // The copy first: as long as there is none, the key has the original.
        var copy = CopyOf(record);
        var orphaned = TryOrphan(record);
        Debug.Assert(orphaned);
        record.External = copy;
    }

    byte* CopyOf(Record record)
    {
        // A copy that stays must not be given up with a draft.
        if (Arena.IsDraft) Arena.BeginChange();
        if (record.IsNative)
        {
            Arena.BeginDraft();
            var root = Collections.Copy(Arena, _seed, record.Type, record.Encoding, record.Root);
            Arena.KeepDraft();
            return root;
        }
        var length = record.ExternalLength;
        var copy = Arena.Allocate((nuint)length);
        Buffer.MemoryCopy(record.External, copy, length, length);
        return copy;
    }

    /// <summary>Whether copying the value takes no more than some ten microseconds.</summary>
    internal static bool IsSmall(Record record) => SizeOf(record) <= (record.IsNative ? LargestImage : LargestBlockCopy);

    /// <summary>
    /// Hands the arena to the snapshot, because nobody else has keys in it any more. The snapshot frees it when it is over.
    /// </summary>
    internal void Retire() => _isRetired = true;

    static long SizeOf(Record record) => record.IsNative
        ? Collections.RoughBytes(record.Type, record.Encoding, record.Root)
        : (long)Arena.SizeOf(record.External);

    void Copy(SnapshotPart part, Record record)
    {
        if (_chunk is null || !_chunk.TryAdd(part, record))
        {
            Flush();
            if (!Feed.TryNewChunk(ImageChunk.SizeFor(part, record), out _chunk))
            {
                Refused = true;
                Abandon();
                return;
            }
            var added = _chunk.TryAdd(part, record);
            Debug.Assert(added);
        }
    }

    void Freeze(SnapshotPart part, Record record)
    {
        if (Arena.IsDraft) Arena.BeginChange();
        Record shadow;
        try
        {
            shadow = record.HasMetadata ? ShadowWithMetadata(part, record) : RecordBuilder.WithKey(Arena, record, record.Key);
        }
        catch (MemoryRefusedException)
        {
            // The command goes on: to remove a key needs no memory. It is the snapshot that does without the rest.
            Refused = true;
            Abandon();
            return;
        }
        var value = new FrozenValue(part.Database, shadow);
        _frozen.Add((nint)record.External, value);
        if (!Feed.TryAdd(value) && value.TryClaim()) _unread.Enqueue(value);
    }

    /// <summary>As <see cref="ImageChunk"/> has it, a record whose metadata name the tags.</summary>
    Record ShadowWithMetadata(SnapshotPart part, Record record)
    {
        var saved = new MetadataImage(part.Tags, record);
        var block = Arena.Allocate((nuint)saved.Bytes);
        Record shadow;
        try
        {
            shadow = RecordBuilder.WithKey(Arena, record, record.Key, saved.Deadline);
        }
        catch (MemoryRefusedException)
        {
            Arena.Free(block);
            throw;
        }
        saved.Write(shadow, block);
        return shadow;
    }

    void Thaw(FrozenValue value)
    {
        var shadow = value.Record;
        _frozen.Remove((nint)shadow.External);
        // Nobody waits for the disk because of this value any more, whatever happened to the arena.
        _orphanedBytes -= value.OrphanedBytes;
        // A retired arena is freed as a whole.
        if (_isRetired) return;
        if (value.IsOrphan)
        {
            if (shadow.IsNative) _discarded.Add(Arena, shadow.Type, shadow.Encoding, shadow.Root);
            else Arena.Free(shadow.External);
        }
        if (shadow.HasMetadata) Arena.Free(MetadataImage.BlockOf(shadow));
        Arena.Free(shadow.Block);
    }

    void Flush()
    {
        if (_chunk is null) return;
        Feed.Add(_chunk);
        _chunk = null;
    }

    /// <summary>Tells the consumer that nothing more will be captured.</summary>
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
        if (_isRetired) Arena.DisposeLater();
    }

    void NotePeak() => PeakBytes = Math.Max(PeakBytes, WaitingBytes);
}
