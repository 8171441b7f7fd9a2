using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Transactions;

// The idea. Requests of a transaction are copied one after the other into chunks of native memory, each with the ranges of its
// arguments in front. A request that runs is a view of the chunk, so nothing is allocated for it. (An array for each request, as in
// BlockingCall, would be one object for the collector for each command: ten for a transaction of ten SETs.)
//
//     chunk    ranges │ arguments │ ranges │ arguments │ ...              2 KB, then twice as much each time, 64 KB at most
//     entry    number of the command, hash of the first key, place        32 bytes
//
// A request that does not fit a chunk gets one of exactly its size. Entries are native memory too, so they name commands by their
// place in a list. The first chunk and few entries are kept for the next transaction; the rest goes back when this one is over.

/// <summary>The requests of one transaction, in order. Under the executor's lock.</summary>
sealed class TransactionQueue
{
    const int FirstChunk = 2048, LargestChunk = 64 * 1024;

    /// <summary>Entries to begin with, and most that are kept.</summary>
    const int FirstEntries = 16, KeptEntries = 128;

    static readonly int s_entryBytes = Unsafe.SizeOf<Entry>();

    readonly List<NativeWriter> _chunks = [];
    readonly NativeWriter _entries = new(FirstEntries * s_entryBytes);

    // The commands that occur, each once.
    readonly List<CommandSpec> _commands = [];

    // The chunk that is being filled.
    int _current = -1;
    long _chunkBytes;

    [StructLayout(LayoutKind.Sequential)]
    struct Entry
    {
        public ulong Hash;
        public int Chunk, Start, Length, Count;

        /// <summary>Place in the list of commands; its complement if the hash is not known.</summary>
        public int Command;
    }

    Span<Entry> Entries => MemoryMarshal.Cast<byte, Entry>(_entries.Written);

    /// <summary>Number of commands.</summary>
    public int Count { get; private set; }

    /// <summary>The flags that any of the commands has.</summary>
    public CommandFlags Flags { get; private set; }

    /// <summary>The flags that all of the commands have.</summary>
    public CommandFlags SharedFlags { get; private set; } = (CommandFlags)(-1);

    /// <summary>Bytes of the arguments and of their ranges: CLIENT LIST's multi-mem.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>Bytes of memory that it holds.</summary>
    public long MemoryBytes => _chunkBytes + _entries.Capacity;

    /// <summary>Appends a copy of a request.</summary>
    /// <param name="command">The command.</param>
    /// <param name="flags">Its flags, as this request has them: a script may say what it does.</param>
    /// <param name="request">The request.</param>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    public void Add(CommandSpec command, CommandFlags flags, in Request request, ulong? keyHash)
    {
        var ranges = request.Count * Unsafe.SizeOf<ArgRange>();
        var length = ranges;
        foreach (var argument in request.Args) length = checked(length + argument.Length);
        var place = Allocate(length, out var chunk, out var start);
        var views = MemoryMarshal.Cast<byte, ArgRange>(place[..ranges]);
        var offset = ranges;
        for (var i = 0; i < request.Count; i++)
        {
            var argument = request[i];
            argument.CopyTo(place[offset..]);
            views[i] = new ArgRange(offset, argument.Length);
            offset += argument.Length;
        }
        var number = NumberOf(command);
        var entry = new Entry
        {
            Command = keyHash.HasValue ? number : ~number, Hash = keyHash.GetValueOrDefault(),
            Chunk = chunk, Start = start, Length = length, Count = request.Count,
        };
        _entries.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<Entry>(in entry)));
        Count++;
        Flags |= flags;
        SharedFlags &= flags;
        QueuedBytes += length;
    }

    int NumberOf(CommandSpec command)
    {
        // Mostly that of the request before.
        for (var i = _commands.Count - 1; i >= 0; i--)
        {
            if (_commands[i] == command) return i;
        }
        _commands.Add(command);
        return _commands.Count - 1;
    }

    /// <summary>The request at <paramref name="index"/>. Valid until the queue is cleared.</summary>
    public Request Request(int index, out CommandSpec command, out ulong? keyHash)
    {
        ref readonly var entry = ref Entries[index];
        command = _commands[entry.Command >= 0 ? entry.Command : ~entry.Command];
        keyHash = entry.Command >= 0 ? entry.Hash : null;
        var bytes = _chunks[entry.Chunk].Written.Slice(entry.Start, entry.Length);
        return new Request(bytes, MemoryMarshal.Cast<byte, ArgRange>(bytes[..(entry.Count * Unsafe.SizeOf<ArgRange>())]));
    }

    /// <summary>Requests whose keys are prefetched at a time, as in <c>RequestWindow</c>.</summary>
    public const int Prefetched = 16;

    /// <summary>Prefetches the first keys of the next requests from <paramref name="start"/> on.</summary>
    public void Prefetch(int start, Database database)
    {
        var next = Entries.Slice(start, Math.Min(Prefetched, Count - start));
        if (next.Length == 1) return;
        foreach (ref var entry in next)
        {
            if (entry.Command >= 0) database.PrefetchBucket(entry.Hash);
        }
        foreach (ref var entry in next)
        {
            if (entry.Command >= 0) database.PrefetchRecord(entry.Hash);
        }
    }

    /// <summary>Forgets all requests, and gives back what the next transaction will not need.</summary>
    public void Clear()
    {
        for (var i = _chunks.Count - 1; i > 0 || i == 0 && _chunks[0].Capacity > FirstChunk; i--)
        {
            _chunkBytes -= _chunks[i].Capacity;
            _chunks[i].Free();
            _chunks.RemoveAt(i);
        }
        _chunks.TrimExcess();
        if (_chunks is [var first]) first.Clear();
        if (_entries.Capacity > KeptEntries * s_entryBytes) _entries.Free();
        else _entries.Clear();
        _commands.Clear();
        _current = _chunks.Count - 1;
        Count = 0;
        Flags = CommandFlags.None;
        SharedFlags = (CommandFlags)(-1);
        QueuedBytes = 0;
    }

    /// <summary>Forgets all requests, and gives all memory back. For a queue that is not used again.</summary>
    public void Free()
    {
        Clear();
        foreach (var chunk in _chunks) chunk.Free();
        _chunks.Clear();
        _chunkBytes = 0;
        _current = -1;
        _entries.Free();
    }

    Span<byte> Allocate(int length, out int chunk, out int start)
    {
        if (_current >= 0)
        {
            // Ranges are integers of four bytes.
            var current = _chunks[_current];
            start = (current.Length + 3) & ~3;
            if (length <= current.Capacity - start)
            {
                chunk = _current;
                current.Advance(start - current.Length + length);
                return current.Written[start..];
            }
        }
        start = 0;
        chunk = _chunks.Count;
        var size = _current < 0 ? FirstChunk : Math.Min(_chunks[_current].Capacity * 2, LargestChunk);
        if (length <= size) _current = chunk;
        else size = length;
        var added = new NativeWriter(size);
        added.GetSpan(size);
        added.Advance(length);
        _chunks.Add(added);
        _chunkBytes += added.Capacity;
        return added.Written;
    }
}
