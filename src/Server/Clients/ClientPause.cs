using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Clients;

/// <summary>Why requests are held: INFO's paused_reason, in Valkey's words.</summary>
enum PauseReason
{
    None,
    Client,
    Shutdown,
    Failover,
    SlotMigration,
}

/// <summary>CLIENT PAUSE: which requests are held, and until when. A held request stays unread in its connection.</summary>
sealed class ClientPause(ClientRegistry clients, Clock clock)
{
    long _until;
    bool _writesOnly;

    // How many parts of the server hold writes, by the reason.
    readonly int[] _holds = new int[(int)PauseReason.SlotMigration + 1];
    int _allHolds;

    /// <summary>A pause is over, and held clients may go on.</summary>
    public event Action? Ended;

    /// <summary>Whether the pause is one of writes: who only reads goes on.</summary>
    public bool IsOfWrites => _writesOnly || _until <= clock.Now;

    /// <summary>Whether a pause is in force at this moment.</summary>
    public bool IsActive => _allHolds > 0 || _until > clock.Now;

    /// <summary>Why requests are held; what clients have asked for comes first.</summary>
    public PauseReason Reason => _until > clock.Now ? PauseReason.Client : (PauseReason)Math.Max(0, Array.FindIndex(_holds, count => count > 0));

    /// <summary>Milliseconds until what clients have asked for is over; 0 if it is.</summary>
    public long Left => Math.Max(0, _until - clock.Now);

    /// <summary>
    /// Whether a request is held. A request that cannot run anyway is not: it is answered with its error at once.
    /// </summary>
    /// <param name="command">The command that the request names; null if there is none.</param>
    public bool Holds(Client client, CommandSpec? command, in Request request)
    {
        if (command is null || client.Has(ClientFlags.Replica | ClientFlags.Monitor)) return false;
        // Of two nodes that give slots to each other, each would wait for the other.
        if (client.ImportedSlots is not null && _allHolds == _holds[(int)PauseReason.SlotMigration] && _until <= clock.Now) return false;
        if (command.IsContainer && request.Count > 1) command = command.FindSubcommand(request[1]) ?? command;
        if (!command.IsCallable || !command.AcceptsCount(request.Count)) return false;
        if (!client.IsAuthenticated && (command.Flags & CommandFlags.NoAuth) == 0) return false;
        if (client.Has(ClientFlags.Multi) && (command.Flags & CommandFlags.NoMulti) != 0) return false;
        if (client.User.IsRestricted && !AccessCheck.Check(client.User, command, request, client.Database.Number).IsAllowed) return false;
        // Redis holds this too, and then no client can end a pause of ALL early.
        if (command.Name == "UNPAUSE") return false;
        if (!IsOfWrites) return true;
        var flags = command.Flags;
        if (command.InMulti == InMulti.RunsQueue && client.Transaction is { } transaction) flags |= transaction.Queue.Flags;
        return (flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0;
    }

    /// <summary>Starts a pause, or extends the one in force: the later end and the stricter kind hold, as in Redis.</summary>
    public void Start(long until, bool writesOnly)
    {
        var active = _until > clock.Now;
        _writesOnly = writesOnly && (!active || _writesOnly);
        _until = active ? Math.Max(_until, until) : until;
    }

    /// <summary>Holds writes until <see cref="ReleaseWrites"/>, whatever clients pause beside it. Each hold is released once.</summary>
    public void HoldWrites(PauseReason reason)
    {
        _holds[(int)reason]++;
        _allHolds++;
    }

    /// <summary>Ends a hold.</summary>
    public void ReleaseWrites(PauseReason reason)
    {
        _holds[(int)reason]--;
        _allHolds--;
        if (IsActive) return;
        Resume();
        Ended?.Invoke();
    }

    /// <summary>Ends the pause and lets the held clients go on.</summary>
    public void End()
    {
        _until = 0;
        Resume();
        Ended?.Invoke();
    }

    /// <summary>Called by the cron: lets the held clients go on once the pause is over.</summary>
    public void ResumeIfOver()
    {
        if (_until != 0 && _until <= clock.Now) End();
    }

    /// <summary>Lets all held clients try again. A client that still has to wait is held again.</summary>
    public void Resume()
    {
        foreach (var client in clients.All)
        {
            if (!client.Has(ClientFlags.Paused)) continue;
            client.Flags &= ~ClientFlags.Paused;
            client.Connection.WantsResume = true;
            client.Connection.RequestAttentionLocked();
        }
    }
}
