namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsGetTests : ServerTests
{
    [Fact]
    public void Get_reads_text_and_numbers() => _client.Run("""
        SET k v
        -> +OK
        GET k
        -> $1 v
        SET n 12
        -> +OK
        GET n
        -> $2 12
        GET missing
        -> $-1
        STRLEN k
        -> :1
        STRLEN n
        -> :2
        STRLEN missing
        -> :0
        SET n -9223372036854775808
        -> +OK
        STRLEN n
        -> :20
        GET k more
        -> -ERR wrong number of arguments for 'get' command
        """);

    [Fact]
    public void Many_are_read_at_one_moment_and_what_is_missing_is_null() => _client.Run("""
        SET a 1
        -> +OK
        SET b two
        -> +OK
        MGET a missing b a
        -> *4 $1 1 $-1 $3 two $1 1
        MGET
        -> -ERR wrong number of arguments for 'mget' command
        """);

    [Fact]
    public void A_range_counts_from_either_end() => _client.Run("""
        SET k abcdef
        -> +OK
        GETRANGE k 0 -1
        -> $6 abcdef
        GETRANGE k 1 3
        -> $3 bcd
        GETRANGE k -3 -1
        -> $3 def
        GETRANGE k -3 -5
        -> $0 
        GETRANGE k 2 100
        -> $4 cdef
        GETRANGE k -100 1
        -> $2 ab
        GETRANGE k 5 2
        -> $0 
        GETRANGE k 6 10
        -> $0 
        GETRANGE k -1 0
        -> $0 
        GETRANGE k 0 9223372036854775807
        -> $6 abcdef
        GETRANGE k -9223372036854775808 -9223372036854775808
        -> $1 a
        SET n 12345
        -> +OK
        GETRANGE n 1 2
        -> $2 23
        SUBSTR k 1 2
        -> $2 bc
        GETRANGE missing 0 -1
        -> $0 
        GETRANGE k a 1
        -> -ERR value is not an integer or out of range
        GETRANGE k 1 a
        -> -ERR value is not an integer or out of range
        SET e ""
        -> +OK
        GETRANGE e 0 -1
        -> $0 
        """);

    [Fact]
    public void Getex_changes_the_expiry() => _client.Run("""
        SET k v
        -> +OK
        GETEX k
        -> $1 v
        TTL k
        -> :-1
        GETEX k EX 100
        -> $1 v
        TTL k
        -> :100
        GETEX k PX 50000
        -> $1 v
        TTL k
        -> :50
        GETEX k PERSIST
        -> $1 v
        TTL k
        -> :-1
        GETEX k EXAT 4000000000
        -> $1 v
        PEXPIRETIME k
        -> :4000000000000
        GETEX k pxat 4000000000001
        -> $1 v
        PEXPIRETIME k
        -> :4000000000001
        GETEX k
        -> $1 v
        PEXPIRETIME k
        -> :4000000000001
        GETEX k PXAT 1
        -> $1 v
        EXISTS k
        -> :0
        GETEX missing
        -> $-1
        GETEX missing EX 0
        -> $-1
        GETEX missing EX abc
        -> $-1
        GETEX missing EX
        -> -ERR syntax error
        """);

    [Fact]
    public void Getex_refuses_contradictions() => _client.Run("""
        SET k v
        -> +OK
        GETEX k EX 0
        -> -ERR invalid expire time in 'getex' command
        GETEX k PX -1
        -> -ERR invalid expire time in 'getex' command
        GETEX k EX abc
        -> -ERR value is not an integer or out of range
        GETEX k EX 9223372036854775807
        -> -ERR invalid expire time in 'getex' command
        GETEX k EX 10 PX 10
        -> -ERR syntax error
        GETEX k EX 10 PERSIST
        -> -ERR syntax error
        GETEX k KEEPTTL
        -> -ERR syntax error
        GETEX k EX
        -> -ERR syntax error
        GETEX k FOO
        -> -ERR syntax error
        TTL k
        -> :-1
        """);

    [Fact]
    public void Getdel_reads_and_deletes() => _client.Run("""
        SET k v
        -> +OK
        GETDEL k
        -> $1 v
        GETDEL k
        -> $-1
        EXISTS k
        -> :0
        """);

    [Fact]
    public void Missing_values_are_null_in_either_protocol()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            GET missing
            -> _
            MGET missing
            -> *1 _
            GETDEL missing
            -> _
            GETEX missing
            -> _
            DIGEST missing
            -> _
            """);
    }

    [Fact]
    public void A_digest_is_the_hash_of_the_text()
    {
        _client.Call("SET k v");
        _client.Call("SET n 12");
        _client.Call("SETRANGE m 0 12");
        Assert.Matches("^\\$16 [0-9a-f]{16}$", _client.Call("DIGEST k"));
        Assert.Equal(_client.Call("DIGEST n"), _client.Call("DIGEST m"));
    }

    [Fact]
    public void Getex_and_getdel_are_propagated_as_what_they_did()
    {
        _client.Call("SET k v");
        _client.Call("GETEX k");
        _client.Call("GETEX k PERSIST");
        _client.Call("GETEX k EX 10");
        _client.Call("GETEX k PERSIST");
        _client.Call("GETEX k PXAT 1");
        _client.Call("GETDEL k");
        _client.Call("SET k v");
        _client.Call("GETDEL k");
        Assert.Equal(["SET k v", $"PEXPIREAT k {_server.Time.Now + 10_000}", "PERSIST k", "DEL k", "SET k v", "DEL k"], _server.Effects.Commands);
        Assert.Equal(
            ["new@0 k", "set@0 k", "expire@0 k", "persist@0 k", "del@0 k", "keymiss@0 k", "new@0 k", "set@0 k", "del@0 k"], _server.Effects.Events);
    }

    [Fact]
    public void Reads_count_hits_and_misses()
    {
        _client.Call("SET k v");
        _client.Call("MGET k missing k");
        _client.Call("STRLEN missing");
        lock (_server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(2, _server.Server.Statistics.KeyspaceHits);
            Assert.Equal(2, _server.Server.Statistics.KeyspaceMisses);
        }
        Assert.Equal(["keymiss@0 missing", "keymiss@0 missing"], _server.Effects.Events[^2..]);
    }
}
