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
///                                         ◄─   +CONTINUE [id] | +FULLRESYNC id offset | an error
///   SYNC, where PSYNC is not known        ─►
/// </code>
/// A reply is a line with its sign and without its end. An empty line says that the master is alive, at any time.
/// </summary>
/// <remarks>One thread, one handshake.</remarks>
public sealed class ReplicaHandshake(HandshakeSettings settings)
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

    static readonly IReadOnlyList<string[]> s_none = [];

    readonly Queue<Expected> _expected = [];
    readonly List<HandshakeNote> _notes = [];

    /// <summary>The first commands.</summary>
    public IReadOnlyList<string[]> Begin()
    {
        _expected.Enqueue(Expected.Pong);
        return [["PING"]];
    }

    /// <summary>Takes a line of the master.</summary>
    public HandshakeStep Next(string line)
    {
        _notes.Clear();
        if (line.Length == 0) return Step(HandshakeOutcome.GoesOn);
        var expected = _expected.Dequeue();
        var isError = line[0] == '-';
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

        if (settings.Password.Length > 0 && settings.User.Length > 0) Add(Expected.Auth, "AUTH", settings.User, settings.Password);
        else if (settings.Password.Length > 0) Add(Expected.Auth, "AUTH", settings.Password);
        Add(Expected.ListeningPort, "REPLCONF", "listening-port", settings.ListeningPort.ToString(CultureInfo.InvariantCulture));
        if (settings.AnnounceIp.Length > 0) Add(Expected.IpAddress, "REPLCONF", "ip-address", settings.AnnounceIp);
        Add(Expected.Capabilities, "REPLCONF", "capa", "eof", "capa", "psync2", "capa", "slot-migrations");
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

    static bool IsId(string word) => word.Length == 40;

    void Forgive(string option, string line) => Note($"(Non critical) Master does not understand REPLCONF {option}: {line}");

    void Note(string text) => _notes.Add(new HandshakeNote(text, IsWarning: false));

    void Warn(string text) => _notes.Add(new HandshakeNote(text, IsWarning: true));

    HandshakeStep Fail(string reason)
    {
        Warn(reason);
        return Step(HandshakeOutcome.Failed);
    }

    HandshakeStep Step(HandshakeOutcome outcome, IReadOnlyList<string[]>? commands = null, ReplicationPosition? position = null) =>
        new(outcome, commands ?? s_none, position, [.. _notes]);
}
