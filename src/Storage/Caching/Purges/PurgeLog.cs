using System.Diagnostics;
using MiniRedis.Storage.Hashing;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>One purge, as the log remembers it. Valid until the log is added to.</summary>
/// <param name="version">The version of the clock that it got: values below it are overtaken.</param>
/// <param name="scope">What it overtakes.</param>
/// <param name="isSoft">Whether it makes stale what has a stale window.</param>
/// <param name="name">The tag or the prefix; empty for a purge of all.</param>
/// <param name="isForAllNodes">See <see cref="IsForAllNodes"/>.</param>
public readonly ref struct PurgeEntry(long version, PurgeScope scope, bool isSoft, ReadOnlySpan<byte> name, bool isForAllNodes)
{
    public long Version { get; } = version;

    public PurgeScope Scope { get; } = scope;

    public bool IsSoft { get; } = isSoft;

    public ReadOnlySpan<byte> Name { get; } = name;

    /// <summary>Whether the other nodes of a cluster are to carry it out, since this one was asked for it.</summary>
    public bool IsForAllNodes { get; } = isForAllNodes;
}

/// <summary>
/// The latest purges of a database, by version and by name: for values that were begun before a purge and arrive after it, and for
/// local caches that were away. A tag that no key has is remembered here only.
/// <code>
///   names     a ring of bytes: | user:7 | posts | ...
///   entries   a ring: version, hash and place of the name, and the number of the next older entry in the same bucket
///   heads     bucket of a hash -> number of its newest entry; numbers below the oldest entry's end a chain
/// </code>
/// Prefixes have a chain of their own, since whoever looks for them has no name, but a key: it is followed as far back as that one's value
/// was begun.
/// <para>
/// What the rings have no room for is forgotten, oldest first. <see cref="Floor"/> then rises: of purges up to it nothing is known.
/// </para>
/// </summary>
/// <remarks>
/// Belongs to the number of its database: FLUSHDB and SWAPDB leave it alone, since those who fill and purge name the number. The
/// rings are arrays that double up to their limits, so that a server without purges pays nothing. Used by its keyspace's thread.
/// </remarks>
public sealed class PurgeLog
{
    /// <summary>The default number of purges that are remembered: a minute of 270 a second.</summary>
    public const int DefaultCapacity = 16_384;

    /// <summary>Bytes of names that are remembered: a thousand names of the longest kind, or 64 bytes a name where there may be more.</summary>
    const int LeastNameBytes = 1 << 20, BytesPerName = 64;

    const int FirstEntries = 16, FirstNameBytes = 256;

    struct Entry
    {
        public long Version;
        public ulong Hash;
        public long NameStart;
        public long Older;

        /// <summary>Of a prefix: the number of the one before it.</summary>
        public long OlderPrefix;
        public int NameLength;
        public PurgeScope Scope;
        public bool IsSoft;
        public bool IsForAllNodes;
    }

    readonly HashSeed _seed;
    int _capacity = DefaultCapacity;
    Entry[] _entries = [];
    long[] _heads = [];
    byte[] _names = [];

    // Entries are numbered from 1 on; those from _oldest to _newest are there. Places of names count bytes from the first name on.
    long _oldest = 1, _newest, _nameEnd;

    // The number of the latest purge of a prefix; below the oldest if none is remembered.
    long _newestPrefix;

    // The version of the latest purge that was noted since all were forgotten; 0 if none was.
    long _latest;

    /// <param name="seed">The secret of the hash of names.</param>
    public PurgeLog(HashSeed seed) => _seed = seed;

    /// <summary>The most purges that are remembered; 0 for none.</summary>
    public int Capacity
    {
        get => _capacity;
        set
        {
            _capacity = value;
            while (Count > value) ForgetOldest();
            if (_entries.Length > Math.Max(FirstEntries, RoomFor(value))) Rebuild(RoomFor(value));
        }
    }

    /// <summary>Of purges up to this version nothing is known; 0 while everything is.</summary>
    public long Floor { get; private set; }

    /// <summary>The version of the latest purge that there was or, as far as is known, may have been.</summary>
    public long Newest => Math.Max(Floor, _latest);

    /// <summary>The version of the latest purge of all, hard or soft; 0 if there was none.</summary>
    public long NewestOfAll { get; private set; }

    /// <summary>Purges remembered.</summary>
    public int Count => (int)(_newest - _oldest + 1);

    /// <summary>Bytes of memory.</summary>
    public long Bytes => _names.Length + _entries.Length * 48L + _heads.Length * 8L;

    /// <summary>The entries, the oldest first.</summary>
    public PurgeEntry this[int index]
    {
        get
        {
            ref readonly var entry = ref At(_oldest + index);
            return new(entry.Version, entry.Scope, entry.IsSoft, NameOf(entry), entry.IsForAllNodes);
        }
    }

    /// <summary>The index of the first purge above a version; <see cref="Count"/> if there is none.</summary>
    public int IndexAfter(long version)
    {
        long low = 0, high = Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (At(_oldest + middle).Version > version) high = middle;
            else low = middle + 1;
        }
        return (int)low;
    }

    /// <summary>Notes a purge. Its version is not below <see cref="Latest"/>; purges of several tags at once have the same.</summary>
    public void Add(long version, PurgeScope scope, bool isSoft, ReadOnlySpan<byte> name, bool isForAllNodes = false)
    {
        Debug.Assert(version >= _latest && name.Length <= TagTable.MaxNameLength);
        _latest = version;
        if (scope == PurgeScope.All) NewestOfAll = version;
        if (_capacity == 0)
        {
            Floor = Math.Max(Floor, version);
            return;
        }
        if (Count == _capacity) ForgetOldest();
        else if (Count == _entries.Length) Rebuild(Math.Max(FirstEntries, _entries.Length * 2));
        var start = PlaceFor(name.Length);
        name.CopyTo(_names.AsSpan((int)(start & (_names.Length - 1))));
        _nameEnd = start + name.Length;
        At(++_newest) = new()
        {
            Version = version, Scope = scope, IsSoft = isSoft, NameStart = start, NameLength = name.Length, Hash = SipHash13.Hash(name, _seed),
            OlderPrefix = _newestPrefix, IsForAllNodes = isForAllNodes,
        };
        if (scope == PurgeScope.Prefix) _newestPrefix = _newest;
        Chain(_newest);
    }

    /// <summary>
    /// The version of the latest purge that is remembered, or was before it was forgotten for lack of room; 0 after <see cref="Forget"/>. That
    /// of the next one is not below it, but may be below <see cref="Floor"/>: on a server that has taken over the data of one whose clock is behind.
    /// </summary>
    public long Latest => _latest;

    /// <summary>
    /// Forgets all purges, and holds that there may have been others up to <paramref name="version"/>: those of a server whose data
    /// are taken over.
    /// </summary>
    public void Forget(long version)
    {
        Floor = Math.Max(Newest, version);
        _oldest = _newest + 1;
        _latest = 0;
    }

    /// <summary>Begins anew: a file is loaded that tells of all purges, or of how far it tells of none.</summary>
    public void Clear()
    {
        _oldest = _newest + 1;
        Floor = NewestOfAll = _latest = 0;
    }

    /// <summary>The version of the latest purge of a tag that is remembered, hard or soft; 0 if none is.</summary>
    public long NewestOf(ReadOnlySpan<byte> tag) => Find(tag, hardOnly: false);

    /// <summary>As <see cref="NewestOf"/>, of hard purges.</summary>
    public long NewestHardOf(ReadOnlySpan<byte> tag) => Find(tag, hardOnly: true);

    /// <summary>Whether a prefix that a key begins with was purged after a version.</summary>
    public bool HasPrefixOf(ReadOnlySpan<byte> key, long since)
    {
        for (var number = _newestPrefix; number >= _oldest && At(number).Version > since; number = At(number).OlderPrefix)
        {
            if (key.StartsWith(NameOf(At(number)))) return true;
        }
        return false;
    }

    long Find(ReadOnlySpan<byte> tag, bool hardOnly)
    {
        if (Count == 0) return 0;
        var hash = SipHash13.Hash(tag, _seed);
        for (var number = _heads[hash & (ulong)(_heads.Length - 1)]; number >= _oldest; number = At(number).Older)
        {
            ref readonly var entry = ref At(number);
            if (entry.Hash != hash || entry.Scope != PurgeScope.Tag || hardOnly && entry.IsSoft) continue;
            if (NameOf(entry).SequenceEqual(tag)) return entry.Version;
        }
        return 0;
    }

    ref Entry At(long number) => ref _entries[number & (_entries.Length - 1)];

    ReadOnlySpan<byte> NameOf(in Entry entry) => _names.AsSpan((int)(entry.NameStart & (_names.Length - 1)), entry.NameLength);

    void Chain(long number)
    {
        ref var entry = ref At(number);
        ref var head = ref _heads[entry.Hash & (ulong)(_heads.Length - 1)];
        entry.Older = head;
        head = number;
    }

    int MostNameBytes => Math.Max(LeastNameBytes, RoomFor(_capacity) * BytesPerName);

    static int RoomFor(int entries) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)entries);

    /// <summary>Gives the ring of entries another length: a power of two, and no less than there are.</summary>
    void Rebuild(int length)
    {
        var old = _entries;
        _entries = new Entry[length];
        _heads = new long[_entries.Length];
        for (var number = _oldest; number <= _newest; number++)
        {
            At(number) = old[number & (old.Length - 1)];
            Chain(number);
        }
    }

    /// <summary>Where a name goes: in one piece, behind the last or at the ring's start.</summary>
    long PlaceFor(int length)
    {
        while (true)
        {
            var start = _nameEnd;
            if ((start & (_names.Length - 1)) + length > _names.Length) start = (start | (long)(_names.Length - 1)) + 1;
            var firstInUse = Count == 0 ? start : At(_oldest).NameStart;
            if (_names.Length > 0 && start + length - firstInUse <= _names.Length) return start;
            if (_names.Length >= MostNameBytes) ForgetOldest();
            else GrowNames(length);
        }
    }

    void GrowNames(int length)
    {
        var old = _names;
        var names = new byte[Math.Max(FirstNameBytes, Math.Max(old.Length * 2, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length)))];
        var end = 0;
        for (var number = _oldest; number <= _newest; number++)
        {
            ref var entry = ref At(number);
            NameOf(entry).CopyTo(names.AsSpan(end));
            entry.NameStart = end;
            end += entry.NameLength;
        }
        _names = names;
        _nameEnd = end;
    }

    void ForgetOldest() => Floor = Math.Max(Floor, At(_oldest++).Version);
}
