using System.Runtime.InteropServices;
using MiniRedis.Resp;

namespace MiniRedis.Server.Transactions;

// The idea. Requests of a transaction are copied one after the other into chunks of bytes, each with the ranges of its arguments
// in front. A request that runs is a view of the chunk, so nothing is allocated for it. (An array for each request, as in
// BlockingCall, would be one object for the collector for each command: ten for a transaction of ten SETs.)
//
//     chunk    ranges │ arguments │ ranges │ arguments │ ...              2 KB, then twice as much each time, 64 KB at most
//     entry    command, hash of the first key, place in which chunk       40 bytes
//
// A request that does not fit a chunk gets one of exactly its size. The first chunk and the entries are kept for the next
// transaction.

/// <summary>The requests of one transaction, in order. Under the executor's lock.</summary>
sealed class TransactionQueue
{
    const int FirstChunk = 2048, LargestChunk = 64 * 1024;

    /// <summary>Entries to begin with. An array of more than eight times as many is not kept.</summary>
    const int FirstEntries = 16;

    readonly List<byte[]> _chunks = [];
    Entry[] _entries = new Entry[FirstEntries];
    // The chunk that is being filled, and its used bytes.
    int _current = -1, _used;
    long _chunkBytes;

    struct Entry
    {
        public CommandSpec Command;
        public ulong Hash;
        public int Chunk, Start, Length, Count;
        public bool HasHash;
    }

    /// <summary>Number of commands.</summary>
    public int Count { get; private set; }

    /// <summary>The flags that any of the commands has.</summary>
    public CommandFlags Flags { get; private set; }

    /// <summary>The flags that all of the commands have.</summary>
    public CommandFlags SharedFlags { get; private set; } = (CommandFlags)(-1);

    /// <summary>Bytes of the arguments and of their ranges: CLIENT LIST's multi-mem.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>Bytes of memory that it holds.</summary>
    public long MemoryBytes => _chunkBytes + _entries.Length * 40L;

    /// <summary>Appends a copy of a request.</summary>
    /// <param name="keyHash">The hash of its first key, if it is known.</param>
    public void Add(CommandSpec command, in Request request, ulong? keyHash)
    {
        var ranges = request.Count * Marshal.SizeOf<ArgRange>();
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
        if (Count == _entries.Length) Array.Resize(ref _entries, checked(_entries.Length * 2));
        _entries[Count++] = new Entry
        {
            Command = command, Hash = keyHash.GetValueOrDefault(), HasHash = keyHash.HasValue,
            Chunk = chunk, Start = start, Length = length, Count = request.Count,
        };
        Flags |= command.Flags;
        SharedFlags &= command.Flags;
        QueuedBytes += length;
    }

    /// <summary>The request at <paramref name="index"/>. Valid until the queue is cleared.</summary>
    public Request Request(int index, out CommandSpec command, out ulong? keyHash)
    {
        ref readonly var entry = ref _entries[index];
        command = entry.Command;
        keyHash = entry.HasHash ? entry.Hash : null;
        var bytes = _chunks[entry.Chunk].AsSpan(entry.Start, entry.Length);
        return new Request(bytes, MemoryMarshal.Cast<byte, ArgRange>(bytes[..(entry.Count * Marshal.SizeOf<ArgRange>())]));
    }

    /// <summary>Requests whose keys are prefetched at a time, as in <c>RequestWindow</c>.</summary>
    public const int Prefetched = 16;

    /// <summary>Prefetches the first keys of the next requests from <paramref name="start"/> on.</summary>
    public void Prefetch(int start, Database database)
    {
        var next = _entries.AsSpan(start, Math.Min(Prefetched, Count - start));
        if (next.Length == 1) return;
        foreach (ref var entry in next)
        {
            if (entry.HasHash) database.PrefetchBucket(entry.Hash);
        }
        foreach (ref var entry in next)
        {
            if (entry.HasHash) database.PrefetchRecord(entry.Hash);
        }
    }

    public void Clear()
    {
        if (_chunks.Count > 1)
        {
            _chunks.RemoveRange(1, _chunks.Count - 1);
            _chunkBytes = _chunks[0].Length;
        }
        if (_chunks is [{ Length: > FirstChunk }])
        {
            _chunks.Clear();
            _chunkBytes = 0;
        }
        if (_entries.Length > 8 * FirstEntries) _entries = new Entry[FirstEntries];
        _current = _chunks.Count - 1;
        _used = Count = 0;
        Flags = CommandFlags.None;
        SharedFlags = (CommandFlags)(-1);
        QueuedBytes = 0;
    }

    Span<byte> Allocate(int length, out int chunk, out int start)
    {
        // Ranges are integers of four bytes.
        start = (_used + 3) & ~3;
        if (_current >= 0 && length <= _chunks[_current].Length - start)
        {
            chunk = _current;
            _used = start + length;
            return _chunks[chunk].AsSpan(start, length);
        }
        start = 0;
        chunk = _chunks.Count;
        var size = _current < 0 ? FirstChunk : Math.Min(_chunks[_current].Length * 2, LargestChunk);
        if (length <= size)
        {
            _current = chunk;
            _used = length;
        }
        else
        {
            size = length;
        }
        _chunks.Add(new byte[size]);
        _chunkBytes += size;
        return _chunks[chunk].AsSpan(0, length);
    }
}
