using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Maintenance;

/// <summary>
/// Gives the memory of purged keys back. A purge only notes its version; nobody sees its keys from then on, and here they are deleted,
/// in slices, one walk in the order of SCAN for all purges so far. Keys that a soft purge has made stale get the deadline that follows
/// from it, so that the purge can be forgotten.
/// </summary>
/// <remarks>
/// A replica sweeps for itself and tells nobody, as the order of the stream says what a purge has overtaken: its master never uses such a key
/// again. It may lack the key, since no snapshot has it: then no deletion would come. In import mode nothing is swept, as nothing is expired:
/// the source of the import deletes, for which the keys are still there. Under the executor's lock, between commands.
/// </remarks>
sealed class PurgeSweep(
    Keyspace keyspace, KeyAccess keys, ClientPause pause, EffectStream effects, LatencyMonitor latency, DatasetState dataset,
    ReplicationHistory history, Clock clock, ProcessSettings settings)
{
    /// <summary>
    /// Longest time of one slice. <see cref="LazyFree"/> follows in the same turn, and a command that arrives meanwhile waits for both.
    /// </summary>
    const long SliceMicroseconds = 300;

    /// <summary>Buckets walked, and tags looked at, between two looks at the clock.</summary>
    const int BucketsBetweenLooks = 16, TagLinesBetweenLooks = 64;

    /// <summary>
    /// Most keys deleted between two looks. The index shrinks with its keys, which lie in front of the walk: the last buckets of a walk that
    /// leaves nothing have a thousand keys each.
    /// </summary>
    const int DeadBetweenLooks = 128;

    /// <summary>A walk begins when purged keys are more than one in so many.</summary>
    const int DeadShare = 100;

    /// <summary>Under memory pressure, purged keys go before any other while they are more than one in so many.</summary>
    const int DeadShareUnderPressure = 1000;

    /// <summary>A walk begins at the latest so long after a purge.</summary>
    const long LongestWaitMicroseconds = 60_000_000;

    /// <summary>No walk begins for so long after one that was refused memory: it would be refused again.</summary>
    const long RetryMicroseconds = 1_000_000;

    readonly List<Record> _dead = [], _stale = [];

    // The walk that is under way: what it serves, over which database, and how far it has come. After FLUSHDB or SWAPDB the database
    // has another cleanup, and the walk is given up.
    PurgeCleanup? _cleanup;
    int _database;
    ulong _cursor;
    uint _tagLine;
    bool _keysDone;

    // While a file is loaded, keys stay that a tag's purge has overtaken: the file's own commands say when they go.
    bool _leavesDead;

    // There was no memory to settle a key of the walk; and when a walk ended so, by the monotonic counter.
    bool _wasRefused;
    long? _refusedAt;

    /// <summary>
    /// While the AOF is loaded, a walk in one go is worth it once so many keys were written behind a purge of their prefix, and more than
    /// one key in <see cref="NoteShare"/>: loading remains linear.
    /// </summary>
    const int ManyNotes = 65_536, NoteShare = 4;

    /// <summary>
    /// Whether somebody waits to hear of each key that a purge has overtaken: clients that cache keys by their prefix. The walk begins with
    /// the purge then. Set by the root.
    /// </summary>
    public Func<bool> IsAwaited { get; init; } = () => false;

    /// <summary>
    /// While the AOF is loaded no slices run. Removes what purges of prefixes have overtaken, if they or the writes since have become many:
    /// an AOF may hold any number of them.
    /// </summary>
    public void KeepUp()
    {
        foreach (var database in keyspace.Databases)
        {
            var prefixes = database.Tags.Prefixes;
            if (!prefixes.IsFull(0) && prefixes.Notes <= Math.Max(ManyNotes, database.Count / NoteShare)) continue;
            if (IsWalking) Finish();
            Begin(database);
            Finish();
        }
    }

    void Finish()
    {
        while (Step())
        {
        }
    }

    /// <summary>Runs one slice. Returns whether the walk is to go on.</summary>
    /// <param name="isUrgent">Whether memory is short, so that few purged keys are worth a walk.</param>
    public bool Run(bool isUrgent = false)
    {
        if (IsHeld || !TryBegin(isUrgent)) return false;
        var started = clock.Advance();
        while (Step())
        {
            if (clock.Microseconds(started, clock.Advance()) < SliceMicroseconds) continue;
            latency.Note("purge-sweep", clock.Microseconds(started, clock.Timestamp) / 1000);
            return true;
        }
        return HasWork;
    }

    /// <summary>
    /// Deletes some purged keys, because memory is short: before any other key has to go. False if there are hardly any.
    /// </summary>
    public bool FreeSome() => !IsHeld && TryBegin(isUrgent: true) && Step();

    bool IsHeld => dataset.IsLoading || pause.IsActive || settings.ImportMode
        || _refusedAt is { } at && clock.Microseconds(at, clock.Timestamp) < RetryMicroseconds;

    bool HasWork
    {
        get
        {
            foreach (var database in keyspace.Databases)
            {
                if (IsDue(database, isUrgent: false)) return true;
            }
            return false;
        }
    }

    bool TryBegin(bool isUrgent)
    {
        if (IsWalking) return true;
        foreach (var database in keyspace.Databases)
        {
            if (!IsDue(database, isUrgent)) continue;
            Begin(database);
            return true;
        }
        return false;
    }

    /// <summary>Whether a walk is under way whose keys are still those of their database.</summary>
    bool IsWalking
    {
        get
        {
            if (_cleanup is null) return false;
            if (keyspace[_database].Cleanup == _cleanup) return true;
            _cleanup.GiveUp();
            _cleanup = null;
            return false;
        }
    }

    void Begin(Database database)
    {
        (_cleanup, _database, _cursor, _tagLine, _keysDone) = (database.Cleanup, database.Number, 0, 0, false);
        (_leavesDead, _wasRefused) = (false, false);
        database.BeginSweep();
    }

    bool IsDue(Database database, bool isUrgent)
    {
        var cleanup = database.Cleanup;
        if (cleanup.Waiting == 0) return false;
        // Until it is over, every look-up compares names.
        if (database.PurgesPrefixes) return true;
        if (isUrgent) return cleanup.Keys > database.Count / DeadShareUnderPressure;
        return cleanup.Keys > database.Count / DeadShare || IsAwaited() || clock.NowMicroseconds - cleanup.Waiting > LongestWaitMicroseconds;
    }

    /// <summary>Walks a few buckets, or tags. False after the last.</summary>
    bool Step()
    {
        var database = keyspace[_database];
        if (!_keysDone)
        {
            WalkKeys(database);
            return true;
        }
        if (_wasRefused)
        {
            // The purges are still needed.
            _cleanup!.GiveUp();
            _cleanup = null;
            _refusedAt = clock.Timestamp;
            return false;
        }
        // Of a key that had to be left, a soft purge may be all that tells that it is dead.
        if (!_leavesDead) _tagLine = database.Tags.ForgetSofts(_tagLine, _cleanup!.Sweeping, TagLinesBetweenLooks);
        if (_tagLine != 0) return true;
        database.EndSweep(_leavesDead ? clock.NowMicroseconds : 0);
        _cleanup = null;
        return false;
    }

    void WalkKeys(Database database)
    {
        var visitor = new Visitor(database, sparesTagged: dataset.IsLoading, _dead, _stale);
        for (var i = 0; i < BucketsBetweenLooks && !_keysDone; i++)
        {
            var next = database.Walk(_cursor, ref visitor);
            // The bucket has more dead keys: it is walked again when these are gone.
            if (visitor.IsFull) break;
            _cursor = next;
            _keysDone = next == 0;
        }
        _leavesDead |= visitor.HasSpared;
        // The index moves its entries as keys go, but not the records of other keys.
        Delete(database, isTold: !history.IsReplica && !dataset.IsLoading);
        foreach (var record in _stale) Settle(database, record.Key);
        _dead.Clear();
        _stale.Clear();
        // Nothing holds the deletions together; each command may be lost by itself.
        effects.EndUnit(isOne: false);
    }

    void Settle(Database database, ReadOnlySpan<byte> key)
    {
        using var room = new Scratch<byte>(database, key.Length, stackalloc byte[256]);
        key.CopyTo(room.Span);
        _wasRefused |= !keys.TrySettle(database, database.Lookup(key), room.Span);
    }

    /// <summary>What the walk does with each record.</summary>
    struct Visitor(Database database, bool sparesTagged, List<Record> dead, List<Record> stale) : IRecordVisitor
    {
        /// <summary>Whether there are dead keys that have to stay.</summary>
        public bool HasSpared { get; private set; }

        /// <summary>Whether there was no room for a dead key.</summary>
        public bool IsFull { get; private set; }

        public void Visit(Record record)
        {
            if (!database.PurgesPrefixes && !record.HasMetadata) return;
            if (sparesTagged ? database.IsPurgedByPrefix(record) : database.IsPurged(record))
            {
                if (dead.Count < DeadBetweenLooks) dead.Add(record);
                else IsFull = true;
            }
            else if (!record.HasMetadata) return;
            else if (sparesTagged && database.IsPurged(record)) HasSpared = true;
            else if (database.NeedsSettling(record)) stale.Add(record);
        }
    }

    void Delete(Database database, bool isTold)
    {
        for (int first = 0, next; first < _dead.Count; first = next)
        {
            next = first + 1;
            var slot = SlotOf(database, _dead[first]);
            while (next < _dead.Count && SlotOf(database, _dead[next]) == slot) next++;
            if (isTold) Propagate(database, first, next);
            for (var i = first; i < next; i++) keys.DropPurged(database, database.Lookup(_dead[i].Key));
        }
    }

    /// <summary>The slot of a key on a node of a cluster, where the keys of a command have to be in the same; else always 0.</summary>
    static int SlotOf(Database database, Record record) => database.IsBySlot ? Database.SlotOf(database.HashOf(record.Key)) : 0;

    void Propagate(Database database, int first, int next)
    {
        if (!effects.IsPropagating) return;
        effects.Begin(database.Number, 1 + next - first);
        effects.Add("UNLINK"u8);
        for (var i = first; i < next; i++) effects.Add(_dead[i].Key);
    }
}
