using MiniRedis.Resp;
using MiniRedis.Server.Commands.Connection;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Following;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>REPLICAOF, and SLAVEOF by its old name: whom this server follows.</summary>
static partial class ServerCommands
{
    static readonly Command ReplicaOfSpec = Following("REPLICAOF", "5.0.0");

    static readonly Command SlaveOfSpec = Following("SLAVEOF", "1.0.0", deprecatedSince: "5.0.0", replacedBy: "`REPLICAOF`");

    static Command Following(string name, string since, string? deprecatedSince = null, string? replacedBy = null) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = since, Complexity = "O(1)",
        Summary = "Makes the server a replica of another one, or a master.",
        DeprecatedSince = deprecatedSince, ReplacedBy = replacedBy,
        Arity = 3,
        Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Stale | CommandFlags.NoAsyncLoading,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Args =
        [
            Arg.OneOf("args",
                Arg.Block("host-port", Arg.String("host"), Arg.Integer("port")),
                Arg.Block("no-one", Arg.Token("NO"), Arg.Token("ONE"))),
        ],
        Run = ReplicaOf,
    };

    static void ReplicaOf(ref CommandContext c)
    {
        var (server, follower) = (c.Server, c.Server.Follower);
        if (server.Config.Cluster.ClusterEnabled)
        {
            c.Fail(Errors.ReplicaOfInCluster);
            return;
        }
        if (server.Failover.State != FailoverState.None)
        {
            c.Fail(Errors.ReplicaOfInFailover);
            return;
        }
        if (c.IsToken(1, "NO"u8) && c.IsToken(2, "ONE"u8))
        {
            if (follower.Master is not null)
            {
                follower.StopFollowing();
                server.Log.MasterModeEnabled(ClientDescription.ForReport([c.Client], server).TrimEnd());
            }
            c.Reply.Ok();
            return;
        }
        if (c.Client.Has(ClientFlags.Replica))
        {
            // It is about to lose the connection that it would be answered on.
            c.Fail(Errors.ReplicaOfByReplica);
            return;
        }
        if (!Numbers.TryParseInt64(c.Arg(2), out var port) || port is < 0 or > 65535)
        {
            c.Fail(Errors.InvalidMasterPort);
            return;
        }
        var master = new MasterAddress(ConfigText.FromBytes(c.Arg(1)), (int)port);
        if (follower.Master is { } current && current.Port == master.Port && current.Host.Equals(master.Host, StringComparison.OrdinalIgnoreCase))
        {
            server.Log.ReplicaOfIsSame();
            c.Reply.SimpleString("OK Already connected to specified master"u8);
            return;
        }
        follower.Follow(master);
        server.Log.ReplicaOfEnabled(master.Host, master.Port, ClientDescription.ForReport([c.Client], server).TrimEnd());
        c.Reply.Ok();
    }

    /// <summary>ROLE of a replica.</summary>
    static void RoleOfReplica(ref CommandContext c)
    {
        var follower = c.Server.Follower;
        c.Reply.Array(5);
        c.Reply.Bulk("slave"u8);
        c.Reply.Bulk(ConfigText.ToBytes(follower.Master!.Host));
        c.Reply.Integer(follower.Master.Port);
        c.Reply.Bulk(System.Text.Encoding.ASCII.GetBytes(follower.State.ToString().ToLowerInvariant()));
        c.Reply.Integer(follower.AppliedOffset);
    }
}
