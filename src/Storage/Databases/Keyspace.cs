using System.Collections;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Index;
using MiniRedis.Storage.Index.Slots;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Snapshots;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Databases;

/// <summary>
/// All databases of a server, over one arena. Used by one thread at a time.
/// </summary>
public sealed partial class Keyspace : IDisposable
{
    /// <summary>The default of Redis's <c>databases</c> directive.</summary>
    public const int DefaultDatabases = 16;

    readonly Database[] _databases;
    readonly ExpiryClock _clock;
    readonly DiscardedValues _discarded = new();

    // Null unless keys are kept by slot.
    EmptySlots? _emptySlots;

    /// <param name="databaseCount">How many databases there are.</param>
    /// <param name="seed">The secret of the key hash; random if none is given.</param>
    /// <param name="time">Tells when the coarse clock of expiry starts. Nothing else here reads a clock.</param>
    /// <param name="bySlot">Keep the keys by slot, as a cluster node does.</param>
    public Keyspace(int databaseCount = DefaultDatabases, HashSeed? seed = null, TimeProvider? time = null, bool bySlot = false)
        : this(databaseCount, seed ?? HashSeed.Random(), Start(time), new(), bySlot, null)
    {
    }

    Keyspace(int databaseCount, HashSeed seed, ExpiryClock clock, CacheClock cacheClock, bool bySlot, MemoryTrial? trial)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(databaseCount);
        Seed = seed;
        _clock = clock;
        CacheClock = cacheClock;
        Arena = new Arena { Trial = trial };
        if (bySlot) _emptySlots = new EmptySlots(new(NewSurroundings()));
        _databases = new Database[databaseCount];
        for (var i = 0; i < databaseCount; i++) _databases[i] = new Database(this, i);
    }

    static ExpiryClock Start(TimeProvider? time) => new((time ?? TimeProvider.System).GetUtcNow().ToUnixTimeMilliseconds());

    public Arena Arena { get; private set; }

    /// <summary>
    /// The secret of the hash of keys, members and fields. A keyspace with the same secret has the same hashes: one hash serves
    /// both.
    /// </summary>
    public HashSeed Seed { get; }

    /// <summary>The clock of the versions of values and purges.</summary>
    public CacheClock CacheClock { get; }

    /// <summary>The snapshot that is being taken; null if none is.</summary>
    public Snapshot? Snapshot { get; private set; }

    public int DatabaseCount => _databases.Length;

    public Database this[int number] => _databases[number];

    public ReadOnlySpan<Database> Databases => _databases;

    /// <summary>Keys of all databases.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (var database in _databases) count += database.Count;
            return count;
        }
    }

    /// <summary>Bytes of records, values and indexes, as allocated: exact.</summary>
    public long UsedBytes => Arena.UsedBytes;

    /// <summary>Bytes of indexes alone.</summary>
    public long IndexBytes
    {
        get
        {
            long bytes = 0;
            foreach (var database in _databases) bytes += database.IndexBytes;
            return bytes;
        }
    }

    /// <summary>
    /// Bytes of the collected heap that remember purges: their logs, and the prefixes under way. <see cref="UsedBytes"/> has those of the
    /// arena.
    /// </summary>
    public long PurgeBytes { get; internal set; }

    /// <summary>Sets how many purges each database remembers (<see cref="PurgeLog.Capacity"/>).</summary>
    public void RememberPurges(int capacity)
    {
        foreach (var database in _databases) database.RememberPurges(capacity);
    }

    /// <summary>Average bytes of a key, with its share of the index; 0 without keys (MEMORY STATS keys.bytes-per-key).</summary>
    public long BytesPerKey => Count == 0 ? 0 : UsedBytes / Count;

    /// <summary>Exchanges the contents of two databases (SWAPDB). The objects keep their numbers.</summary>
    public void Swap(int first, int second) => _databases[first].ExchangeWith(_databases[second]);

    /// <summary>
    /// Removes every key of every database in O(1). A new arena replaces the old one, which is unmapped on a background thread.
    /// All records, lookups and spans are invalid afterwards.
    /// </summary>
    public void FlushAll()
    {
        var old = Arena;
        _discarded.Clear();
        Arena = new Arena { Trial = old.Trial };
        foreach (var database in _databases) database.ReplaceIndex();
        if (Snapshot is { } snapshot && snapshot.Arena == old)
        {
            // The snapshot has still to read what is there.
            snapshot.Retire();
            return;
        }
        old.DisposeLater();
    }

    /// <summary>An empty keyspace whose keys this one can take over.</summary>
    public Keyspace NewBeside() => new(DatabaseCount, Seed, _clock, CacheClock, _emptySlots is not null, Arena.Trial);

    /// <summary>
    /// Takes over all keys of a keyspace that <see cref="NewBeside"/> made, in place of its own, which go as those of <see cref="FlushAll"/> do.
    /// The other one is disposed. In O(1).
    /// </summary>
    public void TakeOver(Keyspace other)
    {
        FlushAll();
        (Arena, other.Arena, _emptySlots, other._emptySlots) = (other.Arena, Arena, other._emptySlots, _emptySlots);
        for (var i = 0; i < _databases.Length; i++)
        {
            _databases[i].ExchangeWith(other._databases[i]);
            // The purges before that were those of another server.
            _databases[i].Purges.Forget(CacheClock.Value);
        }
        other.Dispose();
    }

    /// <summary>
    /// Begins a snapshot: all keys as they are now, whatever is changed from here on. The caller drives it with
    /// <see cref="Snapshot.Walk"/> and <see cref="Snapshot.Settle"/>.
    /// </summary>
    /// <param name="slots">Only the keys of these slots, of a keyspace by slots; null: all.</param>
    public Snapshot BeginSnapshot(BitArray? slots = null)
    {
        if (Snapshot is not null) throw new InvalidOperationException("A snapshot is being taken already.");
        SnapshotPart[] parts = [.. _databases.Select(database => database.BeginPart(slots)).OfType<SnapshotPart>()];
        return Snapshot = new Snapshot(Arena, Seed, parts, _discarded, () => Snapshot = null);
    }

    /// <summary>
    /// Gives the running command up after a refusal of memory, if it has changed nothing: what it has drafted is freed. False if
    /// it has changed something. Then the process has to end, since the change is not whole.
    /// </summary>
    public bool TryGiveUp()
    {
        foreach (var database in _databases) database.ForgetDrafts();
        return Arena.TryGiveUp();
    }

    /// <summary>Unmaps everything at once.</summary>
    public void Dispose() => Arena.Dispose();

    /// <summary>An index for a database without keys; the second is null unless keys are kept by slot.</summary>
    internal (KeyIndex Index, SlotIndex? Slots) NewIndex()
    {
        if (_emptySlots is null) return (new(NewSurroundings()), null);
        if (_emptySlots.Index.Arena != Arena) _emptySlots = new EmptySlots(new(NewSurroundings()));
        return (_emptySlots.Index, new(_emptySlots));
    }

    internal TagTable NewTags() => new(Arena, Seed);

    IndexSurroundings NewSurroundings() => new(Arena, Seed, _clock);
}
