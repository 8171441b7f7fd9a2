using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>CLUSTER HELP.</summary>
static partial class ClusterCommands
{
    static Command HelpSpec => Help.Subcommand("5.0.0", CommandGroup.Cluster,
        ("ADDSLOTS <slot> [<slot> ...]", "Takes slots that nobody has."),
        ("ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]", "Takes runs of slots that nobody has, both ends included."),
        ("BUMPEPOCH", "Takes a new epoch without asking others."),
        ("CANCELSLOTMIGRATIONS", "Ends the migrations of slots from this node."),
        ("COUNT-FAILURE-REPORTS <node-id>", "Counts the masters that lately found the node down."),
        ("COUNTKEYSINSLOT <slot>", "Counts the keys of a slot."),
        ("DELSLOTS <slot> [<slot> ...]", "Forgets who has slots."),
        ("DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]", "Forgets who has runs of slots."),
        ("FAILOVER [FORCE|TAKEOVER]", "Has this replica take its master's place."),
        ("FORGET <node-id>", "Drops the node from the table, and does not learn it anew for a minute."),
        ("FLUSHSLOTS", "Gives up all slots of this node."),
        ("GETKEYSINSLOT <slot> <count>", "Lists keys of a slot."),
        ("GETSLOTMIGRATIONS", "Lists the migrations of slots from and to this node, the latest first."),
        ("INFO", "Tells the state of the cluster as this node sees it."),
        ("KEYSLOT <key>", "Tells the slot of a key."),
        ("LINKS", "Lists the links of the bus."),
        ("MEET <ip> <port> [<bus-port>]", "Takes up relations with a node."),
        ("MIGRATESLOTS SLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...] NODE <node-id> [SLOTSRANGE ...]",
            "Moves slots to other nodes as a whole, in the background."),
        ("MYID", "Tells the id of this node."),
        ("MYSHARDID", "Tells the id of the shard of this node."),
        ("NODES", "Lists the nodes: <id> <ip:port@bus-port[,hostname]> <flags> <master> <ping> <pong> <epoch> <link> <slot> ..."),
        ("REPLICAS <node-id>", "Lists the replicas of the node."),
        ("REPLICATE (<node-id>|NO ONE)", "Makes this node a replica of the node, or an empty master."),
        ("RESET [HARD|SOFT]", "Has this node forget the cluster; HARD also who it is."),
        ("SAVECONFIG", "Writes the file of this node's state."),
        ("SET-CONFIG-EPOCH <epoch>", "Gives a new node its first epoch."),
        ("SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)", "Moves a slot, step by step."),
        ("SHARDS", "Lists the shards with their slots and nodes."),
        ("SLOTS", "Lists runs of slots with the nodes that serve them."),
        ("SLOT-STATS", "Tells the use of slots of this node."));
}
