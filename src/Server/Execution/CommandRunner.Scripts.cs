using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Routing;
using MiniRedis.Server.Scripts;
using MiniRedis.Server.Scripts.Engine;

namespace MiniRedis.Server.Execution;

/// <summary>A script or function, and how it was called.</summary>
/// <param name="Name">Its digest, or its name.</param>
/// <param name="Flags">What it says of itself.</param>
/// <param name="IsEval">Whether it is one of EVAL's.</param>
/// <param name="IsReadOnly">Whether the command is one that only reads (EVAL_RO).</param>
readonly record struct ScriptCall(byte[] Name, ScriptFlags Flags, bool IsEval, bool IsReadOnly);

/// <summary>Runs scripts, and the commands that they call.</summary>
sealed partial class CommandRunner
{
    /// <summary>
    /// Begins a script, as one unit of effects for which the clock stands still. The caller runs it, and then calls
    /// <see cref="EndScript"/>, also if an exception ends it.
    /// </summary>
    /// <returns>False if it may not run: that has been answered.</returns>
    public bool TryBeginScript(in CommandContext context, in ScriptCall call)
    {
        var refusal = gates.WhyNotBegin(context.Client, call.Flags, call.IsReadOnly, running.InTransaction);
        if (!refusal.IsEmpty)
        {
            context.Fail(refusal);
            return false;
        }
        script.Begin(context.Client, context.Reply, call.Name, call.IsEval, call.Flags, call.IsReadOnly);
        if (parts.Config.Cluster.ClusterEnabled) script.Slot = SlotRouter.SlotOf(context.Command, context.Request);
        _wasInTransaction = running.InTransaction;
        _databaseBeforeScript = context.Database;
        running.InTransaction = true;
        clock.Freeze();
        return true;
    }

    // Makes values of the replies of its commands.
    readonly ReplyWriter _scriptReply = new();

    // Of the running script: there is one at most.
    bool _wasInTransaction;
    Database? _databaseBeforeScript;

    /// <summary>Ends a script.</summary>
    /// <param name="context">The command that called it.</param>
    public void EndScript(in CommandContext context)
    {
        // What uses several slots is no slot's.
        if (SlotStatistics is { } slots && script.MayCrossSlots) slots.Current = -1;
        script.End();
        effects.LimitTo(EffectTarget.All);
        // Half of a script is to be in no file.
        if (script.EndsWithServer) effects.DropUnit();
        // SELECT counted for the script alone.
        context.Client.Database = _databaseBeforeScript!;
        running.InTransaction = _wasInTransaction;
        // A transaction's clock stands still until all of it has run.
        if (!_wasInTransaction) clock.Thaw();
    }

    /// <inheritdoc/>
    ScriptCallResult IScriptCalls.Call(in Request request, LuaReplyValues values, out ReadOnlySpan<byte> refusal)
    {
        refusal = WhyNotCall(request, out var command);
        if (!refusal.IsEmpty)
        {
            if (command is not null) commandStatistics[command.Ordinal].RejectedCalls++;
            statistics.CountError(refusal);
            return ScriptCallResult.Refused;
        }
        if ((command!.Flags & CommandFlags.Write) != 0) script.HasWritten = true;
        var writer = _scriptReply;
        values.Begin(script.Protocol);
        writer.AttachValues(values, script.Protocol);
        var context = new CommandContext(parts, script.Caller!, command, writer, request) { MayBlock = false };
        Invoke(ref context);
        writer.Complete();
        return values.IsOver ? ScriptCallResult.TooLong : ScriptCallResult.Answered;
    }

    ReadOnlySpan<byte> WhyNotCall(in Request request, out Command? command)
    {
        command = Find(request);
        if (command is null) return Errors.ScriptUnknownCommand;
        // A container by itself is short of its subcommand.
        if (command.Run is null || !command.AcceptsCount(request.Count)) return Errors.ScriptWrongArity;
        if ((command.Flags & CommandFlags.NoScript) != 0 && !switches.ScriptsMayCallAnything) return Errors.NotAllowedFromScript;
        if (script.Caller!.User.IsRestricted && gates.WhyNotPermitted(script.Caller, command, request) is { IsEmpty: false } refusal) return refusal;
        return gates.WhyNotCall(command, request);
    }

    /// <summary>Whether a request calls a script that says that it changes nothing: a pause of writes does not hold it.</summary>
    bool IsReadOnlyScript(Command? command, in Request request)
    {
        return pause.IsOfWrites && (declaredScripts.Of(command, request) & ScriptFlags.NoWrites) == ScriptFlags.NoWrites;
    }

    /// <summary>The command or subcommand that a request names.</summary>
    public Command? Find(in Request request)
    {
        var command = commands.Find(request[0]);
        return command is { IsContainer: true } && request.Count > 1 ? (Command?)command.FindSubcommand(request[1]) : command;
    }

    /// <inheritdoc/>
    bool? IScriptCalls.IsAllowed(in Request request)
    {
        if (Find(request) is not { } command) return null;
        var client = script.Caller!;
        return !client.User.IsRestricted || AccessCheck.Check(client.User, command, request, client.Database.Number).IsAllowed;
    }
}
