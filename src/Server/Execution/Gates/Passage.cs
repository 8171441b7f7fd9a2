namespace MiniRedis.Server.Execution.Gates;

/// <summary>
/// What plain commands of a client have to pass. It is worked out once for many of them, since none of them can change it.
/// </summary>
enum Passage
{
    /// <summary>Every gate: the server or the client is in a state in which commands may have to wait or be refused.</summary>
    AllGates,

    /// <summary>Those that depend on the command and its keys: the user's rights, the slot's owner, room under maxmemory.</summary>
    OwnGates,

    /// <summary>None.</summary>
    Free,
}
