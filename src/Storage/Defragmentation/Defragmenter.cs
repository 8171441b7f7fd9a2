using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Defragmentation;

/// <summary>
/// Active defragmentation: gives slabs back that deletions have left sparse, by moving what is in them. In four parts, each in small steps
/// between which commands run:
/// <code>
///   count    how full slabs are, size class by size class, and how many of them are not needed      EvacuationPlan
///   mark     the sparsest of these: from now on nothing is allocated there
///   walk     over all keys, in the order of SCAN; each block in a marked slab moves to another      KeyIndex, Collections
///   release  the marks that are left: of slabs with blocks that the walk has not seen
/// </code>
/// <para>
/// Moving needs to know who points at a block, and that is simple here: at a record only its entry in the index, at a part of a collection
/// only the collection, and nobody keeps an address from one turn of the loop to the next. (Who comes back to a key keeps its name or hash.)
/// So a record is copied and its index entry changed; bounds of expiry, access fields and all else stay as they are.
/// </para>
/// <para>
/// Not walked, and why: what is freed soon anyway (values and databases given up, whose turn <see cref="Keyspace.FreeDiscarded"/> is);
/// blocks over 32 KB, which share no slab; consumers with very many pending entries, each of which points at its consumer; and a walk that
/// finds a collection changed since its last step may pass some blocks over. Their slabs stay until another pass.
/// </para>
/// </summary>
/// <remarks>
/// Belongs to the thread of its keyspace. Must not be stepped while a snapshot is taken, whose consumer reads values where they lie. FLUSHALL
/// replaces the arena, and ends a pass.
/// </remarks>
public sealed unsafe class Defragmenter(Keyspace keyspace)
{
    enum Part
    {
        None,
        Count,
        Mark,
        Walk,
        Release,
    }

    /// <summary>A collection of the bucket that the walk is at; its key may be gone by now.</summary>
    readonly record struct Waiting(ulong Hash, bool WasMoved);

    /// <summary>What one step may do at most, in blocks looked at: about a tenth of a millisecond.</summary>
    const int MostPerStep = 1000;

    readonly List<Waiting> _waiting = [];
    Arena? _arena;
    EvacuationPlan? _plan;
    BlockMover? _mover;
    Part _part;
    long _leastGain;
    int _database;
    ulong _cursor;

    // Whether the walk has come to the end of its database, but for collections of the last bucket that wait.
    bool _isAtEnd;

    // Of the first that waits: how far its walk has come, over what kind of value.
    MovePosition _position;
    (ObjectType, ObjectEncoding) _kind;
    bool _anyMoved;

    long _hits, _misses, _unavoidable;

    /// <summary>Blocks moved since the last reset of statistics.</summary>
    public long Hits => _hits + (_mover?.Hits ?? 0);

    /// <summary>Blocks looked at and left.</summary>
    public long Misses => _misses + (_mover?.Misses ?? 0);

    /// <summary>Keys of which something was moved.</summary>
    public long KeyHits { get; private set; }

    /// <summary>Keys of which nothing was.</summary>
    public long KeyMisses { get; private set; }

    /// <summary>Whether a pass is under way.</summary>
    public bool IsActive => _part != Part.None;

    /// <summary>
    /// Of <see cref="Arena.FragmentedBytes"/>, what the last pass found that no moving mends: each size has one slab that is not full.
    /// </summary>
    public long Unavoidable => _unavoidable = Math.Min(_unavoidable, keyspace.Arena.FragmentedBytes);

    /// <summary>Begins a pass, which ends at once if it would give less than <paramref name="leastGain"/> bytes back.</summary>
    public void Begin(long leastGain)
    {
        Debug.Assert(!IsActive);
        _leastGain = Math.Max(1, leastGain);
        keyspace.Arena.DropEmptySlabs();
        Begin(new BlockMover(keyspace.Arena));
        _plan = new EvacuationPlan(keyspace.Arena);
        _part = Part.Count;
    }

    /// <summary>
    /// Begins a pass that moves every block it comes to and makes the old places unreadable: for tests. What fails then has found an
    /// address that somebody kept.
    /// </summary>
    public void BeginMovingAll()
    {
        Debug.Assert(!IsActive);
        Begin(new BlockMover(keyspace.Arena) { MovesAll = true });
        _part = Part.Walk;
    }

    void Begin(BlockMover mover)
    {
        _arena = mover.Arena;
        _mover = mover;
        _database = -1;
        _cursor = 0;
        _isAtEnd = true;
        _waiting.Clear();
        _position = default;
    }

    /// <summary>Has the pass that is under way end soon: what is marked is released.</summary>
    public void Abandon()
    {
        if (_part is Part.Count) End();
        else if (_part is Part.Mark or Part.Walk) BeginRelease();
    }

    /// <summary>Does a little more: about a tenth of a millisecond at most. False once the pass is over.</summary>
    /// <param name="mostFields">Elements of a collection to look at in one step.</param>
    public bool Step(long mostFields = MostPerStep)
    {
        Debug.Assert(keyspace.Snapshot is null, "blocks were moved while a snapshot reads them");
        if (_part != Part.None && _arena != keyspace.Arena) End();
        switch (_part)
        {
            case Part.None:
                return false;
            case Part.Count:
                if (_plan!.CountNext()) break;
                _unavoidable = Math.Max(0, keyspace.Arena.FragmentedBytes - _plan.Gain);
                if (_plan.Gain >= _leastGain) _part = Part.Mark;
                else End();
                break;
            case Part.Mark:
                if (!_plan!.MarkNext()) _part = Part.Walk;
                break;
            case Part.Walk:
                if (!Walk(mostFields)) BeginRelease();
                break;
            case Part.Release:
                if (!_plan!.ReleaseNext()) End();
                break;
        }
        return IsActive;
    }

    public void ResetStatistics()
    {
        _hits = -(_mover?.Hits ?? 0);
        _misses = -(_mover?.Misses ?? 0);
        KeyHits = KeyMisses = 0;
    }

    /// <summary>One step over the keys; false after the last.</summary>
    bool Walk(long mostFields)
    {
        var mover = _mover!;
        mover.BeginStep(Math.Clamp(mostFields, 1, MostPerStep));
        if (_waiting.Count > 0)
        {
            WalkCollection(keyspace[_database]);
            return true;
        }
        if (_isAtEnd && ++_database == keyspace.DatabaseCount) return false;
        var index = keyspace[_database].Index;
        if (_isAtEnd) index.MoveOwnBlocks(mover);
        var seen = new Seen(this);
        _cursor = index.MoveRecords(_cursor, mover, ref seen);
        _isAtEnd = _cursor == 0;
        return true;
    }

    /// <summary>What a step of the walk does with a key: a collection waits for its own walk, all else is done.</summary>
    readonly struct Seen(Defragmenter owner) : IMovedRecords
    {
        public void Visit(ulong hash, Record record, bool wasMoved)
        {
            if (record.IsNative) owner._waiting.Add(new(hash, wasMoved));
            else owner.CountKey(wasMoved);
        }
    }

    void WalkCollection(Database database)
    {
        var waiting = _waiting[^1];
        // Its key may have gone or got another value since the last step.
        var at = database.LookupAny(waiting.Hash);
        var isDone = true;
        if (at.Found && at.Record.IsNative)
        {
            var kind = (at.Record.Type, at.Record.Encoding);
            if (kind != _kind) _position = default;
            _kind = kind;
            var before = _mover!.Hits;
            isDone = Collections.MoveSome(_mover, keyspace.Seed, kind.Type, kind.Encoding, at.Record.Root, ref _position);
            _anyMoved |= _mover.Hits > before;
        }
        if (!isDone) return;
        CountKey(waiting.WasMoved || _anyMoved);
        _waiting.RemoveAt(_waiting.Count - 1);
        _position = default;
        _anyMoved = false;
    }

    void CountKey(bool wasMoved)
    {
        if (wasMoved) KeyHits++;
        else KeyMisses++;
    }

    void BeginRelease()
    {
        if (_plan is null)
        {
            End();
            return;
        }
        _plan.BeginRelease();
        _part = Part.Release;
    }

    void End()
    {
        _hits = Hits;
        _misses = Misses;
        _mover = null;
        _plan = null;
        _arena = null;
        _waiting.Clear();
        _part = Part.None;
    }
}
