using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>
/// Purges of prefixes whose keys have not all been removed yet, and what was written since.
/// <para>
/// The idea: a purge of a prefix takes effect when its name stands here. Whoever finds a key compares: it begins with the name, and was not
/// written since? Then it is dead. A record has no room for "since", and most need none: so a write notes its key here, if it begins with
/// a name that stands here. A walk over all keys removes the dead ones; then the names go, and the notes with them. Without names a look-up
/// pays nothing, and a write neither.
/// </para>
/// <code>
///             names and notes       served by
///   old       before the walk       the walk that is under way; dropped at its end
///   young     since the walk began  the next one, whose beginning makes them the old ones
/// </code>
/// A note counts for the purges before it: the young notes for all, the old ones for the old names.
/// <para>
/// Rejected: a bit of the record that says "written since" and the place of the walk, since a second purge has to overtake what was written
/// after the first. Also rejected: the record's own version, which plain keys lack; and to compare versions of servers' clocks: the order
/// in which writes and purges arrive is known, on every replica and in every file.
/// </para>
/// </summary>
/// <remarks>It belongs to the keys, as the <see cref="TagTable"/> does, whose part it is. Used by its keyspace's thread.</remarks>
public sealed class PrefixPurges
{
    /// <summary>
    /// The most purges that clients may have waiting for one walk: as many as the <see cref="PurgeLog"/> remembers. They arrive much more
    /// slowly than a walk takes.
    /// </summary>
    public const int MostWaiting = PurgeLog.DefaultCapacity;

    readonly Arena _arena;
    readonly HashSeed _seed;
    PrefixSet _young = new(), _old = new();
    WriteNotes _youngNotes, _oldNotes;

    // Purges that came so far: the order of the latest.
    uint _order;

    internal PrefixPurges(Arena arena, HashSeed seed) => (_arena, _seed) = (arena, seed);

    /// <summary>Whether there are purges whose keys have not all been removed yet.</summary>
    public bool Any => _young.Count + _old.Count > 0;

    /// <summary>The version of the latest purge; 0 before the first.</summary>
    public long Newest { get; private set; }

    /// <summary>Prefixes under way.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>Whether one walk has so many purges to serve that a client's further ones have to wait for it.</summary>
    public bool IsFull(int names) => _young.Added + names > MostWaiting;

    /// <summary>Keys that were written since: what a walk that is due makes room of.</summary>
    public long Notes => _youngNotes.Count + (long)_oldNotes.Count;

    /// <summary>Bytes of the names. The notes lie in the arena.</summary>
    public long NameBytes => _young.Bytes + _old.Bytes;

    /// <summary>Notes a purge.</summary>
    internal void Add(ReadOnlySpan<byte> name, long version, bool isSoft)
    {
        Newest = Math.Max(Newest, version);
        _young.Add(name, ++_order, version, isSoft);
    }

    /// <summary>A key is written: the purges so far concern it no more. To be called in a change (<c>Database.BeginChange</c>).</summary>
    internal void Note(ReadOnlySpan<byte> key)
    {
        if (_young.Covers(key) || _old.Covers(key)) _youngNotes.Put(_arena, SipHash13.Hash(key, _seed), _order);
    }

    /// <summary>
    /// Whether a purge has overtaken a key. If not, the version of the first soft purge that concerns it and that it is not settled for;
    /// or 0.
    /// </summary>
    internal bool Judge(Record record, out long softSince)
    {
        softSince = 0;
        var key = record.Key;
        var (old, young) = (_old.Match(key), _young.Match(key));
        if (!old.Any && !young.Any) return false;
        var written = WrittenAt(key);
        if (Math.Max(old.Hard, young.Hard) > written) return true;
        if (Math.Max(old.Newest, young.Newest) <= written) return false;
        if (!record.HasMetadata || new MetadataCell(record) is not { StaleWindow: > 0 } cell) return true;
        softSince = old.Any ? _old.FirstSoft(old, written, cell.SettledUpTo) : 0;
        if (softSince == 0 && young.Any) softSince = _young.FirstSoft(young, written, cell.SettledUpTo);
        return false;
    }

    uint WrittenAt(ReadOnlySpan<byte> key)
    {
        if (Notes == 0) return 0;
        var hash = SipHash13.Hash(key, _seed);
        return _youngNotes.Find(hash) is > 0 and var number ? number : _oldNotes.Find(hash);
    }

    /// <summary>A walk begins. It serves the purges so far; after one that was given up, those of that one alone.</summary>
    internal void BeginWalk()
    {
        if (_old.Count > 0) return;
        (_old, _young) = (_young, _old);
        (_oldNotes, _youngNotes) = (_youngNotes, _oldNotes);
    }

    /// <summary>The walk has seen all keys: none is left that the purges before it have overtaken.</summary>
    internal void EndWalk()
    {
        _old.Clear();
        _oldNotes.Clear(_arena);
        if (Any) return;
        _youngNotes.Clear(_arena);
        _order = 0;
    }

    internal void Free()
    {
        _young.Clear();
        _old.Clear();
        _youngNotes.Clear(_arena);
        _oldNotes.Clear(_arena);
    }

    internal void MoveBlocks(BlockMover mover)
    {
        _youngNotes.MoveBlocks(mover);
        _oldNotes.MoveBlocks(mover);
    }

    /// <summary>Bytes of the arena.</summary>
    internal long CountBytes() => _youngNotes.Bytes + _oldNotes.Bytes;
}
