namespace MiniRedis.Cluster.Replication;

/// <summary>
/// What a replica says on a connection to its master before bytes follow that are no replies: replies come in, and what to send next comes
/// out. A reply is a line with its sign and without its end. An empty line says that the master is alive, at any time.
/// </summary>
/// <remarks>One thread, one handshake.</remarks>
public abstract class Handshake
{
    static readonly IReadOnlyList<string[]> s_none = [];

    readonly List<HandshakeNote> _notes = [];

    private protected Handshake()
    {
    }

    /// <summary>The first commands.</summary>
    public abstract IReadOnlyList<string[]> Begin();

    /// <summary>Takes a line of the master.</summary>
    public HandshakeStep Next(string line)
    {
        _notes.Clear();
        return line.Length == 0 ? Step(HandshakeOutcome.GoesOn) : OnReply(line, isError: line[0] == '-');
    }

    private protected abstract HandshakeStep OnReply(string line, bool isError);

    private protected static bool IsId(string word) => word.Length == 40;

    private protected void Note(string text) => _notes.Add(new HandshakeNote(text, IsWarning: false));

    private protected void Warn(string text) => _notes.Add(new HandshakeNote(text, IsWarning: true));

    private protected HandshakeStep Fail(string reason)
    {
        Warn(reason);
        return Step(HandshakeOutcome.Failed);
    }

    private protected HandshakeStep Step(
        HandshakeOutcome outcome, IReadOnlyList<string[]>? commands = null, ReplicationPosition? position = null) =>
        new(outcome, commands ?? s_none, position, [.. _notes]);
}
