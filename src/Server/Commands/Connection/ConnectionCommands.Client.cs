using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>CLIENT: the container, and the subcommands by which a connection names and describes itself.</summary>
static partial class ConnectionCommands
{
    const CommandFlags ClientFlagsOfAll = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Sentinel;

    // The subcommands of other files are properties, since static fields of other files may be initialized after this one.
    static readonly Command ClientSpec = new()
    {
        Name = "CLIENT", Group = CommandGroup.Connection, Since = "2.4.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about connections.",
        Arity = -2, Flags = CommandFlags.Sentinel,
        Subcommands =
        [
            ClientSubcommand("ID", "5.0.0", 2, "Tells the id of the connection.",
                static (ref CommandContext c) => c.Reply.Integer(c.Client.Id)),
            ClientSubcommand("GETNAME", "2.6.9", 2, "Tells the name of the connection.", ClientGetName),
            ClientSubcommand("SETNAME", "2.6.9", 3, "Names the connection.", ClientSetName,
                [Arg.String("connection-name")], EveryNode),
            ClientSubcommand("SETINFO", "7.2.0", 4, "Tells the server which library speaks.", ClientSetInfo,
                [Arg.OneOf("attr", Arg.String("libname").After("lib-name"), Arg.String("libver").After("lib-ver"))], EveryNode),
            // ConnectionCommands.ClientList.cs
            ClientInfoSpec, ClientListSpec, ClientKillSpec,
            // ConnectionCommands.ClientControl.cs
            ClientReplySpec, ClientNoEvictSpec, ClientNoTouchSpec, ClientPauseSpec, ClientUnpauseSpec, ClientUnblockSpec,
            ClientCapaSpec, ClientImportSourceSpec,
            // ConnectionCommands.Tracking.cs
            ClientTrackingSpec, ClientCachingSpec, ClientGetRedirSpec, ClientTrackingInfoSpec,
            ClientHelpSpec,
        ],
    };

    static string[] EveryNode => ["request_policy:all_nodes", "response_policy:all_succeeded"];

    static Command ClientSubcommand(string name, string since, int arity, string summary, CommandHandler run, Arg[]? args = null,
        string[]? tips = null, CommandFlags flags = ClientFlagsOfAll, string complexity = "O(1)") => new()
    {
        Name = name, Group = CommandGroup.Connection, Since = since, Complexity = complexity, Summary = summary,
        Arity = arity, Flags = flags, Args = args ?? [], Tips = tips ?? [], Run = run,
    };

    /// <summary>Whether CLIENT LIST can show the text: a blank or control character would break its format.</summary>
    static bool IsShowable(ReadOnlySpan<byte> text) => !text.ContainsAnyExceptInRange((byte)'!', (byte)'~');

    static void ClientGetName(ref CommandContext c)
    {
        if (c.Client.Name.Length == 0) c.Reply.Null();
        else c.Reply.Bulk(c.Client.Name);
    }

    static void ClientSetName(ref CommandContext c)
    {
        if (!IsShowable(c.Arg(2)))
        {
            c.Fail(Errors.ClientName);
            return;
        }
        c.Client.Name = c.Arg(2).ToArray();
        c.Reply.Ok();
    }

    static void ClientSetInfo(ref CommandContext c)
    {
        var isName = c.IsToken(2, "LIB-NAME"u8);
        if (!isName && !c.IsToken(2, "LIB-VER"u8))
        {
            c.Fail(Errors.UnrecognizedOption(c.Arg(2)));
            return;
        }
        if (!IsShowable(c.Arg(3)))
        {
            c.Fail(Errors.ClientAttribute(c.Arg(2)));
            return;
        }
        if (isName) c.Client.LibraryName = c.Arg(3).ToArray();
        else c.Client.LibraryVersion = c.Arg(3).ToArray();
        c.Reply.Ok();
    }
}
