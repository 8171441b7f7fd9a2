using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;

namespace MiniRedis.Server.Execution.Intake;

// The idea. In a pipeline the next requests are already here while one runs. A key's lookup is two dependent cache misses
// (bucket, record). On a keyspace larger than the cache these cost more than the rest of a GET. So up to 16 requests are parsed
// ahead, all their buckets are prefetched, then all their records, and only then do they run: the misses of 16 keys overlap.
// (Group prefetching: Chen, Ailamaki, Gibbons, Mowry, "Improving Hash Join Performance through Prefetching", 2004.) A prefetch is
// only a hint: each request looks its key up when it runs, whatever the one before did to the keyspace.
//
//     parse ─► hash, prefetch bucket      ×16
//              prefetch record            ×16
//              run                        ×16

/// <summary>Requests of one client parsed ahead of their execution. Belongs to a loop thread, like the buffers it holds.</summary>
sealed class RequestWindow
{
    /// <summary>
    /// Enough to overlap all misses that a core can have in flight (10 to 16 line fills), few enough to stay in its first-level
    /// cache.
    /// </summary>
    const int Capacity = 16;

    /// <summary>
    /// Windows after which buffers that a large request made grow are given back. Few, since a million arguments take about 16 MB
    /// that no bound counts. Many, since a client that sends such requests one after the other would pay for growing again.
    /// </summary>
    const int WindowsKeptLarge = 1024;

    readonly ParsedRequest[] _slots = new ParsedRequest[Capacity];

    // Windows since a buffer became large.
    int _windowsLarge;

    public RequestWindow()
    {
        foreach (ref var slot in _slots.AsSpan()) slot.Arguments = new ArgBuffer();
    }

    /// <summary>Requests in the window.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a buffer is larger than usual requests need.</summary>
    public bool HasLargeBuffers { get; private set; }

    /// <summary>How parsing ended behind the last request in the window.</summary>
    public ParseStatus End { get; private set; }

    /// <summary>Bytes that the end itself consumed (a blank line), and where they start.</summary>
    public int EndLength { get; private set; }
    public int EndStart { get; private set; }

    /// <summary>At <see cref="ParseStatus.NeedMore"/>: bytes needed in all, from <see cref="EndStart"/> on.</summary>
    public long Wanted { get; private set; }

    /// <summary>At <see cref="ParseStatus.ProtocolError"/>.</summary>
    public string? Error { get; private set; }

    /// <summary>Parses requests from <paramref name="start"/> on until the window is full or something else comes.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Fill(ref RequestParser parser, ReadOnlySpan<byte> bytes, int start, in ParserLimits limits,
        CommandTable<Command> commands, Database database)
    {
        End = ParseStatus.Request;
        if (HasLargeBuffers && ++_windowsLarge == WindowsKeptLarge) Trim();
        var slots = _slots;
        var position = start;
        var count = 0;
        for (; count < slots.Length && position < bytes.Length; count++)
        {
            ref var slot = ref slots[count];
            slot.Start = position;
            slot.Length = parser.TakeUsual(bytes[position..], slot.Arguments, out slot.Count);
            slot.IsUsual = slot.Length > 0;
            slot.IsCopied = false;
            if (!slot.IsUsual && !TakeOther(ref parser, bytes[position..], limits, ref slot)) break;
            position += slot.Length;
        }
        Count = count;
        Identify(bytes, commands, database);
        if (count > 1) Prefetch(database);
    }

    /// <summary>Takes a request of any form.</summary>
    /// <returns>False if there is none: <see cref="End"/> says what there is.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    bool TakeOther(ref RequestParser parser, ReadOnlySpan<byte> unread, in ParserLimits limits, ref ParsedRequest slot)
    {
        var status = parser.Parse(unread, limits, slot.Arguments, out var request, out var length, out var wanted, out var error);
        HasLargeBuffers |= slot.Arguments.IsLarge;
        if (status != ParseStatus.Request)
        {
            (End, EndStart, EndLength, Wanted, Error) = (status, slot.Start, length, wanted, error);
            return false;
        }
        slot.Length = length;
        slot.Count = request.Count;
        slot.IsCopied = request.Base != unread;
        return true;
    }

    /// <summary>Finds the commands that the requests name, and the hashes of their first keys.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    void Identify(ReadOnlySpan<byte> bytes, CommandTable<Command> commands, Database database)
    {
        // Pipelines often do one thing to one key (a queue, a counter, a stream): the command and hash of the last request are
        // reused.
        ReadOnlySpan<byte> lastName = default, lastKey = default;
        Command? command = null;
        ulong hash = 0;
        for (var i = 0; i < Count; i++)
        {
            ref var slot = ref _slots[i];
            var request = slot.View(bytes);
            var name = request[0];
            if (!(slot.IsUsual && IsSameName(name, lastName))) command = commands.Find(name);
            lastName = slot.IsUsual ? name : default;
            // Usually the same command as last time: a comparison costs less than the write barrier.
            if (slot.Command != command) slot.Command = command;
            var firstKey = command is null ? 0 : command.FirstKey;
            slot.HasKey = firstKey > 0 && firstKey < request.Count;
            if (!slot.HasKey) continue;
            var key = request[firstKey];
            slot.RepeatsKey = key.SequenceEqual(lastKey) && lastKey.Length > 0;
            if (!slot.RepeatsKey)
            {
                hash = database.HashOf(key);
                database.PrefetchIndex(hash);
            }
            slot.Hash = hash;
            lastKey = key;
        }
    }

    /// <summary>
    /// Whether two names of one to eight bytes are the same. In a usual request there are eight bytes or more before the name's end.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static bool IsSameName(ReadOnlySpan<byte> name, ReadOnlySpan<byte> other)
    {
        return name.Length == other.Length && name.Length is > 0 and <= sizeof(ulong) && LastBytes(name) == LastBytes(other);

        static ulong LastBytes(ReadOnlySpan<byte> name) => Unsafe.ReadUnaligned<ulong>(
            ref Unsafe.AddByteOffset(ref MemoryMarshal.GetReference(name), name.Length - sizeof(ulong)));
    }

    void Trim()
    {
        foreach (ref var slot in _slots.AsSpan()) slot.Arguments.Trim();
        HasLargeBuffers = false;
        _windowsLarge = 0;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    void Prefetch(Database database)
    {
        var slots = _slots.AsSpan(0, Count);
        foreach (ref var slot in slots)
        {
            if (slot.HasKey && !slot.RepeatsKey) database.PrefetchBucket(slot.Hash);
        }
        foreach (ref var slot in slots)
        {
            if (slot.HasKey && !slot.RepeatsKey) database.PrefetchRecord(slot.Hash);
        }
    }

    /// <summary>The request at <paramref name="index"/>.</summary>
    public ref readonly ParsedRequest this[int index] => ref _slots[index];
}
