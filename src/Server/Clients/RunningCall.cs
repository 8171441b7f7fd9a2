using MiniRedis.Resp;

namespace MiniRedis.Server.Clients;

/// <summary>
/// The command that runs, and the client it runs for: what a command may see and do is not what the cron may. The executor says when one
/// begins and ends; EXEC and a command of its transaction make two. Under the executor's lock.
/// </summary>
sealed class RunningCall
{
    int _depth;

    // Of the innermost. They stay behind when it ends, so that a pipeline of the same command does not write them (a write barrier each)
    // again and again.
    CommandSpec? _command;
    Client? _client;

    /// <summary>The command that runs; null while none does.</summary>
    public CommandSpec? Command => _depth > 0 ? _command : null;

    /// <summary>The client whose command runs: in a script, the one that called it.</summary>
    public Client? Client => _depth > 0 ? _client : null;

    /// <summary>Whether what runs is a part of a transaction: its effects are told when that is over.</summary>
    public bool InTransaction { get; set; }

    /// <summary>A command begins. Returns what ran before, for <see cref="Leave"/>.</summary>
    public (CommandSpec? Command, Client? Client) Enter(CommandSpec command, Client client)
    {
        var outer = (_command, _client);
        if (_command != command) _command = command;
        if (_client != client) _client = client;
        _depth++;
        return outer;
    }

    /// <summary>The command ends, and what ran before goes on.</summary>
    public void Leave((CommandSpec? Command, Client? Client) outer)
    {
        if (--_depth > 0) (_command, _client) = outer;
    }

    /// <summary>An exception tore all of them out of their calls.</summary>
    public void LeaveAll() => _depth = 0;
}
