using System.Globalization;

namespace MiniRedis.Cluster.Replication;

/// <summary>
/// How the connection that was answered +DUALCHANNELSYNC goes on once the other one (<see cref="RdbChannelHandshake"/>) knows the instant of
/// its file:
/// <code>
///   replica                                   master
///   REPLCONF set-rdb-client-id n         ─►
///                                        ◄─   +OK
///   PSYNC id offset                      ─►
///                                        ◄─   +CONTINUE [id], and the stream
/// </code>
/// The second command waits for the answer to the first: a master refuses PSYNC while it has something to send. Any other answer ends both
/// connections.
/// </summary>
/// <param name="file">The instant of the file.</param>
/// <param name="rdbClientId">The master's number for the other connection.</param>
/// <remarks><inheritdoc cref="Handshake" path="/remarks"/></remarks>
public sealed class MainChannelHandshake(ReplicationPosition file, long rdbClientId) : Handshake
{
    bool _isNamed;

    /// <inheritdoc/>
    public override IReadOnlyList<string[]> Begin() =>
        [["REPLCONF", "set-rdb-client-id", rdbClientId.ToString(CultureInfo.InvariantCulture)]];

    private protected override HandshakeStep OnReply(string line, bool isError)
    {
        if (_isNamed) return OnPsync(line);
        if (isError) return Fail($"Master does not understand REPLCONF set-rdb-client-id: {line}");
        _isNamed = true;
        var next = (file.Offset + 1).ToString(CultureInfo.InvariantCulture);
        Note($"Trying a partial resynchronization using main channel (request {file.Id}:{next}).");
        return Step(HandshakeOutcome.GoesOn, [["PSYNC", file.Id, next]]);
    }

    HandshakeStep OnPsync(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words[0] != "+CONTINUE") return Fail($"Aborting dual channel sync. Main channel psync result: {line}");
        Note("MASTER <-> REPLICA sync: Master accepted a Partial Resynchronization, RDB load in background.");
        // A master that was a replica itself may have been promoted meanwhile.
        return Step(HandshakeOutcome.Continues, position: words.Length > 1 && IsId(words[1]) ? file with { Id = words[1] } : file);
    }
}
