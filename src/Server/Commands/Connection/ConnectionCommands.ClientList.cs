using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>CLIENT INFO, LIST and KILL.</summary>
static partial class ConnectionCommands
{
    static Command ClientInfoSpec => ClientSubcommand("INFO", "6.2.0", 2, "Tells what is known about the connection.",
        static (ref CommandContext c) =>
        {
            var line = new StringBuilder();
            ClientDescription.Append(line, c.Client, c.Server, c.Request);
            c.Reply.Verbatim("txt", Encoding.UTF8.GetBytes(line.ToString()));
        },
        tips: ["nondeterministic_output"]);

    static Command ClientListSpec => new()
    {
        Name = "LIST", Group = CommandGroup.Connection, Since = "2.4.0", Complexity = "O(N) where N is the number of clients",
        Summary = "Tells what is known about connections, a line each.",
        History =
        [
            ("2.8.12", "Shows the id."), ("5.0.0", "Filters by TYPE."), ("6.0.0", "Shows the user."),
            ("6.2.0", "Shows argv-mem, tot-mem, laddr and redir; filters by ID."),
            ("7.0.0", "Shows resp, multi-mem, rbs and rbp."), ("7.0.3", "Shows ssub."),
        ],
        Arity = -2, Flags = ClientFlagsOfAll | CommandFlags.Admin,
        Args = Filters,
        Tips = ["nondeterministic_output"],
        Run = ClientList,
    };

    static Command ClientKillSpec => new()
    {
        Name = "KILL", Group = CommandGroup.Connection, Since = "2.4.0", Complexity = "O(N) where N is the number of clients",
        Summary = "Closes connections.",
        History =
        [
            ("2.8.12", "Takes filters, ID among them."), ("3.2.0", "Knows the type master."),
            ("5.0.0", "Calls the type slave replica."), ("6.2.0", "Filters by LADDR."), ("7.4.0", "Filters by MAXAGE."),
        ],
        Arity = -3, Flags = ClientFlagsOfAll | CommandFlags.Admin,
        Args =
        [
            Arg.OneOf("filter",
                Arg.String("old-format").ShownAs("ip:port").DeprecatedIn("2.8.12"),
                Arg.OneOf("new-format", Filters).Multiple()),
        ],
        Run = ClientKill,
    };

    /// <summary>See <see cref="ClientFilter"/>.</summary>
    static Arg[] Filters =>
    [
        Arg.Integer("client-id").After("ID").Optional().Multiple(),
        TypeArg("client-type", "TYPE"),
        Arg.String("username").After("USER").Optional(),
        Arg.String("addr").After("ADDR").ShownAs("ip:port").Optional(),
        Arg.String("laddr").After("LADDR").ShownAs("ip:port").Optional().AddedIn("6.2.0"),
        Arg.OneOf("skipme", Arg.Token("YES"), Arg.Token("NO")).After("SKIPME").Optional(),
        Arg.Integer("maxage").After("MAXAGE").Optional().AddedIn("7.4.0"),
        Arg.String("name").After("NAME").Optional(), Arg.Integer("idle").After("IDLE").Optional(),
        Arg.String("flags").After("FLAGS").Optional(), Arg.String("lib-name").After("LIB-NAME").Optional(),
        Arg.String("lib-ver").After("LIB-VER").Optional(), Arg.Integer("db").After("DB").Optional(),
        Arg.String("capa").After("CAPA").Optional(), Arg.String("ip").After("IP").Optional(),
        Arg.Integer("not-client-id").After("NOT-ID").Optional().Multiple(),
        TypeArg("not-client-type", "NOT-TYPE"),
        Arg.String("not-username").After("NOT-USER").Optional(), Arg.String("not-addr").After("NOT-ADDR").Optional(),
        Arg.String("not-laddr").After("NOT-LADDR").Optional(), Arg.String("not-name").After("NOT-NAME").Optional(),
        Arg.String("not-flags").After("NOT-FLAGS").Optional(), Arg.String("not-lib-name").After("NOT-LIB-NAME").Optional(),
        Arg.String("not-lib-ver").After("NOT-LIB-VER").Optional(), Arg.Integer("not-db").After("NOT-DB").Optional(),
        Arg.String("not-capa").After("NOT-CAPA").Optional(), Arg.String("not-ip").After("NOT-IP").Optional(),
    ];

    static Arg TypeArg(string name, string option) => Arg.OneOf(name,
        Arg.Token("NORMAL"), Arg.Token("MASTER").AddedIn("3.2.0"), Arg.Token("REPLICA").AddedIn("5.0.0"), Arg.Token("PUBSUB"))
        .After(option).Optional();

    static void ClientList(ref CommandContext c)
    {
        var filter = new ClientFilter { SkipsCaller = false };
        if (!filter.TryParse(ref c, isKill: false)) return;
        var text = new StringBuilder();
        foreach (var client in c.Server.Clients.All)
        {
            if (filter.Fits(client, c.Client)) ClientDescription.Append(text, client, c.Server, c.Request, isCaller: client == c.Client);
        }
        c.Reply.Verbatim("txt", Encoding.UTF8.GetBytes(text.ToString()));
    }

    static void ClientKill(ref CommandContext c)
    {
        // The oldest form has no option name. It may kill its caller, and answers OK or that there is no such client.
        var isOldForm = c.Count == 3;
        var filter = isOldForm ? ClientFilter.ByAddress(c.Arg(2)) : new ClientFilter();
        if (!isOldForm && !filter.TryParse(ref c, isKill: true)) return;
        var doomed = new List<Client>();
        foreach (var client in c.Server.Clients.All)
        {
            if (filter.Fits(client, c.Client)) doomed.Add(client);
        }
        if (!isOldForm) c.Reply.Integer(doomed.Count);
        else if (doomed.Count == 0) c.Fail(Errors.NoSuchClient);
        else c.Reply.Ok();
        foreach (var client in doomed)
        {
            if (client == c.Client) client.CloseAfterReply("killed by itself");
            else c.Server.Admission.KillLocked(client, "killed");
        }
    }
}
