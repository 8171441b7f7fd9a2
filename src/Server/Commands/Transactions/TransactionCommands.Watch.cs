using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Transactions;

namespace MiniRedis.Server.Commands.Transactions;

/// <summary>WATCH and UNWATCH: EXEC does not run if a watched key has changed. See <see cref="WatchedKeys"/>.</summary>
static partial class TransactionCommands
{
    static readonly Command WatchSpec = new()
    {
        Name = "WATCH", Group = CommandGroup.Transactions, Since = "2.2.0", Complexity = "O(1) for every key.",
        Summary = "Has the next transaction run only if none of the keys changes before.",
        Arity = -2, Flags = AtAnyTime | CommandFlags.Fast | CommandFlags.AllowBusy,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RO)],
        Args = [Arg.Key("key").Multiple()],
        InMulti = InMulti.Runs,
        Run = Watch,
    };

    static readonly Command UnwatchSpec = new()
    {
        Name = "UNWATCH", Group = CommandGroup.Transactions, Since = "2.2.0", Complexity = "O(1)",
        Summary = "Forgets which keys are watched.",
        Arity = 1, Flags = AtAnyTime | CommandFlags.Fast | CommandFlags.AllowBusy,
        Run = Unwatch,
    };

    static void Watch(ref CommandContext c)
    {
        if (c.Client.Has(ClientFlags.Multi))
        {
            RefuseInMulti(ref c, Errors.WatchInMulti);
            return;
        }
        // The transaction fails already, so that there is nothing to watch.
        if (!c.Client.Has(ClientFlags.DirtyCas))
        {
            for (var i = 1; i < c.Count; i++) c.Server.Transactions.Watched.Watch(c.Client, c.Arg(i));
        }
        c.Reply.Ok();
    }

    static void Unwatch(ref CommandContext c)
    {
        c.Server.Transactions.Watched.Unwatch(c.Client);
        c.Client.Flags &= ~ClientFlags.DirtyCas;
        c.Server.Transactions.Release(c.Client);
        c.Reply.Ok();
    }
}
