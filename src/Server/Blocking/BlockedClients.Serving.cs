using MiniRedis.Server.Clients;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Blocking;

/// <summary>Serves the clients that it can, and ends the waits that are over.</summary>
sealed partial class BlockedClients
{
    /// <summary>
    /// Runs again the commands that wait for keys that have become ready. The order is Redis's: keys in the order in which they
    /// became ready, and the clients of each key in order of arrival. Keys that this makes ready (BLMOVE) have their turn in the
    /// next round. Called between units of effects.
    /// </summary>
    public void Serve()
    {
        while (_awake.TryDequeue(out var call))
        {
            if (call.IsWaiting) Runner!.RunAgain(call);
        }
        while (_ready.Count > 0)
        {
            (_ready, _round) = (_round, _ready);
            foreach (var queue in _round)
            {
                queue.IsReady = false;
                Serve(queue);
                if (queue is { Count: 0, IsReady: false }) Drop(queue);
            }
            _round.Clear();
        }
    }

    void Serve(BlockingQueue queue)
    {
        var place = queue.First;
        // A client that blocks again queues behind these.
        for (var left = queue.Count; left > 0; left--)
        {
            var call = place!.Call;
            place = place.Next;
            if (!call.OnNoKey && !IsOfType(queue, call)) continue;
            // The first of those who wait for a fill has got the lease: the others keep their places.
            if (call.Awaited is not null && !IsOfType(queue, call) && IsBeingFilled?.Invoke(queue.Database, queue.Key) == true) continue;
            if (pause.IsActive && pause.Holds(call.Client, call.Command, call.Request)) _held.Add(queue);
            else Runner!.RunAgain(call);
        }
    }

    /// <summary>Leaves no trace: an expired or purged key counts as missing, but this lookup does not delete it.</summary>
    bool IsOfType(BlockingQueue queue, BlockingCall call)
    {
        var at = keyspace[queue.Database].Lookup(queue.Key);
        return at.Found && at.Record.Type == call.Type && !KeyAccess.IsGone(keyspace[queue.Database], at.Record, keys.Due);
    }

    /// <summary>Ends every wait: the server becomes a replica, whose keys change by its master's commands only.</summary>
    public void EndAll()
    {
        var calls = new List<BlockingCall>();
        foreach (var client in clients.All)
        {
            if (client.Has(ClientFlags.Blocked) && client.Waiting is { } call) calls.Add(call);
        }
        foreach (var call in calls) Runner!.EndForRole(call);
    }

    /// <summary>Ends the waits whose deadline has passed. Called by the cron.</summary>
    /// <returns>Milliseconds until the next deadline; <see cref="int.MaxValue"/> if there is none.</returns>
    public int EndTimeouts()
    {
        var now = clock.Now;
        while (_deadlines.First is { } call)
        {
            // Strictly past, as in Redis: "now" is a whole millisecond that began earlier, and no client may be answered too
            // soon.
            if (call.Deadline >= now) return (int)Math.Min(call.Deadline - now + 1, int.MaxValue);
            Runner!.EndWait(call, withError: false);
        }
        return int.MaxValue;
    }
}
