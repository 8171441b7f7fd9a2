namespace MiniRedis.Resp;

/// <summary>How a command is treated between MULTI and EXEC.</summary>
public enum InMulti : byte
{
    /// <summary>It is queued.</summary>
    Queued,

    /// <summary>It runs at once: it ends the transaction, or answers that it is not allowed in one.</summary>
    Runs,

    /// <summary>It runs what is queued: EXEC.</summary>
    RunsQueue,
}
