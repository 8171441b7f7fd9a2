namespace MiniRedis.Server.Tests;

/// <summary>The commands of a Sentinel whose master is not there: what they say, and what they refuse.</summary>
public sealed class SentinelCommandsTests : IDisposable
{
    const string Id = "0123456789012345678901234567890123456789";

    // Nobody listens to port 1, and nobody is known to be down before its time.
    readonly TestServer _server = new(
        $"sentinel myid {Id}\nsentinel monitor mymaster 127.0.0.1 1 2\nsentinel down-after-milliseconds mymaster 60000\n", sentinel: true);
    readonly RawClient _client;

    public SentinelCommandsTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    string File => System.IO.File.ReadAllText(Path.Combine(_server.Directory, "sentinel.conf"));

    [Fact]
    public void A_Sentinel_has_its_own_commands_and_few_of_a_server() => _client.Run("""
        PING
        -> +PONG
        GET k
        -> -ERR unknown command 'GET', with args beginning with: 'k'
        CONFIG GET port
        -> -ERR unknown command 'CONFIG', with args beginning with: 'GET' 'port'
        ROLE
        -> *2 $8 sentinel *1 $8 mymaster
        PUBLISH news hello
        -> -ERR Only HELLO messages are accepted by Sentinel instances.
        PUBLISH __sentinel__:hello nonsense
        -> :1
        SENTINEL MYID
        -> $40 0123456789012345678901234567890123456789
        SENTINEL NONSENSE
        -> -ERR unknown subcommand 'NONSENSE'. Try SENTINEL HELP.
        SENTINEL MASTERS x
        -> -ERR wrong number of arguments for 'sentinel|masters' command
        """);

    [Fact]
    public void A_server_that_is_no_Sentinel_has_no_SENTINEL()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        Assert.StartsWith("-ERR unknown command 'SENTINEL'", client.Call("SENTINEL MASTERS"));
    }

    [Fact]
    public void The_address_of_a_master_is_told() => _client.Run("""
        SENTINEL GET-MASTER-ADDR-BY-NAME mymaster
        -> *2 $9 127.0.0.1 $1 1
        SENTINEL GET-PRIMARY-ADDR-BY-NAME mymaster
        -> *2 $9 127.0.0.1 $1 1
        SENTINEL GET-MASTER-ADDR-BY-NAME other
        -> *-1
        SENTINEL MASTER other
        -> -ERR No such master with that name
        SENTINEL REPLICAS mymaster
        -> *0
        SENTINEL SENTINELS mymaster
        -> *0
        SENTINEL INFO-CACHE mymaster other
        -> *2 $8 mymaster *1 *2 :0 $-1
        """);

    [Fact]
    public void The_state_of_a_master_has_the_fields_of_Redis()
    {
        var fields = ((object?[])_client.CallTree("SENTINEL MASTER mymaster")!).Where((_, i) => i % 2 == 0).Cast<string>();
        Assert.Equal(
            [
                "name", "ip", "port", "runid", "flags", "link-pending-commands", "link-refcount", "last-ping-sent", "last-ok-ping-reply",
                "last-ping-reply", "down-after-milliseconds", "info-refresh", "role-reported", "role-reported-time", "config-epoch",
                "num-slaves", "num-other-sentinels", "quorum", "failover-timeout", "parallel-syncs",
            ],
            fields);
    }

    [Fact]
    public void A_Sentinel_alone_reaches_no_quorum_of_two() => _client.Run("""
        SENTINEL CKQUORUM mymaster
        -> -NOQUORUM 1 usable Sentinels. Not enough available Sentinels to reach the specified quorum for this master
        SENTINEL SET mymaster quorum 1
        -> +OK
        SENTINEL CKQUORUM mymaster
        -> +OK 1 usable Sentinels. Quorum and failover authorization can be reached
        """);

    [Fact]
    public void MONITOR_and_REMOVE_change_the_file()
    {
        _client.Run("""
            SENTINEL MONITOR other 127.0.0.1 2 1
            -> +OK
            SENTINEL MONITOR other 127.0.0.1 2 1
            -> -ERR Duplicate master name.
            SENTINEL MONITOR third 127.0.0.1 2 0
            -> -ERR Quorum must be 1 or greater.
            SENTINEL MONITOR third 127.0.0.1 2 x
            -> -ERR Invalid quorum
            SENTINEL MONITOR third 127.0.0.1 x 1
            -> -ERR Invalid port
            SENTINEL MONITOR third 127.0.0.1 99999 1
            -> -ERR Invalid port number.
            SENTINEL MONITOR third nowhere 2 1
            -> -ERR Invalid IP address or hostname specified
            ROLE
            -> *2 $8 sentinel *2 $8 mymaster $5 other
            """);
        Assert.Contains("sentinel monitor other 127.0.0.1 2 1\n", File);
        _client.Run("""
            SENTINEL REMOVE other
            -> +OK
            SENTINEL REMOVE other
            -> -ERR No such master with that name
            """);
        Assert.DoesNotContain("other", File);
        Assert.Contains($"sentinel myid {Id}\n", File);
    }

    [Fact]
    public void SET_is_told_to_subscribers_and_written()
    {
        using var listener = _server.Connect();
        Assert.Equal("*3 $9 subscribe $4 +set :1", listener.Call("SUBSCRIBE +set"));
        _client.Run("""
            SENTINEL SET mymaster down-after-milliseconds 70000 auth-pass secret
            -> +OK
            SENTINEL SET mymaster quorum
            -> -ERR wrong number of arguments for 'sentinel|set' command
            SENTINEL SET mymaster quorum 0
            -> -ERR Invalid argument '0' for SENTINEL SET 'quorum'
            SENTINEL SET mymaster colour red
            -> -ERR Unknown option or number of arguments for SENTINEL SET 'colour'
            SENTINEL SET other quorum 1
            -> -ERR No such master with that name
            """);
        Assert.Equal("*3 $7 message $4 +set $57 master mymaster 127.0.0.1 1 down-after-milliseconds 70000", listener.Read());
        Assert.Equal("*3 $7 message $4 +set $44 master mymaster 127.0.0.1 1 auth-pass ******", listener.Read());
        Assert.Contains("sentinel down-after-milliseconds mymaster 70000\n", File, StringComparison.Ordinal);
        Assert.Contains("sentinel auth-pass mymaster secret\n", File, StringComparison.Ordinal);
        Assert.StartsWith("-ERR Reconfiguration of scripts path is denied", _client.Call("SENTINEL SET mymaster notification-script /bin/true"));
    }

    [Fact]
    public void A_vote_is_given_once_and_written_before_it_is_told()
    {
        _client.Run("""
            SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *
            -> *3 :0 $1 * :0
            SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 9 5 abc
            -> *3 :0 $1 * :0
            SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 5 abc
            -> *3 :0 $3 abc :5
            SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 5 def
            -> *3 :0 $3 abc :5
            SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 x 5 def
            -> -ERR value is not an integer or out of range
            """);
        Assert.Contains("sentinel leader-epoch mymaster 5\n", File);
        Assert.Contains("sentinel current-epoch 5\n", File);
    }

    [Fact]
    public void A_vote_that_cannot_be_written_is_not_told()
    {
        _server.Server.ConfigService.FilePath = Path.Combine(_server.Directory, "nothing", "sentinel.conf");
        Assert.Equal("-ERR Failed to save config file. Check server logs.", _client.Call("SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 5 abc"));
        Assert.Equal("-ERR Failed to save config file. Check server logs.", _client.Call("SENTINEL FLUSHCONFIG"));
    }

    [Fact]
    public void CONFIG_and_DEBUG_read_and_change_settings() => _client.Run("""
        SENTINEL CONFIG GET announce-* announce-ip
        -> *6 $18 announce-hostnames $2 no $11 announce-ip $0  $13 announce-port $1 0
        SENTINEL CONFIG SET announce-ip 1.2.3.4 announce-port 7
        -> +OK
        SENTINEL CONFIG GET announce-port announce-ip
        -> *4 $13 announce-port $1 7 $11 announce-ip $7 1.2.3.4
        SENTINEL CONFIG SET announce-port 99999
        -> -ERR Invalid value '99999' to SENTINEL CONFIG SET 'announce-port'
        SENTINEL CONFIG SET colour red
        -> -ERR Invalid argument 'colour' to SENTINEL CONFIG SET
        SENTINEL CONFIG SET announce-ip a announce-ip b
        -> -ERR Duplicate argument 'announce-ip' to SENTINEL CONFIG SET
        SENTINEL CONFIG SET announce-ip a announce-port
        -> -ERR Missing argument 'announce-port' value
        SENTINEL CONFIG SET loglevel loud
        -> -ERR Invalid value 'loud' to SENTINEL CONFIG SET 'loglevel'
        SENTINEL CONFIG SET loglevel debug
        -> +OK
        SENTINEL CONFIG GET loglevel
        -> *2 $8 loglevel $5 debug
        SENTINEL DEBUG info-period 5000
        -> +OK
        SENTINEL DEBUG info-period 0
        -> -ERR Invalid argument '0' for SENTINEL DEBUG 'info-period'
        SENTINEL DEBUG colour 1
        -> -ERR Unknown option or number of arguments for SENTINEL DEBUG 'colour'
        """);

    [Fact]
    public void What_nobody_can_fail_over_to_is_refused() => _client.Run("""
        SENTINEL FAILOVER mymaster
        -> -NOGOODSLAVE No suitable replica to promote
        SENTINEL RESET my*
        -> :1
        SENTINEL RESET other
        -> :0
        SENTINEL PENDING-SCRIPTS
        -> *0
        SENTINEL SIMULATE-FAILURE HELP
        -> *2 $20 crash-after-election $21 crash-after-promotion
        SENTINEL SIMULATE-FAILURE NONSENSE
        -> -ERR Unknown failure simulation specified
        SENTINEL SIMULATE-FAILURE CRASH-AFTER-ELECTION
        -> +OK
        """);

    [Fact]
    public void INFO_has_the_sections_of_a_Sentinel()
    {
        var all = (string)_client.CallTree("INFO")!;
        Assert.Contains("redis_mode:sentinel\r\n", all);
        Assert.Contains("sentinel_masters:1\r\nsentinel_tilt:0\r\n", all);
        Assert.Contains("master0:name=mymaster,status=ok,address=127.0.0.1:1,slaves=0,sentinels=1\r\n", all);
        Assert.DoesNotContain("used_memory:", all);
        Assert.Equal(all.Count(c => c == '#'), ((string)_client.CallTree("INFO everything")!).Count(c => c == '#'));
        Assert.StartsWith("# CPU\r\n", (string)_client.CallTree("INFO cpu replication")!);
    }
}
