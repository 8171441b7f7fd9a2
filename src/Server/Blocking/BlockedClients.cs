using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Blocking;

// The idea (Redis's, blocked.c). A command that finds nothing queues its client under each of its keys and ends without a reply.
// A command that creates or changes one of those keys marks it ready. When that unit of commands is over, the clients of ready
// keys are served in the order in which they blocked: each command is run once more and replies to its client. A command that
// finds nothing again blocks again, at the end of its queues but with its old deadline.
//
//     database ─► key ─► BlockingQueue ─► Place ─► Place ─► Place       in order of arrival
//                                          │        │
//                                     BlockingCall  └─ one call may have a place in several queues
//                                     (client, copy of its request, deadline)
//
// Ours differs in how keys become ready: the stream of effects tells it, rather than calls in each command, which RENAME, SORT
// STORE or SWAPDB could forget. It is not subscribed while no client is blocked. Events are only noted: at the time of an event
// the change may be incomplete, and serving within a command would break its atomicity.
//
// How a handler blocks:
//
//     if (!c.TryTimeout(c.Count - 1, out var deadline)) return;         // replied: not a float, negative, out of range
//     for each key: if there is something to serve, serve it and return
//     c.Block(first: 1, last: c.Count - 2, ObjectType.List, deadline);  // neither reply nor look at c after this
//
// A command that is run again has the same arguments, so its handler needs no second form. Arguments that mean "now" (XREAD's $)
// are fixed by BlockingCall.Replace on the call that Block returns. Where a command may not wait (c.MayBlock is false: MULTI,
// scripts), Block answers at once what a timeout would: the null array. A command with another answer asks c.MayBlock first.
//
// Costs: a blocked client is a BlockingCall (with one array for its request) and one place for each key. Leaving takes time in
// proportion to the client's keys and to the logarithm of the number of deadlines.

/// <summary>
/// The clients that wait for keys. BlockedClients.Wakeups.cs marks keys ready, BlockedClients.Serving.cs serves their clients.
/// </summary>
/// <remarks>Under the executor's lock.</remarks>
sealed partial class BlockedClients(
    Keyspace keyspace, ClientRegistry clients, KeyAccess keys, ClientPause pause, EffectStream effects, Clock clock, CronSignal cronSignal)
{
    readonly Dictionary<byte[], BlockingQueue>?[] _queues = new Dictionary<byte[], BlockingQueue>?[keyspace.DatabaseCount];
    readonly KeyComparer _comparer = new(keyspace[0]);
    readonly DeadlineHeap<BlockingCall> _deadlines = new();
    int _calls;

    /// <summary>Runs the commands again. Set before the first client connects.</summary>
    public IBlockedRunner? Runner { get; set; }

    /// <summary>Clients that wait for keys.</summary>
    public int Count => _calls;

    /// <summary>Number of keys that clients wait for, in all databases.</summary>
    public int Keys { get; private set; }

    /// <summary>Number of those keys that also wake a client by going away.</summary>
    public int KeysOnNoKey { get; private set; }

    /// <summary>Clients that wait with a timeout.</summary>
    public int Timeouts => _deadlines.Count;

    /// <summary>
    /// Blocks the client until one of the keys in arguments <paramref name="first"/> to <paramref name="last"/> is ready.
    /// </summary>
    /// <param name="client">It waits in its selected database.</param>
    /// <param name="command">Run again once a key is ready.</param>
    /// <param name="request">Copied.</param>
    /// <param name="first">The first key's argument.</param>
    /// <param name="last">The last key's argument.</param>
    /// <param name="type">The type a key must have to serve the client.</param>
    /// <param name="deadline">Unix milliseconds; 0 for none. A command that blocks again keeps its first deadline.</param>
    /// <param name="onNoKey">Also run it again when a key goes away or changes its type.</param>
    public BlockingCall Block(
        Client client, CommandSpec command, in Request request, int first, int last, ObjectType type, long deadline, bool onNoKey)
    {
        // A command that was run again and found nothing keeps its call and its deadline.
        var call = client.Waiting ??= new BlockingCall(client, command, client.Database.Number, request, type, deadline, onNoKey);
        Debug.Assert(!client.Has(ClientFlags.Blocked), "blocked twice");
        for (var i = first; i <= last; i++) Enqueue(call, request[i]);
        client.Flags |= ClientFlags.Blocked;
        if (_calls++ == 0) effects.AddSink(this);
        if (call.Deadline == 0) return call;
        _deadlines.Add(call);
        // The cron's own pace may be too slow for this deadline.
        if (_deadlines.First == call) cronSignal.RequestBefore(call.Deadline);
        return call;
    }

    /// <summary>Takes a call out of every queue. Its client may run commands again.</summary>
    public void Release(BlockingCall call)
    {
        for (var place = call.Places; place is not null; place = place.NextOfCall)
        {
            var queue = place.Queue;
            queue.Remove(place);
            if (call.OnNoKey && --queue.OnNoKey == 0) KeysOnNoKey--;
            if (queue is { Count: 0, IsReady: false }) Drop(queue);
        }
        call.Places = null;
        if (call.Deadline != 0) _deadlines.Remove(call);
        call.Client.Flags &= ~ClientFlags.Blocked;
        if (--_calls == 0) effects.RemoveSink(this);
    }

    /// <summary>The client disconnects, whether it waits or not.</summary>
    public void Leave(Client client)
    {
        if (client is { Waiting: { } waiting } && client.Has(ClientFlags.Blocked)) Release(waiting);
    }

    void Enqueue(BlockingCall call, ReadOnlySpan<byte> key)
    {
        var queues = _queues[call.Database] ??= new(_comparer);
        var byKey = queues.GetAlternateLookup<ReadOnlySpan<byte>>();
        if (!byKey.TryGetValue(key, out var queue))
        {
            queue = new BlockingQueue(call.Database, key.ToArray());
            queues.Add(queue.Key, queue);
            Keys++;
        }
        // A key named twice is queued once: then the last call of the queue is this one.
        if (queue.Last?.Call == call) return;
        call.Places = queue.Append(call);
        if (call.OnNoKey && queue.OnNoKey++ == 0) KeysOnNoKey++;
    }

    bool TryGetQueue(int database, ReadOnlySpan<byte> key, [NotNullWhen(true)] out BlockingQueue? queue)
    {
        queue = null;
        return _queues[database] is { Count: > 0 } queues && queues.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out queue);
    }

    /// <summary>
    /// Removes an empty queue, unless another has taken its place: a queue empties while its clients are served, and a client
    /// that blocks again may have created a new one.
    /// </summary>
    void Drop(BlockingQueue queue)
    {
        var queues = _queues[queue.Database]!;
        if (!queues.TryGetValue(queue.Key, out var current) || current != queue) return;
        queues.Remove(queue.Key);
        Keys--;
    }
}
