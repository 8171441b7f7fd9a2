using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

/// <summary>Runs a command: parse, look up, act, reply, emit. The dispatcher has checked arity, access and state before.</summary>
delegate void CommandHandler(ref CommandContext context);

/// <summary>A command's declaration with its handler: one table entry, from which everything about the command derives.</summary>
sealed class Command : CommandSpec
{
    /// <summary>The handler; null for a container whose subcommands do the work.</summary>
    public CommandHandler? Run { get; init; }

    /// <summary>What becomes of it between MULTI and EXEC.</summary>
    public InMulti InMulti { get; init; }

    /// <summary>Whether a RESP2 client may call it while it is subscribed to something.</summary>
    public bool RunsSubscribed { get; init; }

    /// <summary>Index into per-server tables (statistics); given out by <see cref="Commands.CommandRegistry"/>.</summary>
    public int Ordinal { get; internal set; } = -1;
}

/// <summary>What becomes of a command between MULTI and EXEC.</summary>
enum InMulti : byte
{
    /// <summary>It is queued.</summary>
    Queued,

    /// <summary>It runs at once: it ends the transaction, or tells that it has no place in one.</summary>
    Runs,

    /// <summary>It runs what is queued: EXEC.</summary>
    RunsQueue,
}
