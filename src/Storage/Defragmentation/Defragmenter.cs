using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Defragmentation;

/// <summary>
/// Active defragmentation: gives back slabs that deletions have left sparse, by moving the blocks in them. It has four parts.
/// Each works in small steps, and commands run between them:
/// <code>
///   count    how full slabs are, size class by size class, and how many of them are not needed      EvacuationPlan
///   mark     the sparsest of these: from now on nothing is allocated there
///   walk     over all keys, in the order of SCAN; each block in a marked slab moves to another      KeyIndex, Collections
///   release  the marks that are left: of slabs with blocks that the walk has not seen
/// </code>
/// <para>
/// To move a block, one must know what points at it, and that is simple here. Only the index entry points at a record, only the
/// collection points at its parts, and nobody keeps an address from one turn of the loop to the next. (Code that comes back to a
/// key keeps its name or hash.) So a record is copied and its index entry is changed. Bounds of expiry, access fields and
/// everything else stay as they are.
/// </para>
/// <para>
/// Not walked: values and databases that wait to be freed, because they are gone soon (<see cref="Keyspace.FreeDiscarded"/>);
/// blocks over 32 KB, which share no slab; and consumers with very many pending entries, each of which points at its consumer. A
/// walk may also miss some blocks of a collection that has changed since its last step. Their slabs stay until another pass.
/// </para>
/// </summary>
/// <remarks>
/// Belongs to the thread of its keyspace. It must not be stepped while a snapshot is taken, because the snapshot's consumer reads
/// values where they lie. FLUSHALL replaces the arena and ends a pass.
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

    /// <summary>A collection of the walk's present bucket. Its key may be gone by now.</summary>
    readonly record struct Waiting(ulong Hash, bool WasMoved);

    /// <summary>The most blocks that one step looks at: about a tenth of a millisecond.</summary>
    const int MostPerStep = 1000;

    readonly List<Waiting> _waiting = [];
    Arena? _arena;
    EvacuationPlan? _plan;
    BlockMover? _mover;
    Part _part;
    long _leastGain;
    int _database;
    ulong _cursor;

    // Whether the walk has reached the end of its database. Collections of the last bucket may still wait.
    bool _isAtEnd;

    // The walk begins with the tags of a database.
    bool _isInTags;
    uint _tagLine;

    // Of the first collection that waits: how far its walk has come, and over what kind of value.
    MovePosition _position;
    (ObjectType, ObjectEncoding) _kind;
    bool _anyMoved;

    long _hits, _misses, _unavoidable;

    /// <summary>Blocks moved since the last reset of statistics.</summary>
    public long Hits => _hits + (_mover?.Hits ?? 0);

    /// <summary>Blocks looked at and not moved.</summary>
    public long Misses => _misses + (_mover?.Misses ?? 0);

    /// <summary>Keys of which a block was moved.</summary>
    public long KeyHits { get; private set; }

    /// <summary>Keys of which no block was moved.</summary>
    public long KeyMisses { get; private set; }

    /// <summary>Whether a pass is under way.</summary>
    public bool IsActive => _part != Part.None;

    /// <summary>
    /// The part of <see cref="Arena.FragmentedBytes"/> that no moving can remove, as the last pass found: each size has one slab
    /// that is not full.
    /// </summary>
    public long Unavoidable => _unavoidable = Math.Min(_unavoidable, keyspace.Arena.FragmentedBytes);

    /// <summary>Begins a pass. It ends at once if it would give back less than <paramref name="leastGain"/> bytes.</summary>
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
    /// Begins a pass that moves every block it reaches and makes the old places unreadable: for tests. A failure then shows that
    /// somebody kept an address.
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

    /// <summary>Makes the pass that is under way end soon. The marks are released.</summary>
    public void Abandon()
    {
        if (_part is Part.Count) End();
        else if (_part is Part.Mark or Part.Walk) BeginRelease();
    }

    /// <summary>Does one step, a tenth of a millisecond at most. False once the pass is over.</summary>
    /// <param name="mostFields">How many elements of a collection one step looks at.</param>
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
        if (_isAtEnd)
        {
            if (++_database == keyspace.DatabaseCount) return false;
            keyspace[_database].MoveIndexBlocks(mover);
            (_isAtEnd, _isInTags, _tagLine) = (false, true, 0);
        }
        var database = keyspace[_database];
        if (_isInTags)
        {
            _tagLine = database.Tags.MoveBlocks(_tagLine, mover);
            _isInTags = _tagLine != 0;
            return true;
        }
        var seen = new Seen(this);
        _cursor = database.MoveRecords(_cursor, mover, ref seen);
        _isAtEnd = _cursor == 0;
        return true;
    }

    /// <summary>
    /// What a step of the walk does with a key. A collection waits for a walk of its own; all other keys are done.
    /// </summary>
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
        // Its key may have been deleted or have another value since the last step.
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
