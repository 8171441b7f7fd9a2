using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Aof;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transactions;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Execution.Intake;

/// <summary>
/// Runs the commands of one file of the AOF, a slice at a time. Sixteen are parsed ahead and their keys prefetched, as in a
/// client's pipeline. Under the executor's lock.
/// </summary>
sealed class AofReplay : IAofReplay
{
    /// <summary>Failures of one file that the log tells of one by one.</summary>
    const int MostLogged = 16;

    readonly CommandRunner _runner;
    readonly CommandTable<Command> _commands;
    readonly ClientTransactions _transactions;
    readonly ServerExit _exit;
    readonly ReplicationSettings _settings;
    readonly ServerLog _log;
    readonly Stream _file;
    readonly string _name;
    readonly Client _client;
    readonly ReplyWriter _reply = new() { Muted = true, NotesErrors = true };
    readonly RequestWindow _window = new();
    readonly AofInput _input;
    RequestParser _parser;

    // The end of the last complete unit: a command outside a transaction, or a transaction.
    long _whole;

    bool _toldOfNesting;

    /// <param name="runner">Runs the commands.</param>
    /// <param name="commands">By name.</param>
    /// <param name="transactions">Drops a transaction that the file leaves open.</param>
    /// <param name="exit">Ends the running of a file, and the script that a command of it may be.</param>
    /// <param name="settings">What becomes of a command that fails.</param>
    /// <param name="database">The database of the commands until the file selects another.</param>
    /// <param name="clock">The time that commands see.</param>
    /// <param name="log">Receives the commands that fail.</param>
    /// <param name="file">Read from its position; closed with this.</param>
    /// <param name="name">The file's name, for the log.</param>
    public AofReplay(
        CommandRunner runner, CommandTable<Command> commands, ClientTransactions transactions, ServerExit exit, ReplicationSettings settings,
        Database database, Clock clock, ServerLog log, Stream file, string name)
    {
        (_runner, _commands, _transactions, _exit, _settings, _log) = (runner, commands, transactions, exit, settings, log);
        (_file, _name) = (file, name);
        _input = new AofInput(file);
        _whole = Position = _input.Position;
        var connection = new NoConnection();
        _client = new Client(0, connection, database, User.Server, clock.Now);
        _reply.Attach(connection.Output, 2);
        _reply.Muted = true;
    }

    /// <summary>Bytes of the file that have been run.</summary>
    public long Position { get; private set; }

    public long Length => _input.Length;

    public long FailedCommands { get; private set; }

    /// <summary>Runs the commands of about so many bytes.</summary>
    /// <returns>True once all have run.</returns>
    /// <exception cref="AofException">The file is damaged, ends in the middle, or holds a command that fails.</exception>
    public bool Step(long bytes)
    {
        var end = Position + bytes;
        while (Position < end && !_exit.HasBegun)
        {
            if (_input.Unread.IsEmpty && !_input.Fill(1)) return Finish();
            RunWindow();
        }
        return false;
    }

    void RunWindow()
    {
        var unread = _input.Unread;
        var limits = new ParserLimits { MaxBulkLength = ParserLimits.LargestBulk };
        _window.Fill(ref _parser, unread, 0, limits, _commands, _client.Database);
        var consumed = 0;
        for (var i = 0; i < _window.Count; i++)
        {
            var length = _window[i].End - consumed;
            Run(_window[i], unread, unread[consumed]);
            consumed += length;
            Position += length;
            if (!_client.Has(ClientFlags.Multi)) _whole = Position;
        }
        _input.Consume(consumed);
        if (_window.End == ParseStatus.Request) return;
        if (_window.End != ParseStatus.NeedMore || !BeginsWell(unread[consumed..])) throw Damaged();
        // The unread bytes move to the front: the parser goes on where it was.
        if (!_input.Fill(_window.Wanted)) throw new AofException(_whole, AofFault.Truncated, "the file ends in a command");
    }

    void Run(in ParsedRequest parsed, ReadOnlySpan<byte> unread, byte first)
    {
        // A note, such as the time of the next commands: "#TS:1700000000".
        if (first == '#') return;
        if (first != '*') throw Damaged();
        var request = parsed.View(unread);
        var command = parsed.Command;
        ReplayOutcome outcome;
        Command? failing;
        try
        {
            outcome = _runner.Replay(_client, request, command, parsed.KeyHash, _reply, out failing);
        }
        catch (Exception failure) when (failure is not (AofException or OutOfMemoryException))
        {
            // A bug. What ran before must not run again, which it would if the file were simply read on.
            throw new AofException(_whole, AofFault.CommandFailed, FailureOf(command, failure.ToString()));
        }
        switch (outcome)
        {
            case ReplayOutcome.Unknown:
                var name = System.Text.Encoding.Latin1.GetString(request[0]);
                throw new AofException(_whole, AofFault.Damaged, $"Unknown command '{name}' reading the append only file {_name}");
            case ReplayOutcome.NestedMulti:
                if (!_toldOfNesting) _log.AofNestedMulti(Position, _name);
                _toldOfNesting = true;
                break;
            case ReplayOutcome.EndsTransaction:
                Fail(command, "it would drop the commands of a transaction");
                break;
            default:
                // The end of the server has stopped its script: nothing is wrong with the file.
                if (_reply.NotedError is { } error && !_exit.HasBegun) Fail(failing, error);
                break;
        }
    }

    void Fail(Command? command, string error)
    {
        _reply.NotedError = null;
        if (_settings.PropagationErrorBehavior is PropagationErrorBehavior.Panic or PropagationErrorBehavior.PanicOnAof)
            throw new AofException(_whole, AofFault.CommandFailed, FailureOf(command, error));
        if (FailedCommands++ < MostLogged) _log.AofCommandFailed(FailureOf(command, error));
    }

    string FailureOf(Command? command, string error) =>
        $"This server is sending an error to its AOF-loading-client: '{error}' after processing the command '{command?.FullName}' "
        + $"at offset {Position} of the append only file {_name}";

    /// <summary>
    /// Whether these bytes are the start of one command, or of a note. What a crash leaves is; what a file system leaves, zeros
    /// for one, is not, nor is a file whose line ends an editor changed.
    /// </summary>
    static bool BeginsWell(ReadOnlySpan<byte> rest)
    {
        if (!rest.IsEmpty && rest[0] == '#') return true;
        var prefix = (byte)'*';
        while (!rest.IsEmpty)
        {
            if (rest[0] != prefix) return false;
            var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            if (digits < 0) return true;
            if (!Utf8Parser.TryParse(rest.Slice(1, digits), out long length, out _)) return false;
            rest = rest[(1 + digits)..];
            if (!TrySkipLineEnd(ref rest)) return false;
            if (prefix == '$')
            {
                if (length >= rest.Length) return true;
                rest = rest[(int)length..];
                if (!TrySkipLineEnd(ref rest)) return false;
            }
            prefix = (byte)'$';
        }
        return true;
    }

    // The end may be missing, in part or as a whole.
    static bool TrySkipLineEnd(ref ReadOnlySpan<byte> rest)
    {
        var length = Math.Min(rest.Length, 2);
        if (!"\r\n"u8.StartsWith(rest[..length])) return false;
        rest = rest[length..];
        return true;
    }

    AofException Damaged() => new(_whole, AofFault.Damaged, $"Bad file format reading the append only file {_name}");

    bool Finish()
    {
        if (!_client.Has(ClientFlags.Multi)) return true;
        _log.AofTransactionReverted(_name);
        throw new AofException(_whole, AofFault.Truncated, "the file ends in a transaction");
    }

    public void Dispose()
    {
        _transactions.Discard(_client);
        _file.Dispose();
        _client.Connection.Output.Discard();
    }
}
