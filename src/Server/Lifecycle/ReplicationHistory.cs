namespace MiniRedis.Server.Lifecycle;

/// <summary>
/// The history of the data set's changes as replication knows it: a name, and how many bytes of changes have happened under it. Two
/// servers whose data have the same name and the same offset are equal, so a replica that has been away asks for the bytes from its
/// offset on (PSYNC). Under the executor's lock.
/// <para>
/// A second name stands for the history that this one continues: after a promotion the replicas of the former master still ask by its
/// name, and up to <see cref="SecondOffset"/> they are right (Redis 4's PSYNC2).
/// </para>
/// </summary>
sealed class ReplicationHistory
{
    /// <summary>The name of no history: 40 zeros.</summary>
    public static readonly string None = new('0', 40);

    /// <summary>40 hexadecimal digits.</summary>
    public string Id { get; private set; } = ServerIds.NewId();

    /// <summary>The name of the history that this one continues; <see cref="None"/> if it continues none.</summary>
    public string Id2 { get; private set; } = None;

    /// <summary>The first offset that <see cref="Id2"/> does not vouch for; -1 without a second name.</summary>
    public long SecondOffset { get; private set; } = -1;

    /// <summary>Bytes of the stream of changes so far: master_repl_offset.</summary>
    public long Offset { get; set; }

    /// <summary>
    /// The database that the stream has selected last, which a saved file notes; 0 if the next command selects one anyway.
    /// </summary>
    public int StreamDatabase { get; set; }

    /// <summary>
    /// Whether the offset counts every change, so that a saved file may note it: there is a backlog, or the server follows a master.
    /// </summary>
    public bool IsCounted { get; set; }

    /// <summary>Whether this server follows a master. Then the history is the master's.</summary>
    public bool IsReplica { get; set; }

    /// <summary>Whether the link to that master works, so that the stream goes on.</summary>
    public bool IsLinkUp { get; set; }

    /// <summary>Whether a replica has had its master's data since it follows it. They may be old by now.</summary>
    public bool HasMasterData { get; set; }

    /// <summary>A new name, which no replica knows. The second name stays.</summary>
    public void Change() => Id = ServerIds.NewId();

    /// <summary>A history of its own, which continues no other.</summary>
    public void Begin()
    {
        Change();
        ForgetSecond();
    }

    /// <summary>Goes on under a new name, and answers for the former one up to here: a replica becomes a master.</summary>
    public void Shift()
    {
        (Id2, SecondOffset) = (Id, Offset + 1);
        Change();
    }

    /// <summary>Has all of another server's history, up to an offset.</summary>
    public void Adopt(string id, long offset)
    {
        (Id, Offset) = (id, offset);
        ForgetSecond();
    }

    /// <summary>The master goes on under a new name (+CONTINUE with one). The former one is answered for up to here.</summary>
    public void Rename(string id)
    {
        (Id2, SecondOffset) = (Id, Offset + 1);
        Id = id;
    }

    /// <summary>Goes on under its own name after the history of a file, which it answers for: a master that was restarted.</summary>
    public void Continue(string id, long offset)
    {
        (Id2, SecondOffset) = (id, offset + 1);
        Offset = offset;
    }

    void ForgetSecond() => (Id2, SecondOffset) = (None, -1);
}
