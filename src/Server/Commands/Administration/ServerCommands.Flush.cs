using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>Emptying databases, and exchanging two of them.</summary>
static partial class ServerCommands
{
    static readonly Command FlushAllSpec = Flushing("FLUSHALL", "Removes the keys of all databases.",
        "O(1): memory goes back in the background", FlushAll, DatabaseSpec.All);

    static readonly Command FlushDbSpec = Flushing("FLUSHDB", "Removes the keys of the selected database.",
        "O(N) where N is the number of keys of the database; ASYNC: O(1), freeing in small steps later", FlushDb);

    static readonly Command SwapDbSpec = new()
    {
        Name = "SWAPDB", Group = CommandGroup.Server, Since = "4.0.0",
        Complexity = "O(N) where N is the number of clients that watch or wait for keys of the two databases",
        Summary = "Exchanges two databases: every client sees the keys of the other at once.",
        Arity = 3, Flags = CommandFlags.Write | CommandFlags.Fast,
        AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Databases = DatabaseSpec.Range(1, 2),
        Args = [Arg.Integer("index1"), Arg.Integer("index2")],
        Propagates = Propagation.Verbatim,
        Run = SwapDb,
    };

    static Command Flushing(string name, string summary, string complexity, CommandHandler run, DatabaseSpec? databases = null) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = "1.0.0", Complexity = complexity, Summary = summary,
        History = [("4.0.0", "Added the `ASYNC` modifier."), ("6.2.0", "Added the `SYNC` modifier.")],
        Arity = -1, Flags = CommandFlags.Write, AclCategories = AclCategory.Keyspace | AclCategory.Dangerous,
        Args = [Arg.OneOf("flush-type", Arg.Token("ASYNC").AddedIn("4.0.0"), Arg.Token("SYNC").AddedIn("6.2.0")).Optional()],
        Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
        Databases = databases,
        Propagates = Propagation.AsEffects,
        Run = run,
    };

    static bool TryParseFlush(ref CommandContext c, out bool lazily)
    {
        lazily = c.Server.Config.Memory.LazyFreeLazyUserFlush;
        if (c.Count == 1) return true;
        lazily = c.IsToken(1, "ASYNC"u8);
        if (c.Count == 2 && (lazily || c.IsToken(1, "SYNC"u8))) return true;
        c.Fail(Errors.Syntax);
        return false;
    }

    static void FlushAll(ref CommandContext c)
    {
        if (!TryParseFlush(ref c, out var lazily)) return;
        FlushEverything(c.Server, lazily);
        ReplyFlushed(ref c);
    }

    /// <summary>Empties every database. Values that wait to be freed go with their arena.</summary>
    static void FlushEverything(ServerParts server, bool lazily)
    {
        server.Effects.FlushingAll(server.Keyspace.DatabaseCount);
        var count = server.Keyspace.Count;
        server.Statistics.LazyFreedObjects += server.LazyFree.Pending + (lazily ? count : 0);
        server.Effects.Dirty += count;
        server.BackgroundSaving.Cancel();
        server.Keyspace.FlushAll();
        // Otherwise the next start would load the deleted keys from the file. The log says if it cannot be written.
        if (server.Config.Persistence.SavePoints.Length > 0) server.Saving.TrySave();
    }

    static void FlushDb(ref CommandContext c)
    {
        if (!TryParseFlush(ref c, out var lazily)) return;
        var server = c.Server;
        server.Effects.Flushing(c.Database.Number);
        server.Effects.Dirty += c.Database.Count;
        var pending = server.LazyFree.Pending;
        if (lazily) server.LazyFree.Add(c.Database.DetachAll());
        else if (c.Database.Clear() is { } needed) server.LazyFree.Add(needed);
        // If no other database has keys, the whole arena goes, and with it the values that wait to be freed.
        if (server.LazyFree.Pending < pending) server.Statistics.LazyFreedObjects += pending;
        ReplyFlushed(ref c);
    }

    /// <summary>Propagates even if the database is empty: that of a replica may not be.</summary>
    static void ReplyFlushed(ref CommandContext c)
    {
        if (c.IsPropagating) c.Server.Effects.AddVerbatim(c.Database.Number, c.Request);
        c.Reply.Ok();
    }

    static void SwapDb(ref CommandContext c)
    {
        var server = c.Server;
        if (server.Config.Cluster.ClusterEnabled)
        {
            c.Fail(Errors.SwapDbInCluster);
            return;
        }
        if (!TryIndex(ref c, 1, Errors.InvalidFirstDbIndex, out var first)) return;
        if (!TryIndex(ref c, 2, Errors.InvalidSecondDbIndex, out var second)) return;
        if (first < 0 || second < 0 || first >= server.Keyspace.DatabaseCount || second >= server.Keyspace.DatabaseCount)
        {
            c.Fail(Errors.DbIndexOutOfRange);
            return;
        }
        if (first != second)
        {
            server.Keyspace.Swap(first, second);
            server.Effects.Swapped(first, second);
        }
        server.Effects.Dirty++;
        c.Reply.Ok();
    }

    static bool TryIndex(ref CommandContext c, int argument, ReadOnlySpan<byte> error, out int index)
    {
        index = 0;
        if (!Numbers.TryParseInt64(c.Arg(argument), out var wide) || wide is < int.MinValue or > int.MaxValue)
        {
            c.Fail(error);
            return false;
        }
        index = (int)wide;
        return true;
    }
}
