using MiniRedis.Resp;
using MiniRedis.Server.Bus;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Cluster;

/// <summary>CLUSTER: its subcommands ask or tell the machine of this node. Redis's group "cluster".</summary>
static partial class ClusterCommands
{
    public static IEnumerable<Command> All => [ClusterSpec];

    const CommandFlags Telling = CommandFlags.Stale;
    /// <summary>Also while the data are loaded, since Valkey 8: the cluster goes on meanwhile.</summary>
    const CommandFlags TellingEarly = Telling | CommandFlags.Loading;

    const CommandFlags TellingAdmin = CommandFlags.Admin | CommandFlags.Stale;
    const CommandFlags Changing = CommandFlags.Admin | CommandFlags.Stale | CommandFlags.NoAsyncLoading;

    static readonly Command ClusterSpec = new()
    {
        Name = "CLUSTER", Group = CommandGroup.Cluster, Since = "3.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands of a cluster node.",
        Arity = -2, Flags = CommandFlags.None,
        Subcommands =
        [
            // ClusterCommands.Nodes.cs
            Told("INFO", "3.0.0", 2, TellingEarly, "O(1)", "Tells the state of the cluster as this node sees it.", Info, varies: true),
            Told("LINKS", "7.0.0", 2, Telling, OfNodes, "Lists the links of the bus.", Links, varies: true),
            Told("MYID", "3.0.0", 2, TellingEarly, "O(1)", "Tells the id of this node.", MyId),
            Told("MYSHARDID", "7.2.0", 2, TellingEarly, "O(1)", "Tells the id of the shard of this node.", MyShardId, varies: true),
            Told("NODES", "3.0.0", 2, TellingEarly, OfNodes, "Lists the nodes with their slots and state.", Nodes, varies: true),
            Told("REPLICAS", "5.0.0", 3, TellingAdmin, "O(N) where N is the number of replicas", "Lists the replicas of a master.",
                Replicas, varies: true, args: NodeId),
            SlavesSpec,
            // ClusterCommands.Shards.cs
            Told("SHARDS", "7.0.0", 2, TellingEarly, OfNodes, "Lists the shards with their slots and nodes.", Shards, varies: true),
            SlotsSpec,
            // ClusterCommands.Changes.cs
            Told("BUMPEPOCH", "3.0.0", 2, Changing, "O(1)", "Takes a new epoch without asking others.", BumpEpoch, varies: true),
            Told("COUNT-FAILURE-REPORTS", "3.0.0", 3, TellingAdmin, "O(N) where N is the number of reports",
                "Counts the masters that lately found a node down.", CountFailureReports, varies: true, args: NodeId),
            Told("FAILOVER", "3.0.0", -2, Changing, "O(1)", "Has a replica take its master's place.", Failover,
                args: Arg.OneOf("options", Arg.Token("FORCE"), Arg.Token("TAKEOVER")).Optional()),
            Told("FORGET", "3.0.0", 3, Changing, "O(1)", "Drops a node from the table.", Forget, args: NodeId),
            MeetSpec,
            ReplicateSpec,
            Told("RESET", "3.0.0", -2, TellingAdmin | CommandFlags.NoScript, "O(N) where N is the number of nodes, and of keys of a replica",
                "Has this node forget the cluster.", Reset, args: Arg.OneOf("reset-type", Arg.Token("HARD"), Arg.Token("SOFT")).Optional()),
            Told("SAVECONFIG", "3.0.0", 2, Changing, "O(1)", "Writes the file of this node's state.", SaveConfig),
            Told("SET-CONFIG-EPOCH", "3.0.0", 3, Changing, "O(1)", "Gives a new node its first epoch.", SetConfigEpoch,
                args: Arg.Integer("config-epoch")),
            // ClusterCommands.SlotChanges.cs
            Told("ADDSLOTS", "3.0.0", -3, Changing, OfSlots, "Takes slots that nobody has.", AddSlots, args: Arg.Integer("slot").Multiple()),
            Told("ADDSLOTSRANGE", "7.0.0", -4, Changing, OfSlots, "Takes runs of slots that nobody has.", AddSlotsRange, args: SlotRanges),
            Told("DELSLOTS", "3.0.0", -3, Changing, OfSlots, "Forgets who has slots.", DelSlots, args: Arg.Integer("slot").Multiple()),
            Told("DELSLOTSRANGE", "7.0.0", -4, Changing, OfSlots, "Forgets who has runs of slots.", DelSlotsRange, args: SlotRanges),
            Told("FLUSHSLOTS", "3.0.0", 2, Changing, "O(1)", "Gives up all slots of this node.", FlushSlots),
            SetSlotSpec,
            .. OfMigrations,
            .. OfKeys,
            HelpSpec,
        ],
    };

    const string OfNodes = "O(N) where N is the number of nodes";
    const string OfSlots = "O(N) where N is the number of slots";

    static Arg NodeId => Arg.String("node-id");

    static Arg SlotRanges => Arg.Block("range", Arg.Integer("start-slot"), Arg.Integer("end-slot")).Multiple();

    /// <summary>A handler that runs on nodes of a cluster only.</summary>
    delegate void ClusterHandler(ref CommandContext c, ClusterHost cluster);

    static Command Told(
        string name, string since, int arity, CommandFlags flags, string complexity, string summary, ClusterHandler run, bool varies = false,
        params Arg[] args) => new()
    {
        Name = name, Group = CommandGroup.Cluster, Since = since, Complexity = complexity, Summary = summary,
        Arity = arity, Flags = flags, Args = args, Tips = varies ? ["nondeterministic_output"] : [], Run = OnNode(run),
    };

    static CommandHandler OnNode(ClusterHandler run) => (ref CommandContext c) =>
    {
        if (c.Server.Cluster is { } cluster) run(ref c, cluster);
        else c.Fail(Errors.ClusterDisabled);
    };

    /// <summary>An argument as the configuration has text: a char a byte.</summary>
    static string Word(in CommandContext c, int index) => ConfigText.FromBytes(c.Arg(index));

    static void Text(ReplyWriter reply, string text) => reply.Bulk(ConfigText.ToBytes(text));

    /// <summary>Does what a step of the machine has brought about, then answers OK, or why it was refused.</summary>
    static void PerformAndReply(ref CommandContext c, ClusterHost cluster, string? refusal)
    {
        cluster.Perform();
        if (refusal is null) c.Reply.Ok();
        else c.Fail(refusal);
    }
}
