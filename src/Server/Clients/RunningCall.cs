using MiniRedis.Resp;

namespace MiniRedis.Server.Clients;

/// <summary>
/// The running command and its client: a command may see and do other things than the cron. CommandRunner says when one begins
/// and ends. EXEC and a command of its transaction are two, nested. Under the executor's lock.
/// </summary>
sealed class RunningCall
{
    int _depth;

    // Those of the innermost call. They stay set when it ends, so that a pipeline of one command does not write them (a write
    // barrier each) again and again.
    CommandSpec? _command;
    Client? _client;

    /// <summary>The running command; null if none runs.</summary>
    public CommandSpec? Command => _depth > 0 ? _command : null;

    /// <summary>The client of the running command. In a script, the client that called it.</summary>
    public Client? Client => _depth > 0 ? _client : null;

    /// <summary>The command that runs, or ran last; null before the first. Any thread may ask: it is for reports.</summary>
    public CommandSpec? LastCommand => _command;

    /// <summary>Its client.</summary>
    public Client? LastClient => _client;

    /// <summary>Whether a transaction runs: its effects are delivered when it is over.</summary>
    public bool InTransaction { get; set; }

    /// <summary>A command begins. Returns the outer call, for <see cref="Leave"/>.</summary>
    public (CommandSpec? Command, Client? Client) Enter(CommandSpec command, Client client)
    {
        var outer = (_command, _client);
        if (_command != command) _command = command;
        if (_client != client) _client = client;
        _depth++;
        return outer;
    }

    /// <summary>The command ends, and the outer one goes on.</summary>
    public void Leave((CommandSpec? Command, Client? Client) outer)
    {
        if (--_depth > 0) (_command, _client) = outer;
    }

    /// <summary>An exception has ended all nested calls.</summary>
    public void LeaveAll() => _depth = 0;
}
