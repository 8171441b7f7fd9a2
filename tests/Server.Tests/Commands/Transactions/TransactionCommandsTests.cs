namespace MiniRedis.Server.Tests.Commands.Transactions;

/// <summary>MULTI, EXEC and DISCARD: what is queued, what runs, and what costs the transaction.</summary>
public sealed class TransactionCommandsTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes\nio-threads 2");
    readonly RawClient _client;

    public TransactionCommandsTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Queued_commands_run_at_exec_and_not_before()
    {
        using var other = _server.Connect();
        _client.Run(
            """
            MULTI
            -> +OK
            SET k 1
            -> +QUEUED
            INCR k
            -> +QUEUED
            """);
        Assert.Equal("$-1", other.Call("GET k"));
        _client.Run(
            """
            EXEC
            -> *2 +OK :2
            GET k
            -> $1 2
            MULTI
            -> +OK
            EXEC
            -> *0
            """);
    }

    [Fact]
    public void An_error_of_one_command_does_not_keep_the_others_from_running() => _client.Run(
        """
        MULTI
        -> +OK
        SET k text
        -> +QUEUED
        INCR k
        -> +QUEUED
        LPUSH k a
        -> +QUEUED
        APPEND k s
        -> +QUEUED
        EXEC
        -> *4 +OK -ERR value is not an integer or out of range -WRONGTYPE Operation against a key holding the wrong kind of value :5
        """);

    [Fact]
    public void What_has_no_transaction_to_end_says_so() => _client.Run(
        """
        EXEC
        -> -ERR EXEC without MULTI
        DISCARD
        -> -ERR DISCARD without MULTI
        EXEC now
        -> -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
        """);

    [Theory]
    [InlineData("NOSUCH a", "-ERR unknown command 'NOSUCH', with args beginning with: 'a'")]
    [InlineData("GET", "-ERR wrong number of arguments for 'get' command")]
    [InlineData("OBJECT NOSUCH k", "-ERR unknown subcommand 'NOSUCH'. Try OBJECT HELP.")]
    [InlineData("MULTI", "-ERR MULTI calls can not be nested")]
    [InlineData("WATCH k", "-ERR WATCH inside MULTI is not allowed")]
    [InlineData("SHUTDOWN", "-ERR Command not allowed inside a transaction")]
    public void A_command_that_cannot_be_queued_costs_the_transaction(string command, string error)
    {
        _client.Call("MULTI");
        _client.Call("SET k 1");
        Assert.Equal(error, _client.Call(command).TrimEnd());
        Assert.Equal("+QUEUED", _client.Call("SET k 2"));
        _client.Run(
            """
            EXEC
            -> -EXECABORT Transaction discarded because of previous errors.
            EXISTS k
            -> :0
            """);
        Assert.Contains("errorstat_EXECABORT:count=1", _client.Call("INFO errorstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void Exec_alone_with_a_wrong_count_ends_the_transaction_with_its_reason() => _client.Run(
        """
        MULTI
        -> +OK
        EXEC now
        -> -EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command
        EXEC
        -> -ERR EXEC without MULTI
        """);

    [Fact]
    public void Discard_and_reset_forget_what_was_queued() => _client.Run(
        """
        MULTI
        -> +OK
        SET k 1
        -> +QUEUED
        DISCARD
        -> +OK
        MULTI
        -> +OK
        SET k 1
        -> +QUEUED
        RESET
        -> +RESET
        EXISTS k
        -> :0
        EXEC
        -> -ERR EXEC without MULTI
        """);

    [Fact]
    public void Quit_is_not_queued_and_leaves_nothing()
    {
        _client.Call("MULTI");
        _client.Call("SET k 1");
        Assert.Equal("+OK", _client.Call("QUIT"));
        Assert.True(_client.IsClosedByServer());
        using var other = _server.Connect();
        Assert.Equal(":0", other.Call("EXISTS k"));
    }

    [Fact]
    public void Memory_is_looked_at_when_queueing_and_once_more_at_exec()
    {
        using var other = _server.Connect();
        _client.Run("MULTI\n-> +OK\nGET k\n-> +QUEUED");
        other.Call("CONFIG SET maxmemory 1");
        _client.Run(
            """
            EXEC
            -> *1 $-1
            MULTI
            -> +OK
            SET k 1
            -> -OOM command not allowed when used memory > 'maxmemory'.
            EXEC
            -> -EXECABORT Transaction discarded because of previous errors.
            """);
        other.Call("CONFIG SET maxmemory 0");
        _client.Run("MULTI\n-> +OK\nSET k 1\n-> +QUEUED");
        other.Call("CONFIG SET maxmemory 1");
        _client.Run(
            """
            EXEC
            -> -EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.
            DISCARD
            -> -ERR DISCARD without MULTI
            EXISTS k
            -> :0
            """);
    }

    [Fact]
    public void A_password_asked_for_meanwhile_is_asked_for_by_exec_too()
    {
        using var server = new TestServer("requirepass secret");
        using var client = server.Connect();
        client.Run(
            """
            MULTI
            -> -NOAUTH Authentication required.
            EXEC
            -> -EXECABORT Transaction discarded because of: NOAUTH Authentication required.
            AUTH secret
            -> +OK
            MULTI
            -> +OK
            AUTH wrong
            -> +QUEUED
            EXEC
            -> *1 -WRONGPASS invalid username-password pair or user is disabled.
            """);
    }

    [Fact]
    public void Blocking_commands_answer_at_once()
    {
        _client.Call("XGROUP CREATE s g $ MKSTREAM");
        _client.Call("MULTI");
        foreach (var command in (string[])["BLPOP l 0", "BRPOP l 0", "BRPOPLPUSH l m 0", "BLMOVE l m LEFT LEFT 0", "BLMPOP 0 1 l LEFT", "BZPOPMIN z 0",
            "BZPOPMAX z 0", "BZMPOP 0 1 z MIN", "XREAD BLOCK 0 STREAMS s $", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"])
            Assert.Equal("+QUEUED", _client.Call(command));
        Assert.Equal("*10 *-1 *-1 $-1 $-1 *-1 *-1 *-1 *-1 *-1 *-1", _client.Call("EXEC"));
    }

    [Fact]
    public void Replies_are_those_of_the_protocol_at_the_time_they_are_written()
    {
        using var newer = _server.Connect(protocol: 3);
        newer.Run(
            """
            HSET h f v
            -> :1
            MULTI
            -> +OK
            HGETALL h
            -> +QUEUED
            GET none
            -> +QUEUED
            HELLO 2
            -> +QUEUED
            GET none
            -> +QUEUED
            """);
        var reply = newer.Call("EXEC");
        Assert.StartsWith("*4 %1 $1 f $1 v _ *14 $6 server ", reply, StringComparison.Ordinal);
        Assert.EndsWith(" $-1", reply, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_selected_among_them_is_that_of_the_rest() => _client.Run(
        """
        MULTI
        -> +OK
        SET k zero
        -> +QUEUED
        SELECT 1
        -> +QUEUED
        SET k one
        -> +QUEUED
        SWAPDB 0 1
        -> +QUEUED
        GET k
        -> +QUEUED
        EXEC
        -> *5 +OK +OK +OK +OK $4 zero
        """);

    [Fact]
    public void Who_waits_is_served_when_the_whole_is_over()
    {
        using var waiter = _server.Connect();
        waiter.Send("BLPOP l 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        _client.Run(
            """
            MULTI
            -> +OK
            RPUSH l a
            -> +QUEUED
            LPUSH l b
            -> +QUEUED
            LLEN l
            -> +QUEUED
            EXEC
            -> *3 :1 :2 :2
            """);
        Assert.Equal("*2 $1 l $1 b", waiter.Read());
    }

    [Fact]
    public void Time_stands_still()
    {
        _client.Call("SET k v PX 100");
        _client.Call("MULTI");
        _client.Call("PTTL k");
        _client.Call("DEBUG SLEEP 0");
        _client.Call("PTTL k");
        Assert.Equal("*3 :100 +OK :100", _client.Call("EXEC"));
        _server.Advance(TimeSpan.FromMilliseconds(60));
        Assert.Equal(":40", _client.Call("PTTL k"));
    }

    [Fact]
    public void Requests_of_every_size_come_back_as_they_were_queued()
    {
        using var other = _server.Connect();
        foreach (var round in Enumerable.Range(0, 3))
        {
            var values = Enumerable.Range(0, 300).Select(i => new string((char)('a' + i % 26), i * i / 4 + round)).Append(new string('x', 200_000)).ToArray();
            var pipeline = RawClient.Encode("MULTI")
                + string.Concat(values.Select((v, i) => RawClient.Encode("SET", $"k{i}", v))) + RawClient.Encode("EXEC");
            _client.SendRaw(pipeline);
            Assert.Equal("+OK", _client.Read());
            foreach (var _ in values) Assert.Equal("+QUEUED", _client.Read());
            Assert.Equal($"*{values.Length} " + string.Join(' ', values.Select(_ => "+OK")), _client.Read());
            for (var i = 0; i < values.Length; i += 7)
                Assert.Equal($"${values[i].Length} {values[i]}".TrimEnd(), other.Call($"GET k{i}").TrimEnd());
        }
    }

    [Fact]
    public void The_queue_counts_as_the_clients_memory_and_against_its_query_buffer()
    {
        using var greedy = _server.Connect();
        _client.Call("CONFIG SET client-query-buffer-limit 1mb");
        var before = Field(greedy.Call("CLIENT INFO"), "tot-mem");
        greedy.Call("MULTI");
        greedy.CallWords("SET", "k", new string('x', 100_000));
        var line = _client.Call("CLIENT LIST").Split('\n')[1];
        Assert.InRange(Field(line, "multi-mem"), 100_000, 100_100);
        // The request itself may lie in the connection's buffer still.
        Assert.InRange(Field(line, "tot-mem"), before + 100_000, before + 220_000);
        Assert.Equal(1, Field(line, "multi"));
        for (var i = 0; i < 20; i++) greedy.TrySendRaw(RawClient.Encode("SET", "k", new string('x', 100_000)));
        greedy.ReadToEnd();
        Assert.Contains("client_query_buffer_limit_disconnections:1", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    static long Field(string line, string name) =>
        long.Parse(System.Text.RegularExpressions.Regex.Match(line, $@"\b{name}=(-?\d+)").Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void The_list_of_clients_tells_who_queues_and_watches_and_who_will_fail()
    {
        using var other = _server.Connect();
        _client.Call("WATCH a b a");
        Assert.Contains("flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 watch=2 ", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
        Assert.Contains("watching_clients:1\r\n", other.Call("INFO clients"), StringComparison.Ordinal);
        Assert.Contains("total_watched_keys:2\r\n", other.Call("INFO clients"), StringComparison.Ordinal);
        _client.Call("MULTI");
        _client.Call("PING");
        Assert.Contains("flags=x db=0 sub=0 psub=0 ssub=0 multi=1 watch=2 ", other.Call("CLIENT LIST"), StringComparison.Ordinal);
        other.Call("SET a 1");
        Assert.Contains("flags=xd db=0 sub=0 psub=0 ssub=0 multi=0 watch=0 ", other.Call("CLIENT LIST"), StringComparison.Ordinal);
        Assert.Contains("total_watched_keys:0\r\n", other.Call("INFO clients"), StringComparison.Ordinal);
        Assert.Equal("*-1", _client.Call("EXEC"));
        Assert.Contains("flags=N ", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_are_counted_when_they_run()
    {
        _client.Run(
            """
            MULTI
            -> +OK
            SET k text
            -> +QUEUED
            INCR k
            -> +QUEUED
            EXEC
            -> *2 +OK -ERR value is not an integer or out of range
            EXEC
            -> -ERR EXEC without MULTI
            """);
        var statistics = _client.Call("INFO commandstats");
        Assert.Matches(@"cmdstat_set:calls=1,.*rejected_calls=0,failed_calls=0", statistics);
        Assert.Matches(@"cmdstat_incr:calls=1,.*rejected_calls=0,failed_calls=1", statistics);
        Assert.Matches(@"cmdstat_exec:calls=2,.*rejected_calls=0,failed_calls=1", statistics);
        Assert.Contains("total_commands_processed:6\r\n", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_slow_log_has_the_commands_and_not_their_exec()
    {
        _client.Call("CONFIG SET slowlog-log-slower-than 0");
        _client.Call("SLOWLOG RESET");
        _client.Call("MULTI");
        _client.Call("SET k v");
        _client.Call("EXEC");
        var log = _client.Call("SLOWLOG GET");
        Assert.Contains("$3 SET $1 k $1 v", log, StringComparison.Ordinal);
        Assert.Contains("$5 MULTI", log, StringComparison.Ordinal);
        Assert.DoesNotContain("EXEC", log, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pause_of_writes_holds_an_exec_that_writes_and_no_other()
    {
        using var writer = _server.Connect();
        using var reader = _server.Connect();
        writer.Run("MULTI\n-> +OK\nSET k 1\n-> +QUEUED");
        reader.Run("MULTI\n-> +OK\nGET k\n-> +QUEUED");
        _client.Call("CLIENT PAUSE 100000 WRITE");
        Assert.Equal("*1 $-1", reader.Call("EXEC"));
        writer.Send("EXEC");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        Assert.Equal("$-1", reader.Call("GET k"));
        _client.Call("CLIENT UNPAUSE");
        Assert.Equal("*1 +OK", writer.Read());
    }

    [Fact]
    public void Muted_clients_queue_and_run_in_silence()
    {
        _client.Send("CLIENT REPLY OFF");
        foreach (var line in (string[])["MULTI", "SET k 1", "EXEC"]) _client.Send(line);
        Assert.Equal("+OK", _client.Call("CLIENT REPLY ON"));
        Assert.Equal("$1 1", _client.Call("GET k"));
        _client.Call("MULTI");
        _client.Send("CLIENT REPLY SKIP");
        Assert.Equal("+QUEUED", _client.Read());
        _client.Call("DISCARD");
        Assert.Equal("+PONG", _client.Call("PING"));
    }
}
