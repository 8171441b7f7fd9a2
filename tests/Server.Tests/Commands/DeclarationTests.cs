using MiniRedis.Resp;
using MiniRedis.Server.Commands;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Tests.Commands;

/// <summary>
/// What keeps declarations honest: every form of every command that its arguments declare is sent to a server, and none may be
/// refused as malformed. Debug builds assert more while these run (CommandRunner.Checks.cs).
/// </summary>
public sealed class DeclarationTests
{
    /// <summary>Commands not sent, each with the reason.</summary>
    static readonly Dictionary<string, string> s_excluded = new()
    {
        ["shutdown"] = "ends the server",
        ["quit"] = "ends the connection",
        ["sync"] = "makes the connection a replica's",
        ["psync"] = "makes the connection a replica's",
        ["failover"] = "takes ABORT alone, which no declaration can say",
        ["wait"] = "waits for replicas",
        ["waitaof"] = "waits for replicas",
        ["client|kill"] = "ends the connection",
        ["client|pause"] = "holds the connection",
        ["client|reply"] = "mutes the connection",
        ["acl|setuser"] = "takes rules, which have a syntax of their own",
        ["config|rewrite"] = "needs a configuration file",
        ["debug"] = "declares no arguments, as in Redis",
        ["pfselftest"] = "computes for seconds",
        ["xadd"] = "takes LIMIT with ~ only, which no declaration can say",
        ["xtrim"] = "takes LIMIT with ~ only, which no declaration can say",
        ["xread"] = "waits",
        ["zrange"] = "takes LIMIT with BYSCORE or BYLEX only, and WITHSCORES not with BYLEX",
        ["zrangestore"] = "takes LIMIT with BYSCORE or BYLEX only",
        ["zunion"] = "takes as many weights as keys",
        ["zunionstore"] = "takes as many weights as keys",
        ["zinter"] = "takes as many weights as keys",
        ["zinterstore"] = "takes as many weights as keys",
        ["cache.set"] = "takes JITTER with a relative time only, and NEGATIVE with an empty value",
        ["increx"] = "takes ENX with a time only, not with PERSIST",
        ["restore"] = "takes IDLETIME or FREQ, not both",
        ["restore-asking"] = "takes IDLETIME or FREQ, not both",
        ["migrate"] = "takes a key or KEYS, not both",
    };

    /// <summary>Errors that say that the server did not understand the form of a request.</summary>
    static readonly string[] s_formErrors =
    [
        "syntax error", "wrong number of arguments", "unknown subcommand", "unknown option", "unsupported option", "protocol error",
        "unknown command", "internal error",
    ];

    internal static IEnumerable<Command> Everything()
    {
        foreach (var command in CommandRegistry.CreateTable().All)
        {
            if (command.Run is not null) yield return command;
            foreach (var subcommand in command.Subcommands) yield return (Command)subcommand;
        }
    }

    public static TheoryData<string> Sent() => [.. Everything().Select(c => c.FullName).Where(name => !s_excluded.ContainsKey(name))];

    [Theory]
    [MemberData(nameof(Sent))]
    public void Every_declared_form_is_understood(string name)
    {
        var command = Everything().Single(c => c.FullName == name);
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        var failures = new List<string>();
        foreach (var form in ArgumentForms.Of(command))
        {
            if (!command.AcceptsCount(form.Length))
            {
                failures.Add($"{string.Join(' ', form)}\n    its arity {command.Arity} forbids what its arguments declare");
                continue;
            }
            client.CallWords("SET", "key", "12");
            client.SendRaw(RawClient.Encode(form));
            if ((command.Flags & CommandFlags.Blocking) != 0) EndWait(server, client);
            var reply = client.Read();
            if (s_formErrors.Any(e => reply.StartsWith('-') && reply.Contains(e, StringComparison.OrdinalIgnoreCase)))
                failures.Add($"{string.Join(' ', form)}\n    {reply}");
        }
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    /// <summary>Waits until the server has answered, and has it answer if it waits itself.</summary>
    internal static void EndWait(TestServer server, RawClient client)
    {
        Await.UntilLocked(server, () =>
        {
            if (server.Server.Clients.All.First() is { IsHeld: true, Waiting: { } waiting }) server.Server.Runner.EndWait(waiting, withError: false);
            return client.Socket.Available > 0;
        });
    }

    [Fact]
    public void Exclusions_name_commands_there_are() => Assert.Empty(s_excluded.Keys.Except(Everything().Select(c => c.FullName)));

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_command_is_described_and_its_keys_are_found(int protocol)
    {
        using var server = new TestServer();
        using var client = server.Connect(protocol);
        foreach (var command in Everything())
        {
            var name = command.FullName;
            // A container is asked for by its own name: DOCS and INFO tell of its subcommands too.
            foreach (var question in (string[])["DOCS", "INFO"])
            {
                var described = client.Call($"COMMAND {question} {name}");
                Assert.DoesNotContain("-ERR", described, StringComparison.Ordinal);
                Assert.Contains($"${name.Length} {name} ", described, StringComparison.Ordinal);
            }
            foreach (var form in ArgumentForms.Of(command))
            {
                // KEYS takes the place of MIGRATE's key, which no declaration can say.
                if (!command.HasKeys || name == "migrate") continue;
                var keys = client.CallWords(["COMMAND", "GETKEYS", .. form]);
                Assert.False(keys.StartsWith('-'), $"{string.Join(' ', form)}\n    {keys}");
                if (command.HasLoneKey) Assert.StartsWith("*1 ", keys, StringComparison.Ordinal);
            }
        }
        Assert.Equal("+PONG", client.Call("PING"));
    }

    // A node of a cluster serves those with a lone key without looking for keys.
    [Theory]
    [InlineData("get", true)]
    [InlineData("set", true)]
    [InlineData("bitfield", true)]
    [InlineData("object|encoding", true)]
    [InlineData("mget", false)]
    [InlineData("rename", false)]
    [InlineData("sort", false)]
    [InlineData("migrate", false)]
    [InlineData("eval", false)]
    [InlineData("ping", false)]
    public void A_lone_key_is_one_at_a_fixed_place_whatever_is_done_with_it(string name, bool expected) =>
        Assert.Equal(expected, Everything().Single(c => c.FullName == name).HasLoneKey);
}
