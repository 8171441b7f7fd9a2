using System.Diagnostics;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// The tags of a database: a number for each name that a key has, and when each was purged last.
/// <para>
/// The idea: a purge does not look for keys. It notes its version at the tag, and whoever finds a key compares. So there is no set
/// of a tag's keys that would need memory, could be evicted, or could name keys that are long gone.
/// </para>
/// <code>
///   entries   by id, two a line     | hard version | soft versions | name | keys | next id of the bucket |      32 bytes
///   buckets   sixteen a line        | first id + 1 |
///   name      a block each          | length (2) | bytes |
///   clock     64 versions           the latest purge of any tag whose id leaves this remainder: in one cache line
/// </code>
/// <para>
/// An id is used again once no record has it: the count is exact, and licenses that. So the table is as large as what is in use
/// and nothing has to be pruned. Both arrays grow and shrink line by line (the buckets by linear hashing), never in one pause.
/// </para>
/// </summary>
/// <remarks>
/// It belongs to the keys, not to the number of their database: SWAPDB swaps it, FLUSHDB drops it. Used by its keyspace's thread.
/// </remarks>
public sealed unsafe partial class TagTable
{
    /// <summary>Bytes of the longest name.</summary>
    public const int MaxNameLength = 1024;

    /// <summary>The most tags of one key.</summary>
    public const int MaxTagsPerKey = 1024;

    const int ClockEntries = 64;

    struct Entry
    {
        public long Hard;
        public SoftPurges Softs;
        public byte* Name;

        /// <summary>Keys that have the tag. Of a free id: 1 + the free id before it, or 0.</summary>
        public uint Keys;

        /// <summary>1 + the id that follows in the bucket, or among the free ids; 0 at the end.</summary>
        public uint Next;

        public const int PerLine = LineArray.LineSize / 32;
    }

    readonly Arena _arena;
    readonly HashSeed _seed;
    readonly long[] _clock = new long[ClockEntries];
    LineArray _entries;
    long _newest, _allHard;
    SoftPurges _allSofts;

    internal TagTable(Arena arena, HashSeed seed)
    {
        _arena = arena;
        _seed = seed;
        Prefixes = new(arena, seed);
    }

    /// <summary>Purges of prefixes, which concern keys without metadata too.</summary>
    public PrefixPurges Prefixes { get; }

    /// <summary>Tags that keys have.</summary>
    public long Count { get; private set; }

    /// <summary>Keys with metadata, with tags or without.</summary>
    public long Keys { get; private set; }

    /// <summary>The name of a tag that a key has. Valid until the tag goes.</summary>
    public ReadOnlySpan<byte> NameOf(uint id) => NameAt(EntryOf(id)->Name);

    /// <summary>How many keys have the tag.</summary>
    public long KeysOf(ReadOnlySpan<byte> name) => TryFind(name, out var id) ? EntryOf(id)->Keys : 0;

    /// <summary>A key has metadata from now on; its tags are held already.</summary>
    internal void AddKey() => Keys++;

    /// <summary>A key with metadata goes to another database; its tags are released already.</summary>
    internal void DropKey()
    {
        // Without keys there is nothing that a purge of all could concern.
        if (--Keys == 0) _allSofts.Clear(_arena);
    }

    /// <summary>A key with such metadata goes: its tags and its block are given back.</summary>
    internal void RemoveKey(MetadataCell cell)
    {
        DropKey();
        Release(cell.Tags);
        if (cell.HasBlock) _arena.Free(cell.BlockAddress);
    }

    Entry* EntryOf(uint id)
    {
        Debug.Assert(id < _entries.Count * Entry.PerLine);
        return (Entry*)_entries[id / Entry.PerLine] + id % Entry.PerLine;
    }
}
