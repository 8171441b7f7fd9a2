using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Administration;

/// <summary>ROLE: the part that the server plays in replication.</summary>
static partial class ServerCommands
{
    static readonly Command RoleSpec = new()
    {
        Name = "ROLE", Group = CommandGroup.Server, Since = "2.8.12", Complexity = "O(1)",
        Summary = "Tells the part the server plays in replication.",
        Arity = 1,
        Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast | CommandFlags.Sentinel,
        AclCategories = AclCategory.Admin | AclCategory.Dangerous,
        Run = Role,
    };

    static void Role(ref CommandContext c)
    {
        if (c.Server.Sentinel is { } sentinel)
        {
            c.Reply.Array(2);
            c.Reply.Bulk("sentinel"u8);
            c.Reply.Array(sentinel.Machine.Masters.Count);
            foreach (var watched in sentinel.Machine.Masters) c.Reply.Bulk(ConfigText.ToBytes(watched.Name));
            return;
        }
        if (c.Server.History.IsReplica)
        {
            RoleOfReplica(ref c);
            return;
        }
        c.Reply.Array(3);
        c.Reply.Bulk("master"u8);
        c.Reply.Integer(c.Server.History.Offset);
        var online = c.Server.Replicas.All.Where(replica => replica.State == ReplicaState.Online).ToList();
        c.Reply.Array(online.Count);
        foreach (var replica in online)
        {
            c.Reply.Array(3);
            c.Reply.Bulk(Encoding.UTF8.GetBytes(replica.Host));
            c.Reply.BulkInteger(replica.ListeningPort);
            c.Reply.BulkInteger(replica.AckOffset);
        }
    }
}
