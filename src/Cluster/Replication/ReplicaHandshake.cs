using System.Globalization;

namespace MiniRedis.Cluster.Replication;

/// <summary>
/// The replica's part of a handshake of PSYNC2: replies of the master come in, and what to send next comes out.
/// <code>
///   replica                                    master
///   PING                                  ─►
///                                         ◄─   +PONG, or an error that a password explains
///   AUTH, REPLCONF listening-port,        ─►
///   ip-address, capa, version
///                                         ◄─   one reply each
///   PSYNC id offset, or PSYNC ? -1        ─►
///                                         ◄─   empty lines while it prepares its answer
///                                         ◄─   +CONTINUE [id] | +FULLRESYNC id offset | +DUALCHANNELSYNC | an error
///   SYNC, where PSYNC is not known        ─►
/// </code>
/// After +DUALCHANNELSYNC another connection fetches the file (<see cref="RdbChannelHandshake"/>), and this one the stream from the file's
/// instant on (<see cref="MainChannelHandshake"/>).
/// </summary>
/// <remarks><inheritdoc cref="Handshake" path="/remarks"/></remarks>
public sealed class ReplicaHandshake(HandshakeSettings settings) : Handshake
{
    enum Expected
    {
        Pong,
        Auth,
        ListeningPort,
        IpAddress,
        Capabilities,
        Version,
        Psync,
    }

    readonly Queue<Expected> _expected = [];

    /// <inheritdoc/>
    public override IReadOnlyList<string[]> Begin()
    {
        _expected.Enqueue(Expected.Pong);
        return [["PING"]];
    }

    private protected override HandshakeStep OnReply(string line, bool isError)
    {
        var expected = _expected.Dequeue();
        switch (expected)
        {
            case Expected.Pong:
                return OnPong(line, isError);
            case Expected.Auth when isError:
                return Fail($"Unable to AUTH to MASTER: {line}");
            case Expected.ListeningPort when isError:
                Forgive("listening-port", line);
                break;
            case Expected.IpAddress when isError:
                Forgive("ip-address", line);
                break;
            case Expected.Capabilities when isError:
                Forgive("capa", line);
                break;
            case Expected.Version when isError:
                Forgive("version", line);
                break;
            case Expected.Psync:
                return OnPsync(line);
        }
        if (_expected.Count > 0) return Step(HandshakeOutcome.GoesOn);
        _expected.Enqueue(Expected.Psync);
        if (settings.Known is { } known)
        {
            var next = (known.Offset + 1).ToString(CultureInfo.InvariantCulture);
            Note($"Trying a partial resynchronization (request {known.Id}:{next}).");
            return Step(HandshakeOutcome.GoesOn, [settings.IsFailover ? ["PSYNC", known.Id, next, "FAILOVER"] : ["PSYNC", known.Id, next]]);
        }
        Note("Partial resynchronization not possible (no cached master)");
        return Step(HandshakeOutcome.GoesOn, [["PSYNC", "?", "-1"]]);
    }

    // Whoever hands the master's part over wants an answer to that, and has all data.
    bool AsksForDualChannel => settings is { UsesDualChannel: true, IsFailover: false };

    HandshakeStep OnPong(string line, bool isError)
    {
        // A master that wants a password first, or a user who may not PING, is alive all the same.
        var isAlive = !isError || line.StartsWith("-NOAUTH", StringComparison.Ordinal) || line.StartsWith("-NOPERM", StringComparison.Ordinal)
            || line.StartsWith("-ERR operation not permitted", StringComparison.Ordinal);
        if (!isAlive) return Fail($"Error reply to PING from master: '{line}'");
        Note("Master replied to PING, replication can continue...");
        var commands = new List<string[]>();
        void Add(Expected reply, params string[] command)
        {
            _expected.Enqueue(reply);
            commands.Add(command);
        }

        if (settings.Login is { } login) Add(Expected.Auth, login);
        Add(Expected.ListeningPort, "REPLCONF", "listening-port", settings.ListeningPort.ToString(CultureInfo.InvariantCulture));
        if (settings.AnnounceIp.Length > 0) Add(Expected.IpAddress, "REPLCONF", "ip-address", settings.AnnounceIp);
        string[] dualChannel = AsksForDualChannel ? ["capa", "dual-channel"] : [];
        Add(Expected.Capabilities, ["REPLCONF", "capa", "eof", "capa", "psync2", .. dualChannel, "capa", "slot-migrations"]);
        Add(Expected.Version, "REPLCONF", "version", settings.Version);
        return Step(HandshakeOutcome.GoesOn, commands);
    }

    HandshakeStep OnPsync(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words[0])
        {
            case "+CONTINUE":
                return OnContinue(words);
            case "+FULLRESYNC":
                if (words.Length >= 3 && IsId(words[1])
                    && long.TryParse(words[2], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var offset))
                {
                    Note($"Full resync from master: {words[1]}:{words[2]}");
                    return Step(HandshakeOutcome.FullSync, position: new ReplicationPosition(words[1], offset));
                }
                return Fail("Master replied with wrong +FULLRESYNC syntax.");
            case "+DUALCHANNELSYNC" when AsksForDualChannel:
                Note("PSYNC is not possible, initialize RDB channel.");
                return Step(HandshakeOutcome.DualChannel);
            case ['-', ..] when settings.IsFailover:
                Note($"The replica does not take the master's part: {line}");
                return Step(HandshakeOutcome.RefusesFailover);
            case "-NOMASTERLINK" or "-LOADING":
                Note($"Master is currently unable to PSYNC but should be in the future: {line}");
                return Step(HandshakeOutcome.TryLater);
            case "-ERR":
                Note($"Master does not support PSYNC or is in error state (reply: {line})");
                break;
            default:
                Warn($"Unexpected reply to PSYNC from master: {line}");
                break;
        }
        Note("Retrying with SYNC...");
        return Step(HandshakeOutcome.OldSync, [["SYNC"]]);
    }

    HandshakeStep OnContinue(string[] words)
    {
        Note("Successful partial resynchronization with master.");
        if (settings.Known is not { } known) return Fail("Master continues a history that was not asked for");
        if (words.Length < 2 || !IsId(words[1]) || words[1] == known.Id) return Step(HandshakeOutcome.Continues, position: known);
        Note($"Master replication ID changed to {words[1]}");
        return Step(HandshakeOutcome.Continues, position: known with { Id = words[1] });
    }

    void Forgive(string option, string line) => Note($"(Non critical) Master does not understand REPLCONF {option}: {line}");
}
