using MiniRedis.Resp;
using MiniRedis.Server.Execution.Gates;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Runs a command: parse, look up, act, reply, emit. <see cref="CommandGates"/> has checked arity, access and state before.
/// </summary>
delegate void CommandHandler(ref CommandContext context);

/// <summary>A command's declaration with its handler: one table entry, from which everything about the command derives.</summary>
sealed class Command : CommandSpec
{
    readonly CommandHandler? _run;

    /// <summary>The handler; null for a container whose subcommands do the work.</summary>
    public CommandHandler? Run
    {
        get => _run;
        init
        {
            _run = value;
            IsCallable = value is not null;
        }
    }

    /// <summary>Whether the handler itself says which leases it ends or voids; those of other commands that write are voided for them.</summary>
    public bool ManagesLeases { get; init; }

    /// <summary>
    /// Whether a call may take memory that stays: not one that only reads, or that only removes keys or parts of their values.
    /// </summary>
    public bool NeedsMemory { get; private set; }

    /// <summary>
    /// Whether it only reads or changes keys: whatever it does, the gates that were open to its client before are open behind it.
    /// </summary>
    public bool IsPlain { get; private set; }

    /// <summary>A container with some of its subcommands, for a server that has not all of them.</summary>
    public Command WithSubcommands(Predicate<CommandSpec> included)
    {
        var copy = (Command)MemberwiseClone();
        copy.Keep(included);
        return copy;
    }

    /// <summary>Takes the command into a table: gives it its number, and works out what is asked of it at every call.</summary>
    public void Register(int ordinal)
    {
        Ordinal = ordinal;
        IsPlain = Run is not null && !IsContainer && Parent is null
            && (Flags & (CommandFlags.ReadOnly | CommandFlags.Write)) != 0 && (Flags & (CommandFlags.Admin | CommandFlags.Protected)) == 0
            && Group is CommandGroup.Generic or CommandGroup.String or CommandGroup.Hash or CommandGroup.List or CommandGroup.Set
                or CommandGroup.SortedSet or CommandGroup.Stream or CommandGroup.Bitmap or CommandGroup.HyperLogLog or CommandGroup.Geo
                or CommandGroup.Cache;
        NeedsMemory = (Flags & CommandFlags.DenyOom) != 0
            || (Flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0
                && Keys.Any(key => (key.Flags & (KeyFlags.RM | KeyFlags.NotKey)) == 0 && (key.Flags & KeyFlags.Delete) == 0);
    }
}
