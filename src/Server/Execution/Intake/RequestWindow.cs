using System.Runtime.CompilerServices;
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

    readonly Slot[] _slots = new Slot[Capacity];

    // Windows since a buffer became large.
    int _windowsLarge;

    struct Slot
    {
        public ArgBuffer Arguments;
        public Command? Command;
        public ulong Hash;
        public int Start, Length, Count;
        public bool HasKey, IsCopied;

        /// <summary>Whether the key is that of the slot before: its prefetch is already under way.</summary>
        public bool RepeatsKey;
    }

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
        Count = 0;
        End = ParseStatus.Request;
        if (HasLargeBuffers && ++_windowsLarge == WindowsKeptLarge) Trim();
        var position = start;
        // Pipelines often do one thing to one key (a queue, a counter, a stream): the command and hash of the last request are
        // reused.
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
            // Usually the same command as last time: a comparison costs less than the write barrier.
            if (slot.Command != command) slot.Command = command;
            slot.HasKey = command is { FirstKey: > 0 } && command.FirstKey < request.Count;
            if (slot.HasKey)
            {
                var key = request[command!.FirstKey];
                slot.RepeatsKey = key.SequenceEqual(lastKey) && lastKey.Length > 0;
                if (!slot.RepeatsKey)
                {
                    hash = database.HashOf(key);
                    database.PrefetchIndex(hash);
                }
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

    /// <summary>The command it names, before subcommands are resolved; null if there is none.</summary>
    public Command? Command(int index) => _slots[index].Command;

    /// <summary>The hash of its first key, or null if it has no key.</summary>
    public ulong? KeyHash(int index) => _slots[index].HasKey ? _slots[index].Hash : null;

    /// <summary>Its end: all bytes before that are consumed once it has run.</summary>
    public int EndOf(int index) => _slots[index].Start + _slots[index].Length;
}
