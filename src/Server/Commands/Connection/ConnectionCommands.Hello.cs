using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>HELLO, AUTH and RESET: authentication, and the protocol of the connection.</summary>
static partial class ConnectionCommands
{
    /// <summary>Flags of commands that may run at any time, also before authentication.</summary>
    const CommandFlags Handshake = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast
        | CommandFlags.NoAuth | CommandFlags.AllowBusy;

    static readonly Command HelloSpec = new()
    {
        Name = "HELLO", Group = CommandGroup.Connection, Since = "6.0.0", Complexity = "O(1)",
        Summary = "Greets the server: chooses the protocol, authenticates, names the connection.",
        History = [("6.2.0", "Without arguments it only tells about the connection.")],
        Arity = -1, Flags = Handshake | CommandFlags.Sentinel,
        Args =
        [
            Arg.Block("arguments", Arg.Integer("protover"),
                Arg.Block("auth", Arg.String("username"), Arg.String("password")).After("AUTH").Optional(),
                Arg.String("clientname").After("SETNAME").Optional()).Optional(),
        ],
        Run = Hello,
    };

    static readonly Command AuthSpec = new()
    {
        Name = "AUTH", Group = CommandGroup.Connection, Since = "1.0.0",
        Complexity = "O(N) where N is the number of passwords of the user",
        Summary = "Authenticates the connection.",
        History = [("6.0.0", "Takes a user name too.")],
        Arity = -2, Flags = Handshake | CommandFlags.Sentinel,
        Args = [Arg.String("username").Optional().AddedIn("6.0.0"), Arg.String("password")],
        Run = Auth,
    };

    static readonly Command ResetSpec = new()
    {
        Name = "RESET", Group = CommandGroup.Connection, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Makes the connection what it was when it began.",
        Arity = 1, Flags = Handshake,
        InMulti = InMulti.Runs, RunsSubscribed = true,
        Run = Reset,
    };

    static void Hello(ref CommandContext c)
    {
        long version = 0;
        if (c.Count > 1)
        {
            if (!Numbers.TryParseInt64(c.Arg(1), out version))
            {
                c.Fail(Errors.ProtocolVersion);
                return;
            }
            if (version is < 2 or > 3)
            {
                c.Fail(Errors.NoProto);
                return;
            }
        }
        int credentials = 0, name = 0;
        for (var i = 2; i < c.Count; i++)
        {
            if (c.IsToken(i, "AUTH"u8) && i + 2 < c.Count)
            {
                credentials = i + 1;
                c.Redact(i + 1);
                c.Redact(i + 2);
                i += 2;
            }
            else if (c.IsToken(i, "SETNAME"u8) && i + 1 < c.Count)
            {
                name = ++i;
                if (!IsShowable(c.Arg(name)))
                {
                    c.Fail(Errors.ClientName);
                    return;
                }
            }
            else
            {
                c.Fail(Errors.HelloOption(c.Arg(i)));
                return;
            }
        }
        if (credentials > 0 && !TryLogIn(ref c, c.Arg(credentials), c.Arg(credentials + 1))) return;
        if (!c.Client.IsAuthenticated)
        {
            c.Fail(Errors.HelloNoAuth);
            return;
        }
        if (name > 0) c.Client.Name = c.Arg(name).ToArray();
        if (version > 0) SpeakProtocol(ref c, (int)version);
        WriteGreeting(ref c);
    }

    /// <summary>Sets the protocol from this reply on: HELLO 3 itself is answered with a RESP3 map.</summary>
    static void SpeakProtocol(ref CommandContext c, int version) => c.Reply.Protocol = c.Client.Protocol = version;

    static void WriteGreeting(ref CommandContext c)
    {
        var reply = c.Reply;
        reply.Map(7);
        reply.Bulk("server"u8);
        // Clients enable features by this name. A name that they do not know would disable them.
        reply.Bulk("redis"u8);
        reply.Bulk("version"u8);
        reply.Bulk(ServerVersion.Redis);
        reply.Bulk("proto"u8);
        reply.Integer(c.Client.Protocol);
        reply.Bulk("id"u8);
        reply.Integer(c.Client.Id);
        reply.Bulk("mode"u8);
        reply.Bulk(c.Server.Config.Mode);
        reply.Bulk("role"u8);
        reply.Bulk(c.Server.History.IsReplica ? "replica"u8 : "master"u8);
        reply.Bulk("modules"u8);
        reply.EmptyArray();
    }

    static void Auth(ref CommandContext c)
    {
        if (c.Count > 3)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        for (var i = 1; i < c.Count; i++) c.Redact(i);
        if (c.Count == 2 && c.Server.Users.Default.Rules.NoPass)
        {
            c.Fail(Errors.AuthWithoutPassword);
            return;
        }
        if (TryLogIn(ref c, c.Count == 2 ? Users.DefaultName : c.Arg(1), c.Arg(c.Count - 1)))
            c.Reply.Ok();
    }

    /// <summary>Makes the client a user whose password it knows, or answers an error. A client that has logged in before stays who it is.</summary>
    static bool TryLogIn(ref CommandContext c, ReadOnlySpan<byte> name, ReadOnlySpan<byte> password)
    {
        if (c.Server.Users.Authenticate(name, password) is { } user)
        {
            c.Client.LogIn(user);
            return true;
        }
        c.Server.Denials.NoteLogIn(c.Client, name, c.Request);
        c.Fail(Errors.WrongPass);
        return false;
    }

    static void Reset(ref CommandContext c)
    {
        var client = c.Client;
        if (client.Has(ClientFlags.Master) || client.Has(ClientFlags.Replica) && !client.Has(ClientFlags.Monitor))
        {
            c.Fail(Errors.ResetNormalOnly);
            return;
        }
        c.Server.Transactions.Discard(client);
        c.Server.Tracking.Disable(client);
        c.Server.PubSub.Leave(client);
        c.Server.Monitors.Remove(client);
        client.Flags &= ~(ClientFlags.NoEvict | ClientFlags.NoTouch | ClientFlags.ReadOnlyReplica | ClientFlags.ImportSource
            | ClientFlags.Asking | ClientFlags.AskingNext);
        client.Database = c.Server.Keyspace.Databases[0];
        client.Name = [];
        client.LogOut(c.Server.Users.Default);
        client.ReplyMode = ReplyMode.On;
        c.Reply.Muted = false;
        SpeakProtocol(ref c, 2);
        c.Reply.SimpleString("RESET"u8);
    }
}
