namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsConfigTests : IDisposable
{
    readonly TestServer _server = new("enable-protected-configs no");
    readonly RawClient _client;

    public ServerCommandsConfigTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Text_with_a_zero_byte_is_refused_but_in_secrets()
    {
        using var server = new TestServer("enable-protected-configs yes");
        using var client = server.Connect();
        client.Run("""
            CONFIG SET dbfilename "a\x00b"
            -> -ERR CONFIG SET failed (possibly related to argument 'dbfilename') - argument contains a zero byte
            CONFIG SET bind "127.0.0.1\x00"
            -> -ERR CONFIG SET failed (possibly related to argument 'bind') - argument contains a zero byte
            CONFIG SET dir "/tmp\x00"
            -> -ERR CONFIG SET failed (possibly related to argument 'dir') - argument contains a zero byte
            CONFIG SET replica-announce-ip "a\x00b"
            -> -ERR CONFIG SET failed (possibly related to argument 'replica-announce-ip') - argument contains a zero byte
            CONFIG SET requirepass "a\x00b"
            -> +OK
            """);
    }

    [Fact]
    public void CONFIG_may_be_renamed_to_its_own_name()
    {
        using var server = new TestServer("rename-command CONFIG CONFIG");
        using var client = server.Connect();
        Assert.Equal("*2 $4 port $4 6379", client.Call("CONFIG GET port"));
    }

    [Fact]
    public void Get_answers_pairs_of_what_matches_any_pattern()
    {
        _client.Run("""
            CONFIG GET maxmemory
            -> *2 $9 maxmemory $1 0
            CONFIG GET maxmemory-p* hz MAXMEMORY-POLICY
            -> *4 $16 maxmemory-policy $10 noeviction $2 hz $2 10
            CONFIG GET no-such-directive
            -> *0
            """);
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Equal("%1 $2 hz $2 10", resp3.Call("CONFIG GET hz"));
    }

    [Fact]
    public void Set_changes_all_or_nothing() => _client.Run("""
        CONFIG SET maxmemory 100mb hz 20
        -> +OK
        CONFIG GET maxmemory hz
        -> *4 $9 maxmemory $9 104857600 $2 hz $2 20
        CONFIG SET maxmemory 1mb maxmemory-clients 200%
        -> -ERR CONFIG SET failed (possibly related to argument 'maxmemory-clients') - percentage argument must be less or equal to 100
        CONFIG GET maxmemory
        -> *2 $9 maxmemory $9 104857600
        """);

    [Theory]
    [InlineData("CONFIG", "-ERR wrong number of arguments for 'config' command")]
    [InlineData("CONFIG GET", "-ERR wrong number of arguments for 'config|get' command")]
    [InlineData("CONFIG SET hz", "-ERR wrong number of arguments for 'config|set' command")]
    [InlineData("CONFIG SET hz 10 maxmemory", "-ERR syntax error")]
    [InlineData("CONFIG SET databases 3", "-ERR CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config")]
    [InlineData("CONFIG SET dbfilename x", "-ERR CONFIG SET failed (possibly related to argument 'dbfilename') - can't set protected config")]
    [InlineData("CONFIG SET nothing x", "-ERR Unknown option or number of arguments for CONFIG SET - 'nothing'")]
    [InlineData("CONFIG REWRITE", "-ERR The server is running without a config file")]
    [InlineData("CONFIG FROB", "-ERR unknown subcommand 'FROB'. Try CONFIG HELP.")]
    public void What_cannot_be_is_refused(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void Connected_clients_stay_in_when_a_password_is_set_and_new_ones_need_it()
    {
        _client.Run("""
            CONFIG SET requirepass secret
            -> +OK
            DBSIZE
            -> :0
            """);
        using var late = _server.Connect();
        Assert.Equal("-NOAUTH Authentication required.", late.Call("DBSIZE"));
        _client.Call("CONFIG SET requirepass \"\"");
        Assert.Equal(":0", late.Call("DBSIZE"));
    }

    [Fact]
    public void More_clients_than_the_system_has_descriptors_for_are_refused()
    {
        if (!OperatingSystem.IsLinux()) return;
        var reply = _client.Call("CONFIG SET maxclients 4294967295");
        Assert.StartsWith("-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is not able",
            reply, StringComparison.Ordinal);
        Assert.Equal("*2 $10 maxclients $5 10000", _client.Call("CONFIG GET maxclients"));
    }

    [Fact]
    public void Resetstat_sets_counters_back()
    {
        _client.Run("""
            SET a b
            -> +OK
            CONFIG NOPE
            -> -ERR unknown subcommand 'NOPE'. Try CONFIG HELP.
            CONFIG RESETSTAT
            -> +OK
            """);
        Assert.Empty(_server.Server.Statistics.Errors);
        Assert.Equal(1, _server.Server.Statistics.CommandsProcessed);
        Assert.Single(_server.Server.CommandStatistics, s => s.Calls > 0);
    }

    [Fact]
    public void Help_lists_the_subcommands()
    {
        var reply = _client.Call("CONFIG HELP");
        Assert.StartsWith("*11 +CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", reply, StringComparison.Ordinal);
        Assert.EndsWith("+HELP +    Print this help.", reply, StringComparison.Ordinal);
    }
}
