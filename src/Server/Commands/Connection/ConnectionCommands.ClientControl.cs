using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>CLIENT REPLY, NO-EVICT, NO-TOUCH, PAUSE, UNPAUSE, UNBLOCK, CAPA, IMPORT-SOURCE and HELP.</summary>
static partial class ConnectionCommands
{
    static Command ClientReplySpec => ClientSubcommand("REPLY", "3.2.0", 3, "Turns replies to the connection off and on.",
        ClientReply, [Arg.OneOf("action", Arg.Token("ON"), Arg.Token("OFF"), Arg.Token("SKIP"))]);

    static Command ClientNoEvictSpec => ClientSubcommand("NO-EVICT", "7.0.0", 3, "Spares the connection when clients are evicted.",
        static (ref CommandContext c) => SetFlag(ref c, ClientFlags.NoEvict), OnOrOff, flags: ClientFlagsOfAll | CommandFlags.Admin);

    static Command ClientNoTouchSpec => ClientSubcommand("NO-TOUCH", "7.2.0", 3,
        "Lets the connection use keys without renewing their access times.",
        static (ref CommandContext c) => SetFlag(ref c, ClientFlags.NoTouch), OnOrOff,
        flags: ClientFlagsOfAll & ~CommandFlags.Sentinel);

    static Command ClientPauseSpec => ClientSubcommand("PAUSE", "3.0.0", -3, "Holds the commands of all clients for a while.",
        ClientPauseRun,
        [
            Arg.Integer("timeout"),
            Arg.OneOf("mode", Arg.Token("WRITE"), Arg.Token("ALL")).Optional().AddedIn("6.2.0"),
        ],
        flags: ClientFlagsOfAll | CommandFlags.Admin);

    static Command ClientUnpauseSpec => ClientSubcommand("UNPAUSE", "6.2.0", 2, "Ends what CLIENT PAUSE began.",
        static (ref CommandContext c) =>
        {
            c.Server.Pause.End();
            c.Reply.Ok();
        },
        flags: ClientFlagsOfAll | CommandFlags.Admin, complexity: "O(N) where N is the number of held clients");

    static Command ClientUnblockSpec => ClientSubcommand("UNBLOCK", "5.0.0", -3, "Ends the wait of another client.", ClientUnblock,
        [
            Arg.Integer("client-id"),
            Arg.OneOf("unblock-type", Arg.Token("TIMEOUT"), Arg.Token("ERROR")).Optional(),
        ],
        flags: ClientFlagsOfAll | CommandFlags.Admin, complexity: "O(log N) where N is the number of clients");

    static Command ClientCapaSpec => ClientSubcommand("CAPA", "7.2.0", -3, "Tells the server what the connection's end is able to do.",
        static (ref CommandContext c) =>
        {
            // An unknown capability is no error: newer clients may have more.
            for (var i = 2; i < c.Count; i++)
            {
                if (c.IsToken(i, "REDIRECT"u8)) c.Client.Flags |= ClientFlags.CanRedirect;
            }
            c.Reply.Ok();
        },
        [Arg.String("capability").Multiple()], flags: ClientFlagsOfAll & ~CommandFlags.Sentinel);

    static Command ClientImportSourceSpec => ClientSubcommand("IMPORT-SOURCE", "8.1.0", 3,
        "Lets the connection, which copies another server's data here, see and keep keys that have expired.",
        static (ref CommandContext c) =>
        {
            // A client may always stop being a source.
            if (c.Server.Config.Process.ImportMode || c.IsToken(2, "OFF"u8)) SetFlag(ref c, ClientFlags.ImportSource);
            else c.Fail(Errors.NotInImportMode);
        },
        OnOrOff, flags: ClientFlagsOfAll & ~CommandFlags.Sentinel);

    static Command ClientHelpSpec => Help.Subcommand("5.0.0", CommandGroup.Connection,
        ("CAPA <capability> [<capability> ...]", "Tells what this connection's end is able to do: REDIRECT."),
        ("CACHING (YES|NO)", "Has the keys of the next command tracked (OPTIN), or not tracked (OPTOUT)."),
        ("GETREDIR", "Tells the id of the connection that gets this one's messages about keys."),
        ("GETNAME", "Tells the name of this connection."),
        ("ID", "Tells the id of this connection."),
        ("IMPORT-SOURCE (ON|OFF)", "Lets this connection see and keep expired keys, while import-mode is on."),
        ("INFO", "Tells what CLIENT LIST tells, of this connection only."),
        ("KILL <ip:port>", "Closes the connection that comes from <ip:port>."),
        ("KILL <option> <value> [<option> <value> [...]]",
            "Closes the connections that all options fit: ID <id> [<id> ...], TYPE (NORMAL|PRIMARY|REPLICA|PUBSUB), USER <name>, "
            + "ADDR <ip:port>, LADDR <ip:port>, IP <ip>, NAME <name>, LIB-NAME <name>, LIB-VER <version>, FLAGS <flags>, CAPA <capa>, "
            + "DB <number>, each also with NOT- before it; MAXAGE <seconds>, IDLE <seconds>; SKIPME (YES|NO) says whether to spare this "
            + "one (default: yes)."),
        ("LIST [<option> <value> [...]]", "Tells about the connections that all options fit; options as for KILL."),
        ("NO-EVICT (ON|OFF)", "Spares this connection when clients are evicted."),
        ("NO-TOUCH (ON|OFF)", "Keeps this connection from renewing the access times of the keys it uses."),
        ("PAUSE <timeout> [WRITE|ALL]", "Holds all commands, or those that write, for <timeout> milliseconds."),
        ("REPLY (ON|OFF|SKIP)", "Turns replies to this connection on or off, or leaves the next one out."),
        ("SETINFO (LIB-NAME|LIB-VER) <value>", "Notes which library this connection comes from."),
        ("SETNAME <name>", "Names this connection."),
        ("TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]] [OPTIN] [OPTOUT] [NOLOOP]",
            "Turns messages about keys that this connection has read, and that change, on or off."),
        ("TRACKINGINFO", "Tells how this connection tracks keys."),
        ("UNBLOCK <id> [TIMEOUT|ERROR]", "Ends the wait of a blocked client, as if its time was over or with an error."),
        ("UNPAUSE", "Lets held commands go on."));

    static Arg[] OnOrOff => [Arg.OneOf("enabled", Arg.Token("ON"), Arg.Token("OFF"))];

    static void ClientReply(ref CommandContext c)
    {
        if (c.IsToken(2, "ON"u8))
        {
            c.Client.ReplyMode = ReplyMode.On;
            c.Reply.Muted = false;
            c.Reply.Ok();
        }
        else if (c.IsToken(2, "OFF"u8))
        {
            c.Client.ReplyMode = ReplyMode.Off;
        }
        else if (c.IsToken(2, "SKIP"u8))
        {
            if (c.Client.ReplyMode != ReplyMode.Off) c.Client.ReplyMode = ReplyMode.SkipNext;
        }
        else
        {
            c.Fail(Errors.Syntax);
        }
    }

    static void SetFlag(ref CommandContext c, ClientFlags flag)
    {
        if (c.IsToken(2, "ON"u8)) c.Client.Flags |= flag;
        else if (c.IsToken(2, "OFF"u8)) c.Client.Flags &= ~flag;
        else
        {
            c.Fail(Errors.Syntax);
            return;
        }
        c.Reply.Ok();
    }

    static void ClientPauseRun(ref CommandContext c)
    {
        var writesOnly = false;
        if (c.Count > 4)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "CLIENT"));
            return;
        }
        if (c.Count == 4)
        {
            writesOnly = c.IsToken(3, "WRITE"u8);
            if (!writesOnly && !c.IsToken(3, "ALL"u8))
            {
                c.Fail(Errors.PauseMode);
                return;
            }
        }
        if (!Numbers.TryParseInt64(c.Arg(2), out var milliseconds)) c.Fail(Errors.TimeoutNotInteger);
        else if (milliseconds < 0) c.Fail(Errors.TimeoutNegative);
        else if (milliseconds > long.MaxValue - c.Now) c.Fail(Errors.TimeoutOutOfRange);
        else
        {
            c.Server.Pause.Start(c.Now + milliseconds, writesOnly);
            c.Reply.Ok();
        }
    }

    static void ClientUnblock(ref CommandContext c)
    {
        if (c.Count > 4)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "CLIENT"));
            return;
        }
        var withError = false;
        if (c.Count == 4)
        {
            withError = c.IsToken(3, "ERROR"u8);
            if (!withError && !c.IsToken(3, "TIMEOUT"u8))
            {
                c.Fail(Errors.UnblockReason);
                return;
            }
        }
        if (!c.TryInteger(2, out var id)) return;
        if (!c.Server.Clients.TryGet(id, out var target) || target.Waiting is not { } waiting)
        {
            c.Reply.Integer(0);
            return;
        }
        c.Server.Runner.EndWait(waiting, withError);
        c.Reply.Integer(1);
    }
}
