using MiniRedis.Cluster.Bus;
using static MiniRedis.Server.Tests.LoneNode;

namespace MiniRedis.Server.Tests.Routing;

public sealed class SlotRouterTests
{
    const string MovedFoo = "-MOVED 12182 127.0.0.1:7001";

    static void Run(string script, string mine = "0-8191", string others = "8192-16383", string more = "", bool isReplica = false, bool isUp = true)
    {
        using var server = Start(mine, others, more, isReplica, isUp);
        using var client = server.Connect();
        client.Run(script);
    }

    [Fact]
    public void A_request_is_served_where_its_slot_is() => Run($$"""
        SET bar v
        -> +OK
        GET bar
        -> $1 v
        GET foo
        -> {{MovedFoo}}
        SET "foo" v
        -> {{MovedFoo}}
        MGET bar other{bar}
        -> *2 $1 v $-1
        MGET bar foo
        -> -CROSSSLOT Keys in request don't hash to the same slot
        MGET foo bar
        -> -CROSSSLOT Keys in request don't hash to the same slot
        MSET foo 1 {foo}2 2
        -> {{MovedFoo}}
        PING
        -> +PONG
        DBSIZE
        -> :1
        OBJECT ENCODING foo
        -> {{MovedFoo}}
        XGROUP CREATE foo g 0
        -> {{MovedFoo}}
        EVAL "return 1" 0
        -> :1
        EVAL "return 1" 1 foo
        -> {{MovedFoo}}
        SPUBLISH foo m
        -> {{MovedFoo}}
        PUBLISH foo m
        -> :0
        SELECT 1
        -> -ERR SELECT is not allowed in cluster mode
        SELECT 0
        -> +OK
        """);

    [Fact]
    public void A_slot_that_nobody_has_is_not_served() => Run(
        $"""
        GET bar
        -> $-1
        GET {KeyOf(16000)}
        -> -CLUSTERDOWN Hash slot not served
        MGET {KeyOf(16000)} bar
        -> -CLUSTERDOWN Hash slot not served
        """, others: "8192-15999 16001-16383", more: "cluster-require-full-coverage no");

    [Fact]
    public void A_slot_that_is_handed_on_is_served_as_far_as_its_keys_are_here() => Run($$"""
        SET bar v
        -> +OK
        CLUSTER SETSLOT 5061 MIGRATING {{Other}}
        -> +OK
        GET bar
        -> $1 v
        SET bar w
        -> +OK
        GET {bar}2
        -> -ASK 5061 127.0.0.1:7001
        SET {bar}2 v
        -> -ASK 5061 127.0.0.1:7001
        MGET bar {bar}2
        -> -TRYAGAIN Multiple keys request during rehashing of slot
        MGET {bar}2 {bar}3
        -> -ASK 5061 127.0.0.1:7001
        MIGRATE 127.0.0.1 1 {bar}2 0 10
        -> +NOKEY
        SSUBSCRIBE bar
        -> *3 $10 ssubscribe $3 bar :1
        SUNSUBSCRIBE bar
        -> *3 $12 sunsubscribe $3 bar :0
        """);

    [Fact]
    public void A_slot_that_is_taken_over_is_served_to_those_who_ask_for_it() => Run($$"""
        CLUSTER SETSLOT 12182 IMPORTING {{Other}}
        -> +OK
        GET foo
        -> {{MovedFoo}}
        ASKING
        -> +OK
        SET foo v
        -> +OK
        GET foo
        -> {{MovedFoo}}
        ASKING
        -> +OK
        PING
        -> +PONG
        GET foo
        -> {{MovedFoo}}
        ASKING
        -> +OK
        GET
        -> -ERR wrong number of arguments for 'get' command
        GET foo
        -> {{MovedFoo}}
        ASKING
        -> +OK
        MGET foo {foo}2
        -> -TRYAGAIN Multiple keys request during rehashing of slot
        ASKING
        -> +OK
        MGET foo foo
        -> *2 $1 v $1 v
        ASKING
        -> +OK
        MULTI
        -> +OK
        GET foo
        -> +QUEUED
        SET foo w
        -> +QUEUED
        EXEC
        -> *2 $1 v +OK
        GET foo
        -> {{MovedFoo}}
        RESTORE-ASKING {foo}2 0 x
        -> -ERR DUMP payload version or checksum are wrong
        RESTORE {foo}2 0 x
        -> {{MovedFoo}}
        """);

    [Fact]
    public void A_transaction_is_judged_as_it_grows_and_as_a_whole() => Run($$"""
        MULTI
        -> +OK
        GET foo
        -> {{MovedFoo}}
        SET bar v
        -> +QUEUED
        EXEC
        -> -EXECABORT Transaction discarded because of previous errors.
        MULTI
        -> +OK
        SET bar v
        -> +QUEUED
        SET {{KeyOf(1)}} v
        -> +QUEUED
        EXEC
        -> -CROSSSLOT Keys in request don't hash to the same slot
        EXEC
        -> -ERR EXEC without MULTI
        MULTI
        -> +OK
        SET bar v
        -> +QUEUED
        SET {bar}2 v
        -> +QUEUED
        EXEC
        -> *2 +OK +OK
        """);

    [Fact]
    public void A_script_uses_keys_of_this_node_and_of_one_slot_if_it_says_anything_of_itself()
    {
        using var server = Start();
        using var client = server.Connect();
        string Eval(string body, params string[] keys) => client.CallWords(["EVAL", body, $"{keys.Length}", .. keys]);
        const string Nonlocal = "-ERR Script attempted to access a non local key in a cluster node";
        Assert.StartsWith(Nonlocal, Eval("return redis.call('GET', 'foo')"), StringComparison.Ordinal);
        Assert.Equal("+OK", Eval("redis.call('SET', 'bar', '1') return redis.call('SET', KEYS[1], '2')", KeyOf(1)));
        Assert.Equal("$1 2", client.Call($"GET {KeyOf(1)}"));
        Assert.StartsWith(
            "-ERR Script attempted to access keys that do not hash to the same slot",
            Eval($"#!lua\nredis.call('SET', 'bar', '1') return redis.call('SET', '{KeyOf(1)}', '2')"), StringComparison.Ordinal);
        Assert.StartsWith(
            "-ERR Script attempted to access keys that do not hash to the same slot",
            Eval("#!lua\nreturn redis.call('SET', 'bar', '2')", KeyOf(1)), StringComparison.Ordinal);
        Assert.Equal("+OK", Eval($"#!lua flags=allow-cross-slot-keys\nredis.call('SET', 'bar', '1') return redis.call('SET', '{KeyOf(1)}', '2')"));
        Assert.StartsWith(
            "-ERR Command 'mget' in script attempted to access keys that don't hash to the same slot",
            Eval($"return redis.call('MGET', 'bar', '{KeyOf(1)}')"), StringComparison.Ordinal);
        Assert.Equal("-ERR Can not run script on cluster, 'no-cluster' flag is set.", Eval("#!lua flags=no-cluster\nreturn 1"));
        Assert.Equal("-CROSSSLOT Keys in request don't hash to the same slot", Eval("return 1", "bar", KeyOf(1)));
        client.Call($"CLUSTER SETSLOT {Bar} MIGRATING {Other}");
        Assert.StartsWith(
            "-ERR Unable to execute command 'mget' in script because undeclared keys were accessed during rehashing of the slot",
            Eval("return redis.call('MGET', 'bar', '{bar}2')"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cluster_that_is_down_serves_what_it_is_told_to()
    {
        using var server = Start(others: "8192-16000", isUp: false);
        using var client = server.Connect();
        client.Run("""
            GET bar
            -> -CLUSTERDOWN The cluster is down
            SPUBLISH bar m
            -> :0
            PING
            -> +PONG
            EVAL "return 1" 1 bar
            -> -CLUSTERDOWN The cluster is down
            EVAL "return 1" 0
            -> :1
            CONFIG SET cluster-allow-reads-when-down yes cluster-allow-pubsubshard-when-down no
            -> +OK
            GET bar
            -> $-1
            GET foo
            -> -MOVED 12182 127.0.0.1:7001
            SET bar v
            -> -CLUSTERDOWN The cluster is down and only accepts read commands
            SPUBLISH bar m
            -> -CLUSTERDOWN The cluster is down
            EVAL "#!lua flags=no-writes\nreturn 1" 1 bar
            -> :1
            EVAL "#!lua\nreturn 1" 1 bar
            -> -CLUSTERDOWN The cluster is down and only accepts read commands
            """);
        Assert.StartsWith(
            "-ERR Script attempted to execute a write command while the cluster is down and readonly",
            client.CallWords("EVAL", "return redis.call('SET', 'bar', '1')", "0"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_replica_serves_reads_to_those_who_are_content_with_it() => Run(
        """
        GET foo
        -> -MOVED 12182 127.0.0.1:7001
        READONLY
        -> +OK
        GET foo
        -> $-1
        SET foo v
        -> -MOVED 12182 127.0.0.1:7001
        EVAL "#!lua flags=no-writes\nreturn 1" 1 foo
        -> :1
        EVAL "#!lua\nreturn 1" 1 foo
        -> -MOVED 12182 127.0.0.1:7001
        MULTI
        -> +OK
        GET foo
        -> +QUEUED
        EXEC
        -> *1 $-1
        READWRITE
        -> +OK
        GET foo
        -> -MOVED 12182 127.0.0.1:7001
        SSUBSCRIBE foo
        -> *3 $10 ssubscribe $3 foo :1
        """, others: "0-16383", isReplica: true);

    [Theory]
    [InlineData("ip", "127.0.0.1:7001")]
    [InlineData("hostname", "other.example:7001")]
    [InlineData("unknown-endpoint", ":7001")]
    public void A_redirection_names_the_kind_of_endpoint_that_is_preferred(string type, string endpoint) =>
        Run($"GET foo\n-> -MOVED 12182 {endpoint}", more: $"cluster-preferred-endpoint-type {type}");

    [Fact]
    public void Who_waits_for_a_key_is_sent_after_it()
    {
        using var server = Start();
        using var waiting = server.Connect();
        using var client = server.Connect();
        waiting.Send("BLPOP bar 0");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        Assert.Equal("+OK", client.Call($"CLUSTER SETSLOT {Bar} NODE {Other}"));
        Assert.Equal("-MOVED 5061 127.0.0.1:7001", waiting.Read());
        waiting.Send($"BLPOP {KeyOf(1)} 0");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        Assert.Equal("+OK", client.Call("CLUSTER DELSLOTS 1"));
        Assert.StartsWith("-CLUSTERDOWN ", waiting.Read(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "*3")]
    [InlineData(3, ">3")]
    public void A_subscription_to_a_channel_ends_with_its_slot(int protocol, string sign)
    {
        using var server = Start();
        using var listening = server.Connect(protocol);
        using var client = server.Connect();
        Assert.Equal($"{sign} $10 ssubscribe $3 bar :1", listening.Call("SSUBSCRIBE bar"));
        Assert.Equal($"{sign} $10 ssubscribe ${KeyOf(1).Length} {KeyOf(1)} :2", listening.Call($"SSUBSCRIBE {KeyOf(1)}"));
        Assert.Equal("+OK", client.Call($"CLUSTER SETSLOT {Bar} NODE {Other}"));
        Assert.Equal($"{sign} $12 sunsubscribe $3 bar :1", listening.Read());
        Assert.Equal(":1", client.Call($"SPUBLISH {KeyOf(1)} m"));
    }

    [Fact]
    public void Keys_of_slots_are_counted_and_listed()
    {
        using var server = Start();
        using var client = server.Connect();
        client.Run($$"""
            MSET bar 1 {bar}2 2 {bar}3 3
            -> +OK
            CLUSTER KEYSLOT x{foo}y
            -> :12182
            CLUSTER COUNTKEYSINSLOT 5061
            -> :3
            CLUSTER COUNTKEYSINSLOT 1
            -> :0
            CLUSTER COUNTKEYSINSLOT 16384
            -> -ERR Invalid slot
            CLUSTER GETKEYSINSLOT 5061 0
            -> *0
            CLUSTER GETKEYSINSLOT 5061 -1
            -> -ERR Invalid slot or number of keys
            CLUSTER GETKEYSINSLOT x 1
            -> -ERR value is not an integer or out of range
            """);
        var all = (object?[])client.CallTree("CLUSTER GETKEYSINSLOT 5061 10")!;
        Assert.Equal(["bar", "{bar}2", "{bar}3"], all.Cast<string>().Order(StringComparer.Ordinal));
        Assert.Equal(2, ((object?[])client.CallTree("CLUSTER GETKEYSINSLOT 5061 2")!).Length);
    }

    [Fact]
    public void Keys_of_a_slot_that_is_lost_are_deleted_each_by_itself()
    {
        using var server = Start();
        using var client = server.Connect();
        for (var i = 0; i < 100; i++) Assert.Equal("+OK", client.Call($"SET {{bar}}{i} v"));
        Assert.Equal("+OK", client.Call($"SET {KeyOf(1)} v"));
        using var listening = server.Connect();
        Assert.Equal("+OK", client.Call("CONFIG SET notify-keyspace-events KA"));
        var isDone = false;
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Effects.Commands.Clear();
            server.Effects.Units.Clear();
            server.Server.Cluster!.SlotKeys.Delete(SlotsOf(Bar), () => isDone = true);
            Assert.Equal(1, server.Server.Keyspace.Count);
        }
        server.TickUntil(() => isDone);
        lock (server.Server.Executor.ExecutorLock)
        {
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"DEL {{bar}}{i}").Order(StringComparer.Ordinal), server.Effects.Commands.Order(StringComparer.Ordinal));
            Assert.All(server.Effects.Units, count => Assert.Equal(1, count));
        }
        Assert.Equal(":1", client.Call("DBSIZE"));
    }

    static SlotSet SlotsOf(int slot)
    {
        var slots = new SlotSet();
        slots.Add(slot);
        return slots;
    }

    [Fact]
    public void What_is_left_of_a_slot_that_comes_back_is_deleted_before_its_keys_come()
    {
        using var server = Start();
        using var client = server.Connect();
        for (var i = 0; i < 100; i++) Assert.Equal("+OK", client.Call($"SET {{bar}}{i} v"));
        lock (server.Server.Executor.ExecutorLock)
        {
            var keys = server.Server.Cluster!.SlotKeys;
            var isDone = false;
            keys.Delete(SlotsOf(Bar), () => isDone = true);
            keys.Finish(slot => slot == Bar);
            Assert.Equal(0, keys.Count(Bar));
            Assert.False(server.Server.Keyspace[0].IsHidden(Bar));
            Assert.False(keys.DeleteSome());
            Assert.True(isDone);
        }
        Assert.Equal("+OK", client.Call("SET {bar}new v"));
        server.Tick();
        Assert.Equal(":1", client.Call("DBSIZE"));
    }

    [Fact]
    public void A_node_that_becomes_a_replica_deletes_no_more_by_itself()
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("SET {bar}1 v"));
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Cluster!.SlotKeys.Delete(SlotsOf(Bar));
            server.Server.Cluster!.SlotKeys.Forget();
        }
        server.Tick();
        Assert.Equal(":1", client.Call("DBSIZE"));
    }

    [Fact]
    public void Scan_of_a_pattern_with_a_tag_looks_into_one_slot()
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal("+OK", client.Call("MSET {bar}1 v {bar}2 v"));
        Assert.Equal("+OK", client.Call($"SET {KeyOf(1)} v"));
        var (cursor, steps, found) = ("0", 0, new List<string>());
        do
        {
            var reply = (object?[])client.CallTree($"SCAN {cursor} MATCH {{bar}}* COUNT 1")!;
            cursor = (string)reply[0]!;
            found.AddRange(((object?[])reply[1]!).Cast<string>());
            steps++;
        }
        while (cursor != "0");
        Assert.Equal(["{bar}1", "{bar}2"], found.Order(StringComparer.Ordinal));
        Assert.Equal(1, steps);
        Assert.Equal(2, ((object?[])client.CallTree("KEYS {bar}*")!).Length);
        Assert.Equal(3, ((object?[])client.CallTree("KEYS *")!).Length);
        Assert.Single((object?[])client.CallTree($"KEYS {KeyOf(1)}")!);
    }

    [Fact]
    public void A_replica_outside_of_a_cluster_sends_those_who_understand_it_to_its_master()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run("""
            CLIENT CAPA redirect
            -> +OK
            SET k v
            -> +OK
            REPLICAOF 127.0.0.1 1
            -> +OK
            GET k
            -> -REDIRECT 127.0.0.1:1
            SET k v
            -> -REDIRECT 127.0.0.1:1
            PING
            -> +PONG
            READONLY
            -> +OK
            GET k
            -> $1 v
            SET k v
            -> -REDIRECT 127.0.0.1:1
            MULTI
            -> +OK
            SET k v
            -> -REDIRECT 127.0.0.1:1
            EXEC
            -> -EXECABORT Transaction discarded because of previous errors.
            READWRITE
            -> +OK
            GET k
            -> -REDIRECT 127.0.0.1:1
            """);
        using var plain = server.Connect();
        Assert.Equal("$1 v", plain.Call("GET k"));
        Assert.Equal("-READONLY You can't write against a read only replica.", plain.Call("SET k v"));
    }
}
