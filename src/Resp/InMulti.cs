namespace MiniRedis.Resp;

/// <summary>What becomes of a command between MULTI and EXEC.</summary>
public enum InMulti : byte
{
    /// <summary>It is queued.</summary>
    Queued,

    /// <summary>It runs at once: it ends the transaction, or tells that it has no place in one.</summary>
    Runs,

    /// <summary>It runs what is queued: EXEC.</summary>
    RunsQueue,
}
