namespace MiniRedis.Cluster.Replication;

/// <summary>What a replica says of itself to its master. Text is Latin-1, one char a byte.</summary>
public sealed record HandshakeSettings
{
    /// <summary>masteruser; empty for the user that needs no name.</summary>
    public string User { get; init; } = "";

    /// <summary>masterauth; empty sends no AUTH.</summary>
    public string Password { get; init; } = "";

    /// <summary>The port on which others reach the replica.</summary>
    public required int ListeningPort { get; init; }

    /// <summary>replica-announce-ip; empty lets the master take the address that it sees.</summary>
    public string AnnounceIp { get; init; } = "";

    /// <summary>The version that the replica reports: a newer master then knows which files it reads.</summary>
    public required string Version { get; init; }

    /// <summary>The history that the replica has, and up to where; null if it has none.</summary>
    public ReplicationPosition? Known { get; init; }

    /// <summary>Whether the file of a full synchronization may come by a connection of its own.</summary>
    public bool UsesDualChannel { get; init; }

    /// <summary>Whether the other side, a replica so far, is asked to be the master (PSYNC with FAILOVER). Needs <see cref="Known"/>.</summary>
    public bool IsFailover { get; init; }

    /// <summary>The command that logs in; null if there is no password.</summary>
    internal string[]? Login => Password.Length == 0 ? null : User.Length == 0 ? ["AUTH", Password] : ["AUTH", User, Password];
}

/// <summary>A point of a history of changes.</summary>
/// <param name="Id">40 hexadecimal digits that name the history.</param>
/// <param name="Offset">Bytes of the stream up to it.</param>
public sealed record ReplicationPosition(string Id, long Offset);
