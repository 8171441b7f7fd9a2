using MiniRedis.Cluster.Sentinel;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Sentinel;

/// <summary>SENTINEL, the one command that only a Sentinel has. Its subcommands ask or tell the machine.</summary>
static partial class SentinelCommands
{
    public static IEnumerable<Command> All => [SentinelSpec];

    static readonly Command SentinelSpec = new()
    {
        Name = "SENTINEL", Group = CommandGroup.Sentinel, Since = "2.8.4", Complexity = "Depends on subcommand.",
        Summary = "A container for commands of Sentinel.",
        Arity = -2, Flags = CommandFlags.Admin | CommandFlags.OnlySentinel,
        Subcommands =
        [
            // SentinelCommands.Masters.cs
            Told("MASTERS", "2.8.4", 2, "Lists the masters with their state.", Masters),
            Told("PRIMARIES", "8.0.0", 2, "Lists the masters with their state.", Masters),
            Told("MASTER", "2.8.4", 3, "Tells the state of a master.", Master, MasterName),
            Told("PRIMARY", "8.0.0", 3, "Tells the state of a master.", Master, MasterName),
            Told("REPLICAS", "5.0.0", 3, "Lists the replicas of a master with their state.", Replicas, MasterName),
            Told("SLAVES", "2.8.0", 3, "Lists the replicas of a master with their state.", Replicas, MasterName),
            Told("SENTINELS", "2.8.4", 3, "Lists the other Sentinels of a master with their state.", Sentinels, MasterName),
            Told("GET-MASTER-ADDR-BY-NAME", "2.8.4", 3, "Tells the address of a master.", GetMasterAddress, MasterName),
            Told("GET-PRIMARY-ADDR-BY-NAME", "8.0.0", 3, "Tells the address of a master.", GetMasterAddress, MasterName),
            Told("CKQUORUM", "2.8.4", 3, "Tells whether enough Sentinels are up for a failover.", CheckQuorum, MasterName),
            Told("INFO-CACHE", "3.2.0", -3, "Tells what masters and replicas last said in INFO.", InfoCache, Arg.String("nodename").Multiple()),
            Told("PENDING-SCRIPTS", "2.8.4", 2, "Lists the scripts that run or wait.", PendingScripts),
            Told("MYID", "6.2.0", 2, "Tells the id of this Sentinel.",
                static (ref CommandContext c) => Text(c.Reply, Of(ref c).Settings.MyId)),
            // SentinelCommands.Changes.cs
            Told("IS-MASTER-DOWN-BY-ADDR", "2.8.4", 6, "Tells another Sentinel whether a master looks down, and votes.", IsMasterDown, AskedFor),
            Told("IS-PRIMARY-DOWN-BY-ADDR", "8.0.0", 6, "Tells another Sentinel whether a master looks down, and votes.", IsMasterDown, AskedFor),
            Told("MONITOR", "2.8.4", 6, "Begins to watch a master.", Monitor,
                Arg.String("name"), Arg.String("ip"), Arg.Integer("port"), Arg.Integer("quorum")),
            Told("REMOVE", "2.8.4", 3, "Ends watching a master.", Remove, MasterName),
            Told("RESET", "2.8.4", 3, "Forgets what was learnt of masters.", Reset, Arg.Pattern("pattern")),
            Told("FAILOVER", "2.8.4", 3, "Fails over without asking other Sentinels.", Failover, MasterName),
            Told("FLUSHCONFIG", "2.8.4", 2, "Writes the configuration file.", FlushConfig),
            Told("SIMULATE-FAILURE", "3.2.0", -3, "Has this Sentinel crash in the middle of a failover.", SimulateFailure,
                Arg.OneOf("mode", Arg.Token("CRASH-AFTER-ELECTION"), Arg.Token("CRASH-AFTER-PROMOTION"), Arg.Token("HELP")).Multiple().Optional()),
            // SentinelCommands.Settings.cs
            Told("SET", "2.8.4", -5, "Changes settings of a master.", Set,
                MasterName, Arg.Block("data", Arg.String("option"), Arg.String("value")).Multiple()),
            Told("CONFIG", "6.2.0", -4, "Reads and changes settings of this Sentinel.", Config,
                Arg.String("action"), Arg.String("parameter").Multiple()),
            Told("DEBUG", "7.0.0", -2, "Reads and changes periods of this Sentinel.", Debug,
                Arg.Block("data", Arg.String("parameter"), Arg.String("value")).Multiple().Optional()),
            Help.Subcommand("6.2.0", CommandGroup.Sentinel,
                ("CKQUORUM <master-name>", "Tells whether enough Sentinels are up to find the master down and to elect a leader."),
                ("CONFIG GET <param> [<param> ...]", "Tells settings of this Sentinel."),
                ("CONFIG SET <param> <value> [<param> <value> ...]", "Changes settings of this Sentinel."),
                ("DEBUG [<param> <value> ...]", "Tells or changes periods of this Sentinel, in milliseconds."),
                ("FAILOVER <master-name>", "Fails over without asking other Sentinels."),
                ("FLUSHCONFIG", "Writes the configuration file, with the state of this Sentinel."),
                ("GET-MASTER-ADDR-BY-NAME <master-name>", "Tells the address and port of the master."),
                ("INFO-CACHE <master-name> ...", "Tells what the master and its replicas last said in INFO."),
                ("IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>", "Tells another Sentinel whether the master looks down, and votes."),
                ("MASTER <master-name>", "Tells the state of the master."),
                ("MASTERS", "Lists the masters with their state."),
                ("MONITOR <name> <ip> <port> <quorum>", "Begins to watch a master."),
                ("MYID", "Tells the id of this Sentinel."),
                ("PENDING-SCRIPTS", "Lists the scripts that run or wait."),
                ("REMOVE <master-name>", "Ends watching the master."),
                ("REPLICAS <master-name>", "Lists the replicas of the master with their state."),
                ("RESET <pattern>", "Forgets what was learnt of the masters whose names match."),
                ("SENTINELS <master-name>", "Lists the other Sentinels of the master with their state."),
                ("SET <master-name> <option> <value> [<option> <value> ...]", "Changes settings of the master."),
                ("SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]", "Has this Sentinel crash in a failover.")),
        ],
    };

    static Arg MasterName => Arg.String("master-name");

    static Arg[] AskedFor => [Arg.String("ip"), Arg.Integer("port"), Arg.Integer("current-epoch"), Arg.String("runid")];

    static Command Told(string name, string since, int arity, string summary, CommandHandler run, params Arg[] args) => new()
    {
        Name = name, Group = CommandGroup.Sentinel, Since = since, Complexity = "O(N) where N is the number of instances", Summary = summary,
        Arity = arity, Flags = CommandFlags.Admin | CommandFlags.OnlySentinel, Args = args, Run = run,
    };

    static SentinelMachine Of(ref CommandContext c) => c.Server.Sentinel!.Machine;

    static long Now(ref CommandContext c) => c.Server.Sentinel!.Now;

    /// <summary>An argument as the configuration has text: a char a byte.</summary>
    static string Word(ref CommandContext c, int index) => ConfigText.FromBytes(c.Arg(index));

    static void Text(ReplyWriter reply, string text) => reply.Bulk(ConfigText.ToBytes(text));

    /// <summary>The master that an argument names, or an error.</summary>
    static bool TryMaster(ref CommandContext c, out SentinelInstance master)
    {
        if (Of(ref c).Masters.TryGet(Word(ref c, 2), out var found))
        {
            master = found;
            return true;
        }
        master = null!;
        c.Fail(Errors.NoSuchMaster);
        return false;
    }

    /// <summary>Does what a change has brought about, and answers whether it is on disk.</summary>
    static void PerformAndReply(ref CommandContext c)
    {
        if (c.Server.Sentinel!.Perform()) c.Reply.Ok();
        else c.Fail(Errors.SentinelConfigNotSaved);
    }

    static bool Is(string word, string name) => word.Equals(name, StringComparison.OrdinalIgnoreCase);

    static bool Matches(string pattern, string name, bool ignoreCase) =>
        Glob.IsMatch(ConfigText.ToBytes(pattern), ConfigText.ToBytes(name), ignoreCase);
}
