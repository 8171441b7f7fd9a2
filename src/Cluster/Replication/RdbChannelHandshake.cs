using System.Globalization;

namespace MiniRedis.Cluster.Replication;

/// <summary>
/// The replica's part of the handshake on the connection that brings the file alone, as Valkey 8 speaks it:
/// <code>
///   replica                                          master
///   AUTH                                        ─►
///   REPLCONF capa eof rdb-only 1 rdb-channel 1
///            listening-port n                   ─►
///                                               ◄─   one reply each
///   SYNC                                        ─►
///                                               ◄─   empty lines until its snapshot begins
///                                               ◄─   $ENDOFF:offset id database client, and the file
/// </code>
/// The last line names the instant of the snapshot, where the stream goes on, and this connection: the main one refers to it. The database is
/// not used, since the file names it too, and 8.0.1 always sends 0.
/// </summary>
/// <remarks><inheritdoc cref="Handshake" path="/remarks"/></remarks>
public sealed class RdbChannelHandshake(HandshakeSettings settings) : Handshake
{
    const string EndOffset = "$ENDOFF:";

    enum Expected
    {
        Auth,
        Options,
        EndOffset,
    }

    Expected _expected;

    /// <inheritdoc/>
    public override IReadOnlyList<string[]> Begin()
    {
        var port = settings.ListeningPort.ToString(CultureInfo.InvariantCulture);
        string[] options = ["REPLCONF", "capa", "eof", "rdb-only", "1", "rdb-channel", "1", "listening-port", port];
        _expected = settings.Login is null ? Expected.Options : Expected.Auth;
        return settings.Login is { } login ? [login, options] : [options];
    }

    private protected override HandshakeStep OnReply(string line, bool isError)
    {
        switch (_expected)
        {
            case Expected.Auth when isError:
                return Fail($"Unable to AUTH to MASTER: {line}");
            case Expected.Auth:
                _expected = Expected.Options;
                return Step(HandshakeOutcome.GoesOn);
            case Expected.Options when isError:
                return Fail($"Server does not support sync with offset, dual channel sync approach cannot be used: {line}");
            case Expected.Options:
                _expected = Expected.EndOffset;
                return Step(HandshakeOutcome.GoesOn, [["SYNC"]]);
            default:
                return OnEndOffset(line);
        }
    }

    HandshakeStep OnEndOffset(string line)
    {
        if (line.StartsWith(EndOffset, StringComparison.Ordinal)
            && line[EndOffset.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var offset, var id, var database, var client]
            && long.TryParse(offset, NumberStyles.None, CultureInfo.InvariantCulture, out var position) && IsId(id)
            && int.TryParse(database, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            && long.TryParse(client, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return Step(HandshakeOutcome.FullSync, position: new ReplicationPosition(id, position)) with { RdbClientId = number };
        }
        return Fail($"Received unexpected $ENDOFF response: {line}");
    }
}
