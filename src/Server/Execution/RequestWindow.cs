using System.Runtime.CompilerServices;
using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

// The idea. In a pipeline the next requests are already here while one runs. A key's look-up is two dependent cache misses
// (bucket, record), which on a keyspace larger than the cache cost more than everything else about a GET together. So up to
// 16 requests are parsed ahead, all their buckets are asked for, then all their records, and only then are they run: the
// misses of 16 keys overlap. (Group prefetching: Chen, Ailamaki, Gibbons, Mowry, "Improving Hash Join Performance through
// Prefetching", 2004.) A prefetch is a hint: whatever a request does to the keyspace, the next one looks its key up anew.
//
//     parse ─► hash, prefetch bucket      ×16
//              prefetch record            ×16
//              run                        ×16

/// <summary>Requests of one client parsed ahead of their execution. Belongs to a loop thread, like the buffers it holds.</summary>
sealed class RequestWindow
{
    /// <summary>Enough to overlap what a core can have under way (10 to 16 line fills), few enough to stay in its first-level cache.</summary>
    const int Capacity = 16;

    /// <summary>
    /// Windows after which buffers that a large request made grow are given back: few beside the memory, a million arguments being 16 MB
    /// or so that no bound counts; many beside the cost of growing again, for a client that sends one such request after the other.
    /// </summary>
    const int WindowsKeptLarge = 1024;

    readonly Slot[] _slots = new Slot[Capacity];

    // Windows since a buffer was found to be large.
    int _windowsLarge;

    struct Slot
    {
        public ArgBuffer Arguments;
        public Command? Command;
        public ulong Hash;
        public int Start, Length, Count;
        public bool HasKey, IsCopied;

        /// <summary>The key is that of the slot before, too: what there is to load is under way.</summary>
        public bool RepeatsKey;
    }

    public RequestWindow()
    {
        foreach (ref var slot in _slots.AsSpan()) slot.Arguments = new ArgBuffer();
    }

    /// <summary>Requests in the window.</summary>
    public int Count { get; private set; }

    /// <summary>Whether a buffer is larger than ordinary requests need.</summary>
    public bool HasLargeBuffers { get; private set; }

    /// <summary>How parsing ended behind the last request in the window.</summary>
    public ParseStatus End { get; private set; }

    /// <summary>Bytes that the end itself consumed (a blank line), and where it stands.</summary>
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
        Count = 0;
        End = ParseStatus.Request;
        if (HasLargeBuffers && ++_windowsLarge == WindowsKeptLarge) Trim();
        var position = start;
        // Pipelines often do one thing to one key (a queue, a counter, a stream): what was found out for the last is not asked anew.
        ReadOnlySpan<byte> lastName = default, lastKey = default;
        Command? command = null;
        ulong hash = 0;
        while (Count < Capacity && position < bytes.Length)
        {
            ref var slot = ref _slots[Count];
            var unread = bytes[position..];
            var status = parser.Parse(unread, limits, slot.Arguments, out var request, out var length, out var wanted, out var error);
            HasLargeBuffers |= slot.Arguments.IsLarge;
            if (status != ParseStatus.Request)
            {
                (End, EndStart, EndLength, Wanted, Error) = (status, position, length, wanted, error);
                break;
            }
            slot.Start = position;
            slot.Length = length;
            slot.Count = request.Count;
            slot.IsCopied = request.Base != unread;
            var name = request[0];
            if (!name.SequenceEqual(lastName)) command = commands.Find(name);
            lastName = name;
            // Mostly the one of last time: a comparison costs less than the write barrier.
            if (slot.Command != command) slot.Command = command;
            slot.HasKey = command is { FirstKey: > 0 } && command.FirstKey < request.Count;
            if (slot.HasKey)
            {
                var key = request[command!.FirstKey];
                slot.RepeatsKey = key.SequenceEqual(lastKey) && lastKey.Length > 0;
                if (!slot.RepeatsKey) hash = database.HashOf(key);
                slot.Hash = hash;
                lastKey = key;
            }
            Count++;
            position += length;
        }
        if (Count > 1) Prefetch(database);
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

    /// <summary>The request at <paramref name="index"/>, in the bytes that <see cref="Fill"/> parsed.</summary>
    public Request Request(int index, ReadOnlySpan<byte> bytes)
    {
        ref var slot = ref _slots[index];
        return slot.IsCopied ? slot.Arguments.Build() : slot.Arguments.View(bytes[slot.Start..], slot.Count);
    }

    /// <summary>The command it names, before subcommands are told apart; null if there is none of that name.</summary>
    public Command? Command(int index) => _slots[index].Command;

    /// <summary>The hash of its first key, or null if it has no key.</summary>
    public ulong? KeyHash(int index) => _slots[index].HasKey ? _slots[index].Hash : null;

    /// <summary>Where it ends: everything before that is done with once it has run.</summary>
    public int EndOf(int index) => _slots[index].Start + _slots[index].Length;
}
