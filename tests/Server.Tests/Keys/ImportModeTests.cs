namespace MiniRedis.Server.Tests.Keys;

/// <summary>
/// import-mode and CLIENT IMPORT-SOURCE (Valkey 8.1): while a tool copies another server's data here, that server says which keys go, and
/// when.
/// </summary>
public sealed class ImportModeTests : IDisposable
{
    readonly TestServer _server = new("import-mode yes");
    readonly RawClient _source, _other;

    public ImportModeTests()
    {
        (_source, _other) = (_server.Connect(), _server.Connect());
        Assert.Equal("+OK", _source.Call("CLIENT IMPORT-SOURCE ON"));
    }

    public void Dispose()
    {
        _source.Dispose();
        _other.Dispose();
        _server.Dispose();
    }

    void PassSeconds(int seconds) => _server.Advance(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("CLIENT IMPORT-SOURCE", "-ERR wrong number of arguments for 'client|import-source' command")]
    [InlineData("CLIENT IMPORT-SOURCE ON x", "-ERR wrong number of arguments for 'client|import-source' command")]
    [InlineData("CLIENT IMPORT-SOURCE maybe", "-ERR syntax error")]
    [InlineData("CLIENT IMPORT-SOURCE on", "+OK")]
    [InlineData("CLIENT IMPORT-SOURCE OFF", "+OK")]
    public void Arguments_are_checked(string command, string reply) => Assert.Equal(reply, _other.Call(command));

    [Fact]
    public void Without_import_mode_nobody_becomes_a_source_and_who_is_one_may_cease_to_be()
    {
        _other.Call("CONFIG SET import-mode no");
        Assert.Equal("-ERR Server is not in import mode", _other.Call("CLIENT IMPORT-SOURCE ON"));
        Assert.Contains("flags=I ", _source.Call("CLIENT INFO"), StringComparison.Ordinal);
        Assert.Equal("+OK", _source.Call("CLIENT IMPORT-SOURCE OFF"));
        Assert.Contains("flags=N ", _source.Call("CLIENT INFO"), StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_are_found_by_its_flag_and_RESET_takes_it_away()
    {
        Assert.Contains("flags=I ", _other.Call("CLIENT LIST FLAGS I"), StringComparison.Ordinal);
        Assert.Equal("+RESET", _source.Call("RESET"));
        Assert.Equal("$0", _other.Call("CLIENT LIST FLAGS I").TrimEnd());
    }

    [Fact]
    public void Keys_that_have_expired_stay_until_import_mode_ends()
    {
        _source.Call("SET k 1 PX 100");
        PassSeconds(5);
        Assert.Equal(":1", _other.Call("DBSIZE"));
        Assert.DoesNotContain("expired@0 k", _server.Effects.Events);
        _other.Call("CONFIG SET import-mode no");
        _server.Tick();
        Assert.Equal(":0", _other.Call("DBSIZE"));
        Assert.Contains("expired@0 k", _server.Effects.Events);
    }

    [Fact]
    public void The_source_sees_what_has_expired_and_writes_to_it()
    {
        _source.Call("SET k 1 PX 100");
        _source.Call("HSET h a 1 b 2");
        _source.Call("HPEXPIRE h 100 FIELDS 1 a");
        PassSeconds(5);
        _source.Run(
            """
            TTL k
            -> :0
            GET k
            -> $1 1
            INCR k
            -> :2
            SCAN 0 TYPE string
            -> *2 $1 0 *1 $1 k
            KEYS k
            -> *1 $1 k
            HGET h a
            -> $1 1
            HINCRBY h a 1
            -> :2
            HLEN h
            -> :2
            WATCH k
            -> +OK
            PERSIST k
            -> :1
            MULTI
            -> +OK
            EXEC
            -> *-1
            """);
        Assert.Equal("$1 2", _other.Call("GET k"));
    }

    [Theory]
    [InlineData("GET k", "$-1")]
    [InlineData("TTL k", ":-2")]
    [InlineData("EXISTS k", ":0")]
    [InlineData("SCAN 0", "*2 $1 0 *0")]
    [InlineData("KEYS *", "*0")]
    [InlineData("RANDOMKEY", "$1 k")]
    public void Others_do_not_see_what_has_expired_nor_delete_it(string command, string reply)
    {
        _source.Call("SET k 1 PX 100");
        PassSeconds(5);
        Assert.Equal(reply, _other.Call(command));
        Assert.Equal(":1", _other.Call("DBSIZE"));
        Assert.Equal("$1 1", _source.Call("GET k"));
    }

    [Fact]
    public void A_write_of_another_client_takes_the_place_of_what_has_expired()
    {
        _source.Call("SET k 7 PX 100");
        PassSeconds(5);
        Assert.Equal(":1", _other.Call("INCR k"));
        Assert.Equal(":-1", _other.Call("TTL k"));
        Assert.Contains("expired@0 k", _server.Effects.Events);
    }

    /// <summary>A PERSIST may follow, which came too late only here.</summary>
    [Theory]
    [InlineData("EXPIREAT k 1")]
    [InlineData("EXPIREAT k -10000")]
    [InlineData("PEXPIRE k -1")]
    [InlineData("SET k 1 PXAT 1")]
    [InlineData("GETEX k EXAT 1")]
    public void A_deadline_that_has_passed_deletes_nothing(string command)
    {
        _source.Call("SET k 1");
        _source.Call(command);
        Assert.Equal("$1 1", _source.Call("GET k"));
        Assert.Equal("$-1", _other.Call("GET k"));
        _other.Call("CONFIG SET import-mode no");
        _server.Tick();
        Assert.Equal(":0", _source.Call("DBSIZE"));
    }

    [Fact]
    public void Nothing_is_evicted()
    {
        for (var i = 0; i < 100; i++) _source.Call($"SET key:{i} {new string('x', 1000)}");
        _other.Call("CONFIG SET maxmemory-policy allkeys-lru maxmemory 1mb");
        var reply = "+OK";
        for (var i = 100; i < 10_000 && reply == "+OK"; i++) reply = _source.Call($"SET key:{i} {new string('x', 1000)}");
        Assert.Equal("-OOM command not allowed when used memory > 'maxmemory'.", reply);
        Assert.Equal("$1000", _source.Call("GET key:0")[..5]);
        _other.Call("CONFIG SET import-mode no");
        Assert.Equal("+OK", _source.Call("SET one more"));
    }
}
