using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Caching;

/// <summary>Purges, and which keys they have overtaken.</summary>
public sealed unsafe partial class TagTable
{
    /// <summary>
    /// The version of the latest purge of a tag that a key has, or of all: values from it on are untouched by any of these. Prefixes stand
    /// apart.
    /// </summary>
    public long Newest => _newest;

    /// <summary>As <see cref="Newest"/>, of prefixes too.</summary>
    public long NewestOfAny => Math.Max(_newest, Prefixes.Newest);

    /// <summary>Notes a purge of a tag. Returns how many keys may be overtaken; 0 for a tag that no key has.</summary>
    internal long Purge(ReadOnlySpan<byte> name, long version, bool isSoft)
    {
        if (!TryFind(name, out var id)) return 0;
        var entry = EntryOf(id);
        if (isSoft) entry->Softs.Add(_arena, version);
        else entry->Hard = version;
        NoteVersion(id, version);
        return entry->Keys;
    }

    /// <summary>Notes a purge of all keys with metadata.</summary>
    internal long PurgeAll(long version, bool isSoft)
    {
        if (Keys == 0) return 0;
        if (isSoft) _allSofts.Add(_arena, version);
        else _allHard = version;
        _newest = Math.Max(_newest, version);
        return Keys;
    }

    /// <summary>Takes over what is known of the purges of a tag that is new here.</summary>
    void NotePurges(uint id, Entry* entry, ReadOnlySpan<byte> name, PurgeLog log)
    {
        var newest = log.NewestOf(name);
        if (newest == 0) return;
        entry->Hard = log.NewestHardOf(name);
        if (newest > entry->Hard) entry->Softs.Add(_arena, newest);
        NoteVersion(id, newest);
    }

    void NoteVersion(uint id, long version)
    {
        _newest = Math.Max(_newest, version);
        ref var clock = ref _clock[id % ClockEntries];
        clock = Math.Max(clock, version);
    }

    /// <summary>Whether a hard purge, or a soft one where there is no stale window, has overtaken a key.</summary>
    internal bool IsPurged(Record record) => IsPurgedByTag(record) || IsPurgedByPrefix(record);

    /// <summary>As <see cref="IsPurged"/>, by a purge of a tag or of all.</summary>
    internal bool IsPurgedByTag(Record record) =>
        record.HasMetadata && new MetadataCell(record) is var cell && cell.Created < _newest && Judge(cell, out _);

    /// <summary>As <see cref="IsPurged"/>, by a purge of a prefix.</summary>
    internal bool IsPurgedByPrefix(Record record) => Prefixes.Any && Prefixes.Judge(record, out _);

    /// <summary>
    /// The first soft purge (a version) that concerns a key with a stale window and that it is not settled for; 0 if there is none, or the
    /// key is dead.
    /// </summary>
    internal long StaleSince(Record record)
    {
        var (byTag, byPrefix) = (0L, 0L);
        if (!record.HasMetadata) return 0;
        if (new MetadataCell(record) is var cell && cell.Created < _newest && Judge(cell, out byTag)) return 0;
        if (Prefixes.Any && Prefixes.Judge(record, out byPrefix)) return 0;
        return byTag == 0 || byPrefix == 0 ? Math.Max(byTag, byPrefix) : Math.Min(byTag, byPrefix);
    }

    /// <summary>
    /// The deadline (unix milliseconds, -1 for none) and the stale window of a key with metadata, with what a soft purge has taken off
    /// them.
    /// </summary>
    internal (long Deadline, long Window) LifetimeOf(Record record)
    {
        var window = new MetadataCell(record).StaleWindow;
        return StaleSince(record) is > 0 and var since ? StaleFrom(since / 1000, record.ExpireAt, window) : (record.ExpireAt, window);
    }

    /// <summary>What is left of a lifetime that ends with a stale window, if the value is stale from a moment on.</summary>
    internal static (long Deadline, long Window) StaleFrom(long moment, long deadline, long window)
    {
        // Stale before that already: nothing changes.
        if (deadline >= 0 && deadline - window <= moment) return (deadline, window);
        var end = deadline < 0 || deadline - moment > window ? moment + window : deadline;
        return (end, end - moment);
    }

    /// <summary>Whether a key is purged; if not, the soft purge since which it is stale, or 0.</summary>
    bool Judge(MetadataCell cell, out long softSince) =>
        Judge(Math.Max(cell.Created, cell.SettledUpTo), cell.Tags, cell.StaleWindow > 0, out softSince);

    /// <summary>Whether purges of some tags, or of all, kill a key that none up to a version concerns.</summary>
    internal bool Kills(long settled, ReadOnlySpan<uint> ids, bool maybeStale) => settled < _newest && Judge(settled, ids, maybeStale, out _);

    bool Judge(long settled, ReadOnlySpan<uint> ids, bool maybeStale, out long softSince)
    {
        softSince = 0;
        if (settled < _allHard) return true;
        var first = _allSofts.FirstAfter(settled);
        foreach (var id in ids)
        {
            if (settled >= _clock[id % ClockEntries]) continue;
            var entry = EntryOf(id);
            if (settled < entry->Hard) return true;
            if (entry->Softs.FirstAfter(settled) is > 0 and var soft && (first == 0 || soft < first)) first = soft;
        }
        if (first == 0) return false;
        if (!maybeStale) return true;
        softSince = first;
        return false;
    }

    /// <summary>
    /// Forgets soft purges up to a version: a walk has written them into all keys. Looks at some entries from
    /// <paramref name="cursor"/> on and returns where to go on, 0 at the end.
    /// </summary>
    public uint ForgetSofts(uint cursor, long version, int lines)
    {
        if (cursor == 0) _allSofts.DropUpTo(_arena, version);
        for (; lines > 0 && cursor < _entries.Count; lines--, cursor++)
        {
            var entries = (Entry*)_entries[cursor];
            for (var i = 0; i < Entry.PerLine; i++)
            {
                if (entries[i].Name != null && entries[i].Softs.Any) entries[i].Softs.DropUpTo(_arena, version);
            }
        }
        return cursor < _entries.Count ? cursor : 0;
    }

    /// <summary>Gives all memory back; the table is as new, but for the versions.</summary>
    internal void Free()
    {
        for (var line = 0u; line < _entries.Count; line++)
        {
            var entries = (Entry*)_entries[line];
            for (var i = 0; i < Entry.PerLine; i++)
            {
                if (entries[i].Name == null) continue;
                entries[i].Softs.Clear(_arena);
                _arena.Free(entries[i].Name);
            }
        }
        _entries.Clear(_arena);
        _buckets.Clear(_arena);
        _allSofts.Clear(_arena);
        Prefixes.Free();
        _free = 0;
        (Count, Keys) = (0, 0);
    }

    /// <summary>Moves the blocks of some lines from <paramref name="cursor"/> on; returns where to go on, 0 at the end.</summary>
    internal uint MoveBlocks(uint cursor, BlockMover mover)
    {
        if (cursor == 0)
        {
            _entries.MoveBlocks(mover);
            _buckets.MoveBlocks(mover);
            _allSofts.MoveBlock(mover);
            Prefixes.MoveBlocks(mover);
        }
        for (; !mover.IsSpent && cursor < _entries.Count; cursor++)
        {
            var entries = (Entry*)_entries[cursor];
            for (var i = 0; i < Entry.PerLine; i++)
            {
                if (entries[i].Name == null) continue;
                mover.TryMove(ref entries[i].Name);
                entries[i].Softs.MoveBlock(mover);
            }
        }
        return cursor < _entries.Count ? cursor : 0;
    }
}
