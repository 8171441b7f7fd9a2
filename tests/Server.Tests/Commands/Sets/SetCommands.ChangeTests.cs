namespace MiniRedis.Server.Tests.Commands.Sets;

public sealed class SetCommandsChangeTests : IDisposable
{
    readonly TestServer _server = new("set-max-intset-entries 4\nset-max-listpack-entries 6\nset-max-listpack-value 8");
    readonly RawClient _client;

    public SetCommandsChangeTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Sadd_counts_what_is_new() => _client.Run("""
        SADD s a b a
        -> :2
        SADD s b c
        -> :1
        SCARD s
        -> :3
        TYPE s
        -> +set
        SADD s
        -> -ERR wrong number of arguments for 'sadd' command
        SET x 1
        -> +OK
        SADD x a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void The_form_follows_the_limits() => _client.Run("""
        SADD ints 1 2 3 4
        -> :4
        OBJECT ENCODING ints
        -> $6 intset
        SADD ints 5
        -> :1
        OBJECT ENCODING ints
        -> $9 hashtable
        SADD mixed 1 2 3
        -> :3
        SADD mixed a
        -> :1
        OBJECT ENCODING mixed
        -> $8 listpack
        SADD mixed b c
        -> :2
        OBJECT ENCODING mixed
        -> $8 listpack
        SADD mixed d
        -> :1
        OBJECT ENCODING mixed
        -> $9 hashtable
        SADD long 12345678
        -> :1
        SADD long 123456789x
        -> :1
        OBJECT ENCODING long
        -> $9 hashtable
        SADD many 1 2 3 4 5
        -> :5
        OBJECT ENCODING many
        -> $8 listpack
        SADD most 1 2 3 4 5 6 7
        -> :7
        OBJECT ENCODING most
        -> $9 hashtable
        SADD first 12 a 9223372036854775807 9223372036854775808
        -> :4
        OBJECT ENCODING first
        -> $9 hashtable
        SISMEMBER first 9223372036854775807
        -> :1
        SISMEMBER first 012
        -> :0
        """);

    [Fact]
    public void Srem_removes_the_key_with_the_last_member()
    {
        _client.Run("""
            SADD s a b c
            -> :3
            SREM s b x
            -> :1
            SREM s x
            -> :0
            SREM nokey x
            -> :0
            SREM s a c d
            -> :2
            """);
        Assert.Equal(["SADD s a b c", "SREM s b x", "SREM s a c d"], _server.Effects.Commands);
        Assert.Equal(["new@0 s", "sadd@0 s", "srem@0 s", "srem@0 s", "del@0 s"], _server.Effects.Events);
    }

    [Fact]
    public void Many_members_go_through_a_table()
    {
        var members = Enumerable.Range(0, 100).Select(i => $"member:{i}").ToArray();
        Assert.Equal(":100", _client.CallWords(["SADD", "s", .. members]));
        Assert.Equal(":0", _client.CallWords(["SADD", "s", .. members]));
        Assert.Equal("*102 :0" + string.Concat(Enumerable.Repeat(" :1", 100)) + " :0", _client.CallWords(["SMISMEMBER", "s", "x", .. members, "y"]));
        Assert.Equal(":50", _client.CallWords(["SREM", "s", .. members[25..75]]));
        Assert.Equal(":50", _client.CallWords(["SREM", "s", .. members]));
        Assert.Equal(":0", _client.Call("EXISTS s"));
    }

    [Fact]
    public void Smove_takes_from_one_and_gives_to_the_other()
    {
        _client.Run("""
            SADD a 1 x
            -> :2
            SMOVE a b x
            -> :1
            SMOVE a b x
            -> :0
            SADD a x
            -> :1
            SMOVE a b x
            -> :1
            SMOVE a a 1
            -> :1
            SMOVE a a 2
            -> :0
            SMOVE nokey b 1
            -> :0
            SMOVE a c 1
            -> :1
            EXISTS a
            -> :0
            OBJECT ENCODING c
            -> $6 intset
            SET text 1
            -> +OK
            SMOVE b text x
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            SMOVE text b x
            -> -WRONGTYPE Operation against a key holding the wrong kind of value
            SMOVE nokey text x
            -> :0
            """);
        Assert.Equal(["new@0 a", "sadd@0 a", "srem@0 a", "new@0 b", "sadd@0 b", "sadd@0 a", "srem@0 a", "srem@0 a", "del@0 a", "new@0 c", "sadd@0 c"],
            _server.Effects.Events.Take(11));
        Assert.Equal("SMOVE a c 1", _server.Effects.Commands[^2]);
    }

    [Fact]
    public void Each_member_counts_as_a_change()
    {
        _client.Call("SADD s a b c");
        _client.Call("SREM s a b");
        Assert.Equal(5, Dirty());

        long Dirty()
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Effects.Dirty;
        }
    }
}
