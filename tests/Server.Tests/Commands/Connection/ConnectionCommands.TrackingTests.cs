using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Connection;

/// <summary>CLIENT TRACKING and what belongs to it. Expected replies and messages are those of redis-server where not said otherwise.</summary>
public sealed class ConnectionCommandsTrackingTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client, _other;

    public ConnectionCommandsTrackingTests()
    {
        _client = _server.Connect(3);
        _other = _server.Connect();
    }

    public void Dispose()
    {
        _client.Dispose();
        _other.Dispose();
        _server.Dispose();
    }

    /// <summary>Messages to the client up to now.</summary>
    List<string> Messages(RawClient? client = null)
    {
        client ??= _client;
        client.Send("CLIENT GETNAME");
        var messages = new List<string>();
        while (client.Read() is var next && next[0] == '>') messages.Add(next);
        return messages;
    }

    static string Invalidate(params string[] keys) =>
        $">2 $10 invalidate *{keys.Length} {string.Join(' ', keys.Select(k => $"${k.Length} {k}"))}";

    string Info(string field)
    {
        var info = _other.Call("INFO everything");
        var start = info.IndexOf(field + ":", StringComparison.Ordinal) + field.Length + 1;
        return info[start..info.IndexOf('\r', start)];
    }

    [Fact]
    public void Options_are_judged_as_redis_server_judges_them() => _client.Run(
        """
        CLIENT GETREDIR
        -> :-1
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~1 $3 off $8 redirect :-1 $8 prefixes *0
        CLIENT TRACKING MAYBE
        -> -ERR syntax error
        CLIENT TRACKING ON NOSUCH
        -> -ERR syntax error
        CLIENT TRACKING ON PREFIX
        -> -ERR syntax error
        CLIENT TRACKING ON REDIRECT
        -> -ERR syntax error
        CLIENT TRACKING ON REDIRECT x
        -> -ERR value is not an integer or out of range
        CLIENT TRACKING ON REDIRECT 0
        -> -ERR The client ID you want redirect to does not exist
        CLIENT TRACKING ON REDIRECT 1 REDIRECT 1
        -> -ERR A client can only redirect to a single other client
        CLIENT TRACKING ON PREFIX a
        -> -ERR PREFIX option requires BCAST mode to be enabled
        CLIENT TRACKING ON BCAST OPTIN
        -> -ERR OPTIN and OPTOUT are not compatible with BCAST
        CLIENT TRACKING ON OPTIN OPTOUT
        -> -ERR You can't specify both OPTIN mode and OPTOUT mode
        CLIENT CACHING YES
        -> -ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled
        CLIENT TRACKING ON
        -> +OK
        CLIENT GETREDIR
        -> :0
        CLIENT TRACKING ON BCAST
        -> -ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.
        CLIENT TRACKING ON OPTIN NOLOOP
        -> +OK
        CLIENT TRACKING ON OPTOUT
        -> -ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.
        CLIENT CACHING NO
        -> -ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.
        CLIENT CACHING MAYBE
        -> -ERR syntax error
        CLIENT CACHING YES
        -> +OK
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~4 $2 on $5 optin $11 caching-yes $6 noloop $8 redirect :0 $8 prefixes *0
        PING
        -> +PONG
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~3 $2 on $5 optin $6 noloop $8 redirect :0 $8 prefixes *0
        CLIENT TRACKING OFF
        -> +OK
        CLIENT TRACKING ON OPTOUT
        -> +OK
        CLIENT CACHING YES
        -> -ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.
        CLIENT CACHING NO
        -> +OK
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~3 $2 on $6 optout $10 caching-no $8 redirect :0 $8 prefixes *0
        CLIENT TRACKING OFF
        -> +OK
        CLIENT TRACKING ON BCAST PREFIX b PREFIX a
        -> +OK
        CLIENT TRACKING ON BCAST PREFIX c NOLOOP
        -> +OK
        CLIENT TRACKING ON BCAST PREFIX x PREFIX abc
        -> -ERR Prefix 'abc' overlaps with an existing prefix 'a'. Prefixes for a single client must not overlap.
        CLIENT TRACKING ON BCAST PREFIX xy PREFIX x
        -> -ERR Prefix 'xy' overlaps with another provided prefix 'x'. Prefixes for a single client must not overlap.
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~3 $2 on $5 bcast $6 noloop $8 redirect :0 $8 prefixes *3 $1 a $1 b $1 c
        CLIENT TRACKING ON BCAST
        -> +OK
        CLIENT TRACKINGINFO
        -> %3 $5 flags ~2 $2 on $5 bcast $8 redirect :0 $8 prefixes *4 $0  $1 a $1 b $1 c
        RESET
        -> +RESET
        CLIENT TRACKINGINFO
        -> *6 $5 flags *1 $3 off $8 redirect :-1 $8 prefixes *0
        """);

    /// <summary>Redis compares the first prefix of a request only; a later one it refuses and takes all the same, with two replies.</summary>
    [Fact]
    public void Prefixes_of_one_request_that_overlap_are_refused_wherever_they_stand()
    {
        _client.Run(
            """
            CLIENT TRACKING ON BCAST PREFIX x PREFIX a PREFIX ab
            -> -ERR Prefix 'a' overlaps with another provided prefix 'ab'. Prefixes for a single client must not overlap.
            CLIENT TRACKINGINFO
            -> %3 $5 flags ~1 $3 off $8 redirect :-1 $8 prefixes *0
            """);
    }

    [Theory]
    [InlineData("SET k 2")]
    [InlineData("DEL k")]
    [InlineData("EXPIRE k 10")]
    [InlineData("APPEND k 1")]
    [InlineData("RENAME k other")]
    [InlineData("RENAME o k")]
    [InlineData("COPY o k REPLACE")]
    [InlineData("MOVE k 1")]
    [InlineData("GETEX k EX 5")]
    [InlineData("PEXPIREAT k 1")]
    public void A_change_of_a_key_that_was_read_is_told_once(string change)
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nMSET k 1 o 1\n-> +OK\nGET k\n-> $1 1");
        _other.Call(change);
        _other.Call("SET k 3");
        Assert.Equal([Invalidate("k")], Messages());
    }

    [Theory]
    [InlineData("PFCOUNT h")]
    [InlineData("PFADD h d")]
    public void A_counter_that_keeps_what_it_counted_has_changed(string command)
    {
        _other.Call("PFADD h a b c");
        _client.Run("CLIENT TRACKING ON\n-> +OK\nSTRLEN h\n-> :27");
        _other.Call(command);
        Assert.Equal([Invalidate("h")], Messages());
    }

    [Theory]
    [InlineData("GET none", "SET none 1")]
    [InlineData("EXISTS none", "LPUSH none 1")]
    [InlineData("TTL none", "XGROUP CREATE none g $ MKSTREAM")]
    [InlineData("XREAD COUNT 1 STREAMS a none 0 0", "XADD none * f v")]
    [InlineData("SINTERCARD 2 a none LIMIT 3", "SADD none 1")]
    [InlineData("OBJECT ENCODING none", "SET none 1")]
    public void Every_command_that_reads_counts_and_so_do_keys_that_are_not_there(string read, string change)
    {
        _client.Call("CLIENT TRACKING ON");
        _client.Call(read);
        _other.Call(change);
        Assert.Equal([Invalidate("none")], Messages());
    }

    [Theory]
    [InlineData("SET k 1", "SET k 2")]
    [InlineData("GETSET k 1", "SET k 2")]
    [InlineData("WATCH k", "SET k 2")]
    [InlineData("GET k", "TOUCH k")]
    [InlineData("GET k", "XGROUP CREATE k g $")]
    public void What_neither_reads_nor_changes_is_not_told(string read, string change)
    {
        _client.Call("CLIENT TRACKING ON");
        _client.Call(read);
        _other.Call(change);
        Assert.Empty(Messages());
    }

    [Fact]
    public void A_client_is_told_of_its_own_changes_behind_the_reply() => _client.Run(
        """
        CLIENT TRACKING ON
        -> +OK
        MSET a 1 b 2
        -> +OK
        MGET a b
        -> *2 $1 1 $1 2
        MSET a 3 b 4
        -> +OK
        CLIENT GETNAME
        -> >2 $10 invalidate *1 $1 a
        PING
        -> >2 $10 invalidate *1 $1 b
        PING
        -> _
        """);

    [Fact]
    public void Messages_do_not_stand_within_the_reply_to_EXEC()
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nMGET a b\n-> *2 _ _\nMULTI\n-> +OK\nINCR a\n-> +QUEUED\nGET b\n-> +QUEUED\nFLUSHALL\n-> +QUEUED");
        Assert.Equal("*3 :1 _ +OK", _client.Call("EXEC"));
        Assert.Equal([Invalidate("a"), ">2 $10 invalidate _"], Messages());
    }

    [Fact]
    public void NOLOOP_leaves_out_what_the_client_changes_itself()
    {
        _client.Run("CLIENT TRACKING ON NOLOOP\n-> +OK\nMGET a b\n-> *2 _ _\nSET a 1\n-> +OK");
        _other.Call("SET b 1");
        Assert.Equal([Invalidate("b")], Messages());
        _other.Call("SET a 1");
        Assert.Empty(Messages());
    }

    [Fact]
    public void OPTIN_and_OPTOUT_apply_to_the_next_command_or_transaction()
    {
        _client.Run("CLIENT TRACKING ON OPTIN\n-> +OK\nGET a\n-> _\nCLIENT CACHING YES\n-> +OK\nCLIENT GETREDIR\n-> :0\nGET b\n-> _\nGET c\n-> _");
        _client.Run("CLIENT CACHING YES\n-> +OK\nMULTI\n-> +OK\nGET d\n-> +QUEUED\nGET e\n-> +QUEUED\nEXEC\n-> *2 _ _\nGET f\n-> _");
        _other.Call("MSET a 1 b 1 c 1 d 1 e 1 f 1");
        Assert.Equal([Invalidate("b"), Invalidate("d"), Invalidate("e")], Messages());
        _client.Run("CLIENT TRACKING OFF\n-> +OK\nCLIENT TRACKING ON OPTOUT\n-> +OK\nGET a\n-> $1 1\nCLIENT CACHING NO\n-> +OK\nGET b\n-> $1 1\nGET c\n-> $1 1");
        _other.Call("MSET a 2 b 2 c 2");
        Assert.Equal([Invalidate("a"), Invalidate("c")], Messages());
    }

    [Fact]
    public void BCAST_tells_of_prefixes_once_a_batch_with_keys_in_order_behind_all_replies()
    {
        _client.Call("CLIENT TRACKING ON BCAST PREFIX u: PREFIX a");
        _other.SendRaw(string.Concat("u:2 u:10 x u:2 a u:".Split(' ').Select(k => RawClient.Encode("INCR", k))));
        Assert.Equal([":1", ":1", ":1", ":2", ":1", ":1"], Enumerable.Range(0, 6).Select(_ => _other.Read()));
        Assert.Equal([Invalidate("a"), Invalidate("u:", "u:10", "u:2")], Messages());
        _client.SendRaw(RawClient.Encode("SET", "a", "1") + RawClient.Encode("SET", "u:1", "1") + RawClient.Encode("PING"));
        Assert.Equal(["+OK", "+OK", "+PONG", Invalidate("a"), Invalidate("u:1")], Enumerable.Range(0, 5).Select(_ => _client.Read()));
    }

    [Fact]
    public void BCAST_with_NOLOOP_leaves_out_keys_whose_last_change_was_the_clients_own()
    {
        _client.Call("CLIENT TRACKING ON BCAST NOLOOP");
        using var third = _server.Connect(3);
        third.Call("CLIENT TRACKING ON BCAST");
        _client.Call("MSET a 1 b 1");
        Assert.Empty(Messages());
        Assert.Equal([Invalidate("a", "b")], Messages(third));
        _other.Call("SET a 2");
        Assert.Equal([Invalidate("a")], Messages());
    }

    [Fact]
    public void Keys_read_before_BCAST_was_asked_for_are_told_no_more()
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nGET k\n-> _\nCLIENT TRACKING OFF\n-> +OK\nCLIENT TRACKING ON BCAST PREFIX x\n-> +OK");
        _other.Call("SET k 1");
        Assert.Empty(Messages());
        // But those of a client that went on as it was are.
        _client.Run("CLIENT TRACKING OFF\n-> +OK\nCLIENT TRACKING ON\n-> +OK\nGET k\n-> $1 1\nCLIENT TRACKING OFF\n-> +OK\nCLIENT TRACKING ON\n-> +OK");
        _other.Call("SET k 2");
        Assert.Equal([Invalidate("k")], Messages());
    }

    [Fact]
    public void Another_client_is_told_in_its_place_and_one_that_is_not_there_is_reported()
    {
        var target = _server.Connect(3);
        var id = target.Call("CLIENT ID")[1..];
        Assert.Equal("+OK", _other.Call($"CLIENT TRACKING ON REDIRECT {id}"));
        Assert.Equal("+OK", _client.Call($"CLIENT TRACKING ON REDIRECT {id}"));
        Assert.Equal($":{id}", _client.Call("CLIENT GETREDIR"));
        _client.Call("GET k");
        _other.Call("GET k");
        _other.Call("SET k 1");
        Assert.Equal([Invalidate("k"), Invalidate("k")], Messages(target));
        _client.Call("GET k");
        target.Dispose();
        Await.Until(() => !_other.Call("CLIENT LIST").Contains($"id={id} ", StringComparison.Ordinal));
        _other.Call("SET k 2");
        Assert.Equal([$">2 $21 tracking-redir-broken :{id}"], Messages());
        Assert.Equal($"%3 $5 flags ~2 $2 on $15 broken_redirect $8 redirect :{id} $8 prefixes *0", _client.Call("CLIENT TRACKINGINFO"));
        Assert.Contains($" flags=tR ", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
        Assert.Contains($" redir={id} ", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
    }

    /// <summary>As Valkey 8: Redis 7.0 puts them before it.</summary>
    [Fact]
    public void Messages_redirected_to_the_client_that_changes_the_key_come_behind_its_reply()
    {
        _other.Call($"CLIENT TRACKING ON REDIRECT {_client.Call("CLIENT ID")[1..]}");
        _other.Call("MGET a b");
        _client.SendRaw(RawClient.Encode("MULTI") + RawClient.Encode("SET", "a", "1") + RawClient.Encode("SET", "b", "1") + RawClient.Encode("EXEC"));
        Assert.Equal(
            ["+OK", "+QUEUED", "+QUEUED", "*2 +OK +OK", Invalidate("a"), Invalidate("b")], Enumerable.Range(0, 6).Select(_ => _client.Read()));
    }

    [Fact]
    public void Silenced_replies_do_not_silence_messages()
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nGET k\n-> _");
        _client.Send("CLIENT REPLY OFF");
        _client.Send("SET k 1");
        _client.Send("CLIENT REPLY ON");
        Assert.Equal([Invalidate("k"), "+OK"], [_client.Read(), _client.Read()]);
    }

    [Fact]
    public void A_client_that_was_woken_is_told_behind_its_reply()
    {
        _other.Call("RPUSH to a");
        _client.Run("CLIENT TRACKING ON\n-> +OK\nLRANGE to 0 -1\n-> *1 $1 a");
        _client.Send("BLMOVE from to LEFT LEFT 0");
        Await.Until(() => Info("blocked_clients") == "1");
        _other.Call("RPUSH from foo");
        Assert.Equal(["$3 foo", Invalidate("to")], [_client.Read(), _client.Read()]);
    }

    [Fact]
    public void Whoever_waits_for_a_key_that_the_waker_tracks_changes_it_behind_the_wakers_reply()
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nLRANGE to 0 -1\n-> *0");
        _other.Send("BLMOVE from to LEFT LEFT 0");
        using var third = _server.Connect();
        Await.Until(() => third.Call("INFO clients").Contains("blocked_clients:1", StringComparison.Ordinal));
        _client.SendRaw(RawClient.Encode("RPUSH", "from", "foo") + RawClient.Encode("PING"));
        Assert.Equal([":1", Invalidate("to"), "+PONG"], [_client.Read(), _client.Read(), _client.Read()]);
        Assert.Equal("$3 foo", _other.Read());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Expiry_is_told_when_a_key_is_found_expired_and_when_its_time_has_come(bool isRead)
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nSET k 1 PX 100\n-> +OK\nGET k\n-> $1 1");
        if (isRead)
        {
            _other.Call("DEBUG SET-ACTIVE-EXPIRE 0");
            _server.Time.Advance(TimeSpan.FromMilliseconds(101));
            Assert.Equal("_", _client.Call("GET k"));
        }
        else
        {
            _server.Advance(TimeSpan.FromMilliseconds(1200));
        }
        Assert.Equal([Invalidate("k")], Messages());
    }

    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHALL ASYNC")]
    [InlineData("FLUSHDB")]
    // Redis says nothing then, and caches go on with what belongs to the other database.
    [InlineData("SWAPDB 0 1")]
    public void Everything_is_told_as_null_to_every_tracking_client_once(string command)
    {
        _client.Run("CLIENT TRACKING ON\n-> +OK\nMGET a b\n-> *2 _ _");
        using var third = _server.Connect(3);
        third.Call("CLIENT TRACKING ON BCAST PREFIX x");
        _other.Call(command);
        Assert.Equal([">2 $10 invalidate _"], Messages());
        Assert.Equal([">2 $10 invalidate _"], Messages(third));
        Assert.Equal("0", Info("tracking_total_keys"));
        _other.Call("SET a 1");
        Assert.Empty(Messages());
    }

    [Fact]
    public void A_table_over_its_limit_forgets_random_keys_and_tells_of_them()
    {
        _other.Call("CONFIG SET tracking-table-max-keys 10");
        _client.Call("CLIENT TRACKING ON NOLOOP");
        for (var i = 0; i < 30; i++) _client.Send($"GET key{i}");
        var told = new HashSet<string>();
        for (var replies = 0; replies < 30;)
        {
            var next = _client.Read();
            if (next[0] != '>') replies++;
            else Assert.True(told.Add(next));
        }
        foreach (var message in Messages()) Assert.True(told.Add(message));
        Assert.Equal(20, told.Count);
        Assert.Equal("10", Info("tracking_total_keys"));
        _other.Call("CONFIG SET tracking-table-max-keys 3");
        Assert.Equal(7, Messages().Count);
        // What is left is told of as ever.
        for (var i = 0; i < 30; i++) _other.Call($"SET key{i} 1");
        Assert.Equal(3, Messages().Count);
    }

    [Fact]
    public void What_is_remembered_is_counted_and_goes_with_the_last_client_that_tracked()
    {
        var before = long.Parse(Info("used_memory"), CultureInfo.InvariantCulture);
        var third = _server.Connect(3);
        third.Call("CLIENT TRACKING ON");
        _client.Call("CLIENT TRACKING ON");
        for (var i = 0; i < 1000; i++)
        {
            _client.Call($"GET key{i}");
            if (i % 2 == 0) third.Call($"GET key{i}");
        }
        _other.Call("CLIENT TRACKING ON BCAST PREFIX a PREFIX b");
        Assert.Equal("1000", Info("tracking_total_keys"));
        Assert.Equal("1500", Info("tracking_total_items"));
        Assert.Equal("2", Info("tracking_total_prefixes"));
        Assert.Equal("3", Info("tracking_clients"));
        var bytes = long.Parse(Info("used_memory"), CultureInfo.InvariantCulture) - before;
        Assert.InRange(bytes, 1000 * (8 + 8 + 6), 1000 * 80);
        Assert.Contains(" flags=tB ", _other.Call("CLIENT INFO"), StringComparison.Ordinal);
        _other.Call("RESET");
        third.Dispose();
        Await.Until(() => Info("tracking_clients") == "1");
        Assert.Equal("1000", Info("tracking_total_keys"));
        _client.Dispose();
        Await.Until(() => Info("tracking_clients") == "0");
        // It tracked itself, once: its ids may be in the table still.
        Assert.Equal("1000", Info("tracking_total_keys"));
        _other.Dispose();
        using var last = _server.Connect();
        Await.Until(() => last.Call("INFO stats").Contains("tracking_total_keys:0\r", StringComparison.Ordinal));
    }

    [Fact]
    public void Ids_of_clients_that_have_left_do_not_pile_up_under_a_key_that_is_read_again()
    {
        _client.Call("CLIENT TRACKING ON");
        for (var i = 0; i < 100; i++)
        {
            using var visitor = _server.Connect();
            visitor.Call("CLIENT TRACKING ON");
            visitor.Call("GET k");
            visitor.Call("QUIT");
            Await.Until(() => !_other.Call("INFO clients").Contains("connected_clients:3", StringComparison.Ordinal));
        }
        Assert.InRange(int.Parse(Info("tracking_total_items"), CultureInfo.InvariantCulture), 1, 8);
    }
}
