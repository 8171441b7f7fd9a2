namespace MiniRedis.Server.Clients;

[Flags]
enum ClientFlags
{
    None = 0,
    Blocked = 1 << 0,
    Paused = 1 << 1,
    NoEvict = 1 << 2,
    NoTouch = 1 << 3,
    PubSub = 1 << 4,
    Replica = 1 << 5,
    Monitor = 1 << 6,
    Master = 1 << 7,

    /// <summary>Between MULTI and EXEC.</summary>
    Multi = 1 << 8,

    /// <summary>Content with what a replica has (READONLY).</summary>
    ReadOnlyReplica = 1 << 9,

    /// <summary>A watched key has changed: EXEC will run nothing.</summary>
    DirtyCas = 1 << 10,

    /// <summary>A command could not be queued: EXEC will run nothing.</summary>
    DirtyExec = 1 << 11,

    /// <summary>Understands being redirected to another server (CLIENT CAPA redirect).</summary>
    CanRedirect = 1 << 12,

    /// <summary>Its replies wait until the writes that they acknowledge are on disk (appendfsync always).</summary>
    AwaitsDisk = 1 << 13,

    /// <summary>
    /// Copies another server's data here, expired keys included (CLIENT IMPORT-SOURCE). No effect unless import-mode is on.
    /// </summary>
    ImportSource = 1 << 14,

    /// <summary>The running command, or transaction, may use a slot that this node takes over from another (ASKING).</summary>
    Asking = 1 << 15,

    /// <summary>The next one may: ASKING was the last command.</summary>
    AskingNext = 1 << 16,
}
