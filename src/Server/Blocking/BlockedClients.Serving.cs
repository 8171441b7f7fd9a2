namespace MiniRedis.Server.Blocking;

/// <summary>Serves whom it can, and ends the waits that are over.</summary>
sealed partial class BlockedClients
{
    /// <summary>
    /// Runs again the commands that wait for what has become ready, in Redis's order: key by key as they became ready, each
    /// key's clients as they came. Keys that this makes ready (BLMOVE) have their turn in the next round. Called between units.
    /// </summary>
    public void Serve()
    {
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
        // Those who block again come again behind these.
        for (var left = queue.Count; left > 0; left--)
        {
            var call = place!.Call;
            place = place.Next;
            if (!call.OnNoKey && !IsOfType(queue, call)) continue;
            if (pause.IsActive && pause.Holds(call.Client, call.Command, call.Request)) _held.Add(queue);
            else Runner!.RunAgain(call);
        }
    }

    /// <summary>Without a trace: what has expired is not there, but it is not for us to delete it.</summary>
    bool IsOfType(BlockingQueue queue, BlockingCall call)
    {
        var at = keyspace[queue.Database].Lookup(queue.Key);
        return at.Found && at.Record.Type == call.Type && !(at.Record.HasExpiry && at.Record.ExpireAt <= keys.Due);
    }

    /// <summary>Ends the waits whose time is over. Called by the cron.</summary>
    /// <returns>Milliseconds until the next is; <see cref="int.MaxValue"/> if none has a deadline.</returns>
    public int EndTimeouts()
    {
        var now = clock.Now;
        while (_deadlines.First is { } call)
        {
            // Strictly past, as in Redis: "now" is a whole millisecond that began earlier, and nobody is to be answered too soon.
            if (call.Deadline >= now) return (int)Math.Min(call.Deadline - now + 1, int.MaxValue);
            Runner!.EndWait(call, withError: false);
        }
        return int.MaxValue;
    }
}
