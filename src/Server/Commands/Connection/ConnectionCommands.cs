using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>Commands about the connection itself: Redis's group "connection".</summary>
static partial class ConnectionCommands
{
    public static IEnumerable<Command> All =>
    [
        PingSpec, EchoSpec, QuitSpec, SelectSpec,
        // ConnectionCommands.Hello.cs
        HelloSpec, AuthSpec, ResetSpec,
        // ConnectionCommands.Client.cs, with its subcommands in ConnectionCommands.ClientList.cs and .ClientControl.cs
        ClientSpec,
    ];

    static readonly Command PingSpec = new()
    {
        Name = "PING", Group = CommandGroup.Connection, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Answers PONG, or the given message.",
        Arity = -1, Flags = CommandFlags.Fast | CommandFlags.Sentinel,
        Args = [Arg.String("message").Optional()],
        Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
        RunsSubscribed = true, Run = Ping,
    };

    static readonly Command EchoSpec = new()
    {
        Name = "ECHO", Group = CommandGroup.Connection, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Answers the given message.",
        Arity = 2, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        Args = [Arg.String("message")],
        Run = static (ref CommandContext c) => c.Reply.Bulk(c.Arg(1)),
    };

    static readonly Command QuitSpec = new()
    {
        Name = "QUIT", Group = CommandGroup.Connection, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Closes the connection.",
        DeprecatedSince = "7.2.0", ReplacedBy = "just closing the connection",
        Arity = -1,
        Flags = CommandFlags.AllowBusy | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast
            | CommandFlags.NoAuth,
        InMulti = InMulti.Runs, RunsSubscribed = true,
        Run = Quit,
    };

    static readonly Command SelectSpec = new()
    {
        Name = "SELECT", Group = CommandGroup.Connection, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Selects the database of the connection.",
        Arity = 2, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
        Databases = DatabaseSpec.Range(1, 1),
        Args = [Arg.Integer("index")],
        Run = Select,
    };

    static void Ping(ref CommandContext c)
    {
        if (c.Count > 2) c.Fail(Errors.WrongArity(c.Command.FullName));
        else if (c.Count == 2 && (c.Client.User == User.Server || c.Client.ImportedSlots is not null) && CachePayload.Is(c.Arg(1)))
            ApplyPayload(ref c);
        else if (c.Client.Has(ClientFlags.PubSub) && c.Client.Protocol == 2)
        {
            // A subscribed client reads messages, so the answer has the form of one.
            c.Reply.Array(2);
            c.Reply.Bulk("pong"u8);
            c.Reply.Bulk(c.Count == 2 ? c.Arg(1) : default);
        }
        else if (c.Count == 2) c.Reply.Bulk(c.Arg(1));
        else c.Reply.Pong();
    }

    /// <summary>
    /// A master, or the AOF, tells of metadata and purges. For servers that know none of it, it is a PING. What is damaged, or newer than
    /// this server, is passed over: keys and values do not depend on it.
    /// </summary>
    static void ApplyPayload(ref CommandContext c)
    {
        if (c.Client.ImportedSlots is not null && CachePayloadReader.TryBegin(c.Arg(1), out var purge) && purge.Kind == CachePayloadKind.Purge)
        {
            PurgeImported(c, purge);
            return;
        }
        if (!c.Database.TryApply(c.Arg(1), out var told, isSettled: true)) c.Server.Log.UnknownMetadata();
        // Those of the AOF were told when they were made.
        else if (told.Kind == CachePayloadKind.Purge && !c.Server.Dataset.IsLoading) TellOf(c, told);
        if (c.IsPropagating) c.Server.Effects.AddVerbatim(c.Database.Number, c.Request);
        c.Reply.Pong();
    }

    /// <summary>The node that slots come from tells of a purge there.</summary>
    static void PurgeImported(in CommandContext c, CachePayloadReader told)
    {
        var (purges, keys, database, slots) = (c.Server.Purges, c.Server.Keys, c.Database, c.Client.ImportedSlots!);
        if (told.Scope == PurgeScope.All) purges.CarryOutInSlots(keys, database, new(told.Version, told.IsSoft, told.Scope, []), slots);
        while (told.NextName(out var name))
            purges.CarryOutInSlots(keys, database, new(told.Version, told.IsSoft, told.Scope, name), slots);
        c.Reply.Pong();
    }

    /// <summary>A purge was carried out that the master has told of: this server's subscribers hear, and who caches keys.</summary>
    static void TellOf(in CommandContext c, CachePayloadReader told)
    {
        c.Server.Effects.Dirty++;
        if (told.Scope == PurgeScope.All) c.Server.Purges.Tell(c.Database.Number, new(told.Version, told.IsSoft, told.Scope, []), toNodes: false);
        while (told.NextName(out var name))
            c.Server.Purges.Tell(c.Database.Number, new(told.Version, told.IsSoft, told.Scope, name), toNodes: false);
        c.Server.Purges.WakeWhoLooks(c.Database.Number);
    }

    static void Quit(ref CommandContext c)
    {
        c.Reply.Ok();
        c.Client.CloseAfterReply("QUIT");
    }

    static void Select(ref CommandContext c)
    {
        if (!c.TryInt32(1, out var number)) return;
        if (number != 0 && c.Server.Config.Cluster is { ClusterEnabled: true, ClusterDatabases: 1 })
        {
            c.Fail(Errors.SelectInCluster);
            return;
        }
        if (number < 0 || number >= c.Server.Keyspace.DatabaseCount)
        {
            c.Fail(Errors.DbIndexOutOfRange);
            return;
        }
        c.Client.Database = c.Server.Keyspace[number];
        c.Reply.Ok();
    }
}
