using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Blocking;

/// <summary>
/// A command that waits: its client and a copy of the request to run again. Lives from the first time the command blocks until it
/// has replied, however often it blocks again. Belongs to <see cref="BlockedClients"/>.
/// </summary>
sealed class BlockingCall : IHasDeadline
{
    const int OwnBytes = 128;

    readonly int _count;
    // The ranges of the arguments, then their bytes; _used counts both.
    byte[] _request;
    int _used;
    BlockingQueue.Place? _places;
    long _placesBytes;

    public BlockingCall(Client client, CommandSpec command, int database, in Request request, ObjectType type, long deadline, bool onNoKey)
    {
        (Client, Command, Database, Type, Deadline, OnNoKey) = (client, command, database, type, deadline, onNoKey);
        _count = request.Count;
        var start = _count * Unsafe.SizeOf<ArgRange>();
        var length = start;
        foreach (var argument in request.Args) length += argument.Length;
        _request = new byte[length];
        _used = length;
        for (var i = 0; i < _count; i++)
        {
            request[i].CopyTo(_request.AsSpan(start));
            Ranges[i] = new ArgRange(start, request[i].Length);
            start += request[i].Length;
        }
    }

    public Client Client { get; }
    public CommandSpec Command { get; }

    /// <summary>Number of the database in which its keys are.</summary>
    public int Database { get; }

    /// <summary>The type a key must have for the command to be run again.</summary>
    public ObjectType Type { get; }

    /// <summary>Unix milliseconds; 0 if it waits without end.</summary>
    public long Deadline { get; }

    /// <summary>Whether the command is also run again when a key has gone or has another type.</summary>
    public bool OnNoKey { get; }

    /// <summary>
    /// How long it has run so far, in ticks of the clock. SLOWLOG and the statistics count the sum when it replies.
    /// </summary>
    public long Ticks { get; set; }

    /// <summary>
    /// What it waits for instead of keys, or with its key: a fill under a lease. Null if it waits for keys alone. Such a command is run once
    /// more when its time is over, and answers what there is by then.
    /// </summary>
    public object? Awaited { get; set; }

    /// <summary>Whether its time is over: it must not wait again.</summary>
    public bool IsOver { get; set; }

    /// <summary>Whether its client still waits by it.</summary>
    public bool IsWaiting => Client.Waiting == this && Client.Has(ClientFlags.Blocked) && !Client.IsGone;

    /// <summary>Its places in the queues of its keys; none while it runs.</summary>
    public BlockingQueue.Place? Places
    {
        get => _places;
        set
        {
            // A place that is added becomes the first.
            _placesBytes = value is null ? 0 : _placesBytes + BlockingQueue.Place.OwnBytes;
            _places = value;
        }
    }

    /// <inheritdoc/>
    public int HeapIndex { get; set; } = -1;

    public Request Request => new(_request, Ranges);

    Span<ArgRange> Ranges => MemoryMarshal.Cast<byte, ArgRange>(_request.AsSpan(0, _count * Unsafe.SizeOf<ArgRange>()));

    /// <summary>Bytes of memory. The sizes of the objects are measured.</summary>
    public long MemoryBytes => OwnBytes + _request.Length + _placesBytes;

    /// <summary>Gives an argument another value for the next run: one that was relative to the moment of the request.</summary>
    public void Replace(int argument, ReadOnlySpan<byte> value)
    {
        var start = _used;
        _used = checked(start + value.Length);
        // Doubled, since there may be many: XREAD takes an id for each of its streams.
        if (_used > _request.Length) Array.Resize(ref _request, (int)Math.Min(Math.Max(_used, 2L * _request.Length), Array.MaxLength));
        value.CopyTo(_request.AsSpan(start));
        Ranges[argument] = new ArgRange(start, value.Length);
    }
}
