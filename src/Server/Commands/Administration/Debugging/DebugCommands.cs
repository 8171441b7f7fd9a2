using System.Globalization;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Administration.Debugging;

/// <summary>
/// DEBUG: lets test suites look inside the server and hold it still. It is not a container: its subcommands are no part of the
/// interface, so COMMAND, ACL and commandstats see one command, as in Redis.
/// </summary>
static partial class DebugCommands
{
    public static IEnumerable<Command> All => [DebugSpec];

    static readonly Command DebugSpec = new()
    {
        Name = "DEBUG", Group = CommandGroup.Server, Since = "1.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for debugging commands.",
        Arity = -2, Flags = ServerCommands.Administrative | CommandFlags.Protected, IsSysCmd = true,
        Run = Debug,
    };

    /// <summary>A subcommand of DEBUG; <paramref name="Most"/> arguments at most, DEBUG and its name included.</summary>
    sealed record DebugAction(string Name, string Syntax, string Text, int Least, int Most, CommandHandler Run);

    static readonly DebugAction[] s_debugActions =
    [
        new("AOF-FLUSH-SLEEP", "<microseconds>", "Delays each write of the append-only file.", 3, 3, DebugAofFlushSleep),
        new("ASSERT", "", "Ends the server as an assertion that fails does.", 2, 2, DebugAssert),
        new("CHANGE-REPL-ID", "", "Gives this server a new replication id.", 2, 2, DebugChangeReplId),
        new("CLOSE-CLUSTER-LINK-ON-PACKET-DROP", "<0|1>", "Closes a link of the cluster bus when a packet on it is dropped.", 3, 3,
            DebugCloseOnDrop),
        new("CLUSTERLINK", "KILL <to|from|all> <node-id>", "Closes the links of the cluster bus to a node, from it, or both.", 5, 5,
            DebugClusterLink),
        new("CONFIG-REWRITE-FORCE-ALL", "", "Writes every directive into the configuration file, defaults included.", 2, 2,
            DebugRewriteAll),
        new("DELAY-RDB-CLIENT-FREE-SECONDS", "<seconds>",
            "Awaits a replica's main connection so long after the one that brought it the file has ended.", 3, 3, DebugRdbClientGrace),
        new("DICT-RESIZING", "<0|1>", "Accepted; the index grows a bucket at a time and has no resizing to stop.", 3, 3,
            DebugAccept),
        new("DIGEST", "", "Answers a digest of all keys and values.", 2, 2, DebugDigest),
        new("DIGEST-VALUE", "<key> [<key> ...]", "Answers a digest of the value of each key.", 2, int.MaxValue, DebugDigestValue),
        new("DROP-CLUSTER-PACKET-FILTER", "<type>", "Drops packets of a type on the cluster bus; -1 drops none.", 3, 3, DebugDropPackets),
        new("ERROR", "<text>", "Answers <text> as an error.", 3, 3, DebugError),
        new("HTSTATS", "<dbid> [FULL]", "Describes the index of a database.", 3, 4, DebugIndexStatistics),
        new("HTSTATS-KEY", "<key> [FULL]", "Describes the hash table of a value.", 3, 4, DebugTableStatistics),
        new("LISTPACK", "<key>", "Prints the elements of a listpack on the standard output.", 3, 3, DebugListpack),
        new("LOADAOF", "", "Loads the append-only file anew.", 2, 2, DebugLoadAof),
        new("LOG", "<text>", "Writes <text> into the log.", 3, 3, DebugLog),
        new("MOVE-BLOCKS", "<0|1>", "Moves everything that active defragmentation can move, every turn of the loop.", 3, 3, DebugMoveBlocks),
        new("OBJECT", "<key> [FAST]", "Describes how a value is kept.", 3, 4, DebugObject),
        new("PANIC", "", "Ends the server as a bug does that it has found.", 2, int.MaxValue, DebugPanic),
        new("PAUSE-AFTER-FORK", "<0|1>",
            "Stops the process in a full synchronization: a master's when it has sent the file, a replica's before it asks for the stream.",
            3, 3, DebugStopInFullSync),
        new("PAUSE-CRON", "<0|1>", "Stops what the server does by the clock, or lets it go on.", 3, 3, DebugPauseCron),
        new("POPULATE", "<count> [<prefix>] [<size>]", "Creates <count> strings, of <size> bytes each, called <prefix>:<number>.",
            3, 5, DebugPopulate),
        new("PROTOCOL", "<type>", $"Answers a sample of a reply type: {ProtocolTypes}.", 3, 3, DebugProtocol),
        new("QUICKLIST-PACKED-THRESHOLD", "<size>", "Gives elements of lists from so many bytes on a node of their own; 0 for the usual.", 3, 3,
            DebugPackedThreshold),
        new("RELOAD", "[MERGE] [NOFLUSH] [NOSAVE]", "Saves the data and loads them again.", 2, int.MaxValue, DebugReload),
        new("REPLICATE", "<string> [<string> ...]", "Sends a command to replicas that is not run here: their data may differ then.", 3,
            int.MaxValue, DebugReplicate),
        new("REPLYBUFFER", "PEAK-RESET-TIME <milliseconds|NEVER|RESET> | RESIZING <0|1>",
            "Says how soon the peak of a silent client's replies is forgotten. A connection without output holds no buffer to resize.",
            4, 4, DebugReplyBuffer),
        new("SEGFAULT", "", "Ends the server by writing where there is no memory.", 2, 2, DebugSegmentationFault),
        new("SET-ACTIVE-EXPIRE", "<0|1>", "Stops or restarts the deletion of expired keys that nobody asks for.", 3, 3,
            DebugActiveExpire),
        new("SET-DISABLE-DENY-SCRIPTS", "<0|1>", "Lets scripts call commands that are denied to them.", 3, 3, DebugDenyScripts),
        new("SET-SKIP-CHECKSUM-VALIDATION", "<0|1>", "Reads payloads whatever their checksum says.", 3, 3, DebugSkipChecksums),
        new("SLEEP", "<seconds>", "Holds the whole server for so long; a fraction is fine.", 3, 3, DebugSleep),
        new("SLOTMIGRATION", "PREVENT-PAUSE|PREVENT-FAILOVER <0|1>",
            "Stops slot migrations before the source holds writes, or before the target takes over.", 4, 4, DebugSlotMigration),
        new("STRUCTSIZE", "", "Answers the sizes of a record's parts in bytes.", 2, 2, DebugStructSize),
    ];

    static void Debug(ref CommandContext c)
    {
        if (c.Count == 2 && c.IsToken(1, "HELP"u8))
        {
            ReplyDebugHelp(c.Reply);
            return;
        }
        foreach (var action in s_debugActions)
        {
            if (!Ascii.EqualsIgnoreCase(c.Arg(1), action.Name)) continue;
            if (c.Count < action.Least || c.Count > action.Most) break;
            action.Run(ref c);
            return;
        }
        c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "DEBUG"));
    }

    static void ReplyDebugHelp(ReplyWriter reply) =>
        Help.Reply(reply, "DEBUG", [.. s_debugActions.Select(a => ($"{a.Name} {a.Syntax}".TrimEnd(), a.Text))]);

    /// <summary>Reads a switch as C's atoi does: it is on if it starts with a number other than 0.</summary>
    static bool IsOn(in CommandContext c) => c.Arg(2) is not ([] or [(byte)'0', ..]) && char.IsAsciiDigit((char)c.Arg(2)[0]);

    static void DebugAccept(ref CommandContext c) => c.Reply.Ok();

    static void DebugActiveExpire(ref CommandContext c)
    {
        c.Server.ActiveExpiry.IsEnabled = IsOn(c);
        c.Reply.Ok();
    }

    static void DebugReplyBuffer(ref CommandContext c)
    {
        if (c.IsToken(2, "PEAK-RESET-TIME"u8))
        {
            var milliseconds = -1L;
            if (c.IsToken(3, "RESET"u8)) milliseconds = DebugSwitches.DefaultReplyPeakMilliseconds;
            else if (!c.IsToken(3, "NEVER"u8) && !c.TryInteger(3, out milliseconds)) return;
            c.Server.DebugSwitches.ReplyPeakMilliseconds = milliseconds;
        }
        else if (!c.IsToken(2, "RESIZING"u8))
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "DEBUG"));
            return;
        }
        c.Reply.Ok();
    }

    static void DebugRdbClientGrace(ref CommandContext c)
    {
        if (!c.TryInt32(2, out var seconds)) return;
        c.Server.DebugSwitches.RdbClientGraceSeconds = seconds;
        c.Reply.Ok();
    }

    static void DebugStopInFullSync(ref CommandContext c)
    {
        c.Server.DebugSwitches.StopsInFullSync = IsOn(c);
        c.Reply.Ok();
    }

    static void DebugPauseCron(ref CommandContext c)
    {
        c.Server.Cron.IsPaused = IsOn(c);
        c.Reply.Ok();
    }

    static void DebugMoveBlocks(ref CommandContext c)
    {
        c.Server.ActiveDefrag.MovesEverything = IsOn(c);
        c.Server.CronSignal.Request();
        c.Reply.Ok();
    }

    static void DebugDenyScripts(ref CommandContext c)
    {
        c.Server.DebugSwitches.ScriptsMayCallAnything = IsOn(c);
        c.Reply.Ok();
    }

    static void DebugSkipChecksums(ref CommandContext c)
    {
        c.Server.DebugSwitches.SkipChecksums = IsOn(c);
        c.Reply.Ok();
    }

    /// <summary>Blocks the executor's thread and its timers on purpose.</summary>
    static void DebugSleep(ref CommandContext c)
    {
        if (double.TryParse(c.Arg(2), CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and < int.MaxValue / 1000)
            Thread.Sleep(TimeSpan.FromSeconds(seconds));
        c.Reply.Ok();
    }

    static void DebugError(ref CommandContext c) => c.Reply.Error(c.Arg(2));

    static void DebugLog(ref CommandContext c)
    {
        c.Server.Log.DebugLog("DEBUG LOG: " + System.Text.Encoding.UTF8.GetString(c.Arg(2)));
        c.Reply.Ok();
    }

    static void DebugReplicate(ref CommandContext c)
    {
        var command = new System.Text.StringBuilder();
        command.Append(CultureInfo.InvariantCulture, $"*{c.Count - 2}\r\n");
        for (var i = 2; i < c.Count; i++)
            command.Append(CultureInfo.InvariantCulture, $"${c.Arg(i).Length}\r\n{System.Text.Encoding.Latin1.GetString(c.Arg(i))}\r\n");
        c.Server.ReplicationStream.Write(System.Text.Encoding.Latin1.GetBytes(command.ToString()));
        c.Reply.Ok();
    }

    static void DebugChangeReplId(ref CommandContext c)
    {
        c.Server.History.Change();
        c.Reply.Ok();
    }

    static void DebugRewriteAll(ref CommandContext c)
    {
        if (c.Server.ConfigService.TryRewrite(out var error, everything: true)) c.Reply.Ok();
        else c.Fail(error!);
    }

    static void DebugPackedThreshold(ref CommandContext c)
    {
        var isNumber = ConfigNumber.TryParseMemory(ConfigText.FromBytes(c.Arg(2)), out var bytes);
        if (!isNumber || bytes is < 0 or >= 1L << 32)
        {
            c.Fail(Errors.PackedThreshold);
            return;
        }
        c.Encodings.PackedThreshold = bytes;
        c.Reply.Ok();
    }

    const string ProtocolTypes = "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false";

    static void DebugProtocol(ref CommandContext c)
    {
        var reply = c.Reply;
        switch (ConfigText.FromBytes(c.Arg(2)).ToLowerInvariant())
        {
            case "string": reply.Bulk("Hello World"u8); break;
            case "integer": reply.Integer(12345); break;
            case "double": reply.Double(3.141); break;
            case "bignum": reply.BigNumber("1234567999999999999999999999999999999"u8); break;
            case "null": reply.Null(); break;
            case "true": reply.Bool(true); break;
            case "false": reply.Bool(false); break;
            case "verbatim": reply.Verbatim("txt", "This is a verbatim\nstring"u8); break;
            case "array":
                reply.Array(3);
                for (var i = 0; i < 3; i++) reply.Integer(i);
                break;
            case "set":
                reply.Set(3);
                for (var i = 0; i < 3; i++) reply.Integer(i);
                break;
            case "map":
                reply.Map(3);
                for (var i = 0; i < 3; i++)
                {
                    reply.Integer(i);
                    reply.Bool(i == 1);
                }
                break;
            case "attrib": ReplyWithAttribute(reply); break;
            case "push": ReplyWithPush(ref c); break;
            default: c.Fail(Errors.WrongProtocolType(ProtocolTypes)); break;
        }
    }

    /// <summary>An attribute precedes a reply. RESP2 has no attributes, and gets that reply only.</summary>
    static void ReplyWithAttribute(ReplyWriter reply)
    {
        if (reply.Protocol == 3)
        {
            reply.Attribute(1);
            reply.Bulk("key-popularity"u8);
            reply.Array(2);
            reply.Bulk("key:123"u8);
            reply.Integer(90);
        }
        reply.Bulk("Some real reply following the attribute"u8);
    }

    static void ReplyWithPush(ref CommandContext c)
    {
        if (c.Reply.Protocol == 2)
        {
            c.Fail(Errors.NeedsResp3);
            return;
        }
        c.Reply.Push(2);
        c.Reply.Bulk("server-cpu-usage"u8);
        c.Reply.Integer(42);
        c.Reply.Bulk("Some real reply following the push reply"u8);
    }
}
