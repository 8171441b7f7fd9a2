using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

/// <summary>Runs a command: parse, look up, act, reply, emit. The dispatcher has checked arity, access and state before.</summary>
delegate void CommandHandler(ref CommandContext context);

/// <summary>A command's declaration with its handler: one table entry, from which everything about the command derives.</summary>
sealed class Command : CommandSpec
{
    /// <summary>The handler; null for a container whose subcommands do the work.</summary>
    public CommandHandler? Run { get; init; }

    /// <summary>Index into per-server tables (statistics); given out by <see cref="Commands.CommandRegistry"/>.</summary>
    public int Ordinal { get; internal set; } = -1;
}
