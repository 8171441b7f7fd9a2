using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Transactions;

/// <summary>Transactions: Redis's group "transactions". <see cref="CommandRunner"/> decides what is queued.</summary>
static partial class TransactionCommands
{
    public static IEnumerable<Command> All =>
    [
        MultiSpec, ExecSpec, DiscardSpec,
        // TransactionCommands.Watch.cs
        WatchSpec, UnwatchSpec,
    ];

    const CommandFlags AtAnyTime = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    static readonly Command MultiSpec = new()
    {
        Name = "MULTI", Group = CommandGroup.Transactions, Since = "1.2.0", Complexity = "O(1)",
        Summary = "Starts a transaction: the commands that follow are queued.",
        Arity = 1, Flags = AtAnyTime | CommandFlags.Fast | CommandFlags.AllowBusy,
        InMulti = InMulti.Runs,
        Run = Multi,
    };

    static readonly Command ExecSpec = new()
    {
        Name = "EXEC", Group = CommandGroup.Transactions, Since = "1.2.0", Complexity = "That of the queued commands",
        Summary = "Runs the queued commands of a transaction.",
        Arity = 1, Flags = AtAnyTime | CommandFlags.SkipSlowlog,
        InMulti = InMulti.RunsQueue,
        Run = Exec,
    };

    static readonly Command DiscardSpec = new()
    {
        Name = "DISCARD", Group = CommandGroup.Transactions, Since = "2.0.0", Complexity = "O(N) where N is the number of queued commands",
        Summary = "Forgets the queued commands of a transaction.",
        Arity = 1, Flags = AtAnyTime | CommandFlags.Fast | CommandFlags.AllowBusy,
        InMulti = InMulti.Runs,
        Run = Discard,
    };

    static void Multi(ref CommandContext c)
    {
        if (c.Client.Has(ClientFlags.Multi))
        {
            RefuseInMulti(ref c, Errors.NestedMulti);
            return;
        }
        c.Server.Transactions.Begin(c.Client);
        c.Reply.Ok();
    }

    /// <summary>As in Valkey 8, this aborts the transaction: the client means something else than the server would do.</summary>
    static void RefuseInMulti(ref CommandContext c, ReadOnlySpan<byte> error)
    {
        c.Server.Transactions.Abort(c.Client);
        c.Fail(error);
    }

    static void Exec(ref CommandContext c)
    {
        var client = c.Client;
        if (!client.Has(ClientFlags.Multi))
        {
            c.Fail(Errors.ExecWithoutMulti);
            return;
        }
        var isDirty = client.Has(ClientFlags.DirtyCas) || c.Server.Transactions.Watched.HasExpired(client);
        if (!isDirty && !client.Has(ClientFlags.DirtyExec))
        {
            c.Server.Runner.RunTransaction(ref c);
            return;
        }
        if (client.Has(ClientFlags.DirtyExec)) c.Fail(Errors.ExecAbort);
        else c.Reply.NullArray();
        c.Server.Transactions.Discard(client);
    }

    static void Discard(ref CommandContext c)
    {
        if (!c.Client.Has(ClientFlags.Multi))
        {
            c.Fail(Errors.DiscardWithoutMulti);
            return;
        }
        c.Server.Transactions.Discard(c.Client);
        c.Reply.Ok();
    }
}
