using MiniRedis.Server.Blocking;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Replication;

/// <summary>Wakes the clients whose writes have reached enough replicas or disks (WAIT, WAITAOF). Under the executor's lock.</summary>
sealed class AckWaits(
    Replicas replicas, AppendOnlyFile aof, AofRewriting aofRewriting, BlockedClients blocked, PersistenceSettings settings)
{
    readonly List<BlockingCall> _waiting = [];

    public void Add(BlockingCall call, AwaitedWrites awaited)
    {
        call.Awaited = awaited;
        _waiting.Add(call);
    }

    /// <summary>Has those served that wait no longer. Called when replicas have acknowledged more, and by the cron for the disk.</summary>
    public void Check()
    {
        if (_waiting.Count == 0) return;
        // Nearly always the same offset is asked for.
        var (offset, reached) = (-1L, 0);
        for (var i = _waiting.Count - 1; i >= 0; i--)
        {
            var call = _waiting[i];
            if (!call.IsWaiting)
            {
                _waiting.RemoveAt(i);
                continue;
            }
            var awaited = AwaitedWrites.Of(call);
            if (awaited.IsAof)
            {
                if (!IsOnDisks(awaited)) continue;
            }
            else
            {
                if (awaited.Offset != offset) (offset, reached) = (awaited.Offset, replicas.CountAcks(awaited.Offset));
                if (reached < awaited.Replicas) continue;
            }
            _waiting.RemoveAt(i);
            blocked.Wake(call);
        }
    }

    /// <summary>Whether the writes are safe in this server's own append-only file. Without its base the file says nothing.</summary>
    public bool IsOnDisk(AwaitedWrites awaited) => aof.HasSynced(awaited.AofPosition) && !aofRewriting.AwaitsBase;

    bool IsOnDisks(AwaitedWrites awaited)
    {
        // The command answers that there is no file to wait for.
        if (awaited.Local > 0 && !settings.AppendOnly) return true;
        if (awaited.Local > 0 && !IsOnDisk(awaited)) return false;
        return replicas.CountAofAcks(awaited.Offset) >= awaited.Replicas;
    }
}
