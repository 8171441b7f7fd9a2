using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Caching;

/// <summary>Leases: CACHE.LEASE, and what CACHE.GET and CACHE.SET have to do with them.</summary>
public sealed class CacheLeaseCommandsTests : IDisposable
{
    // When the clock of tests begins, in microseconds.
    const long Start = 1767225600_000_000;

    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client, _other, _third;

    public CacheLeaseCommandsTests() => (_client, _other, _third) = (_server.Connect(), _server.Connect(), _server.Connect());

    public void Dispose()
    {
        _third.Dispose();
        _other.Dispose();
        _client.Dispose();
        _server.Dispose();
    }

    /// <summary>The reply of CACHE.GET: "value state token ms version", with "-" for null and "token" for a token, which is returned.</summary>
    static (string Reply, string Token) Show(string reply)
    {
        var words = reply.Split(' ').Where(w => w.Length > 0).ToList();
        Assert.Equal("*5", words[0]);
        var fields = new List<string>();
        for (var i = 1; i < words.Count; i++)
        {
            if (words[i] == "$-1") fields.Add("-");
            else if (words[i][0] == ':') fields.Add(words[i][1..]);
            else if (words[i] != "$0") fields.Add(words[++i]);
            else fields.Add("");
        }
        var token = fields[2];
        if (token == "-") return (string.Join(' ', fields), "");
        Assert.Matches("^[0-9a-f]{16}$", token);
        fields[2] = "token";
        return (string.Join(' ', fields), token);
    }

    static string Get(RawClient client, string rest, string expected)
    {
        var (reply, token) = Show(client.Call($"CACHE.GET {rest}"));
        Assert.Equal(expected, reply);
        return token;
    }

    static string After(long milliseconds) => (Start + milliseconds * 1000).ToString(CultureInfo.InvariantCulture);

    void Advance(int milliseconds) => _server.Advance(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Waits until so many clients are blocked.</summary>
    void AwaitBlocked(int count) => Await.UntilLocked(_server, () => _server.Server.Blocking.Count == count);

    [Fact]
    public void Of_those_who_miss_a_key_one_gets_the_lease_and_its_fill_counts_from_the_grant_on()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Get(_other, "k LEASE 1000", $"- MISS - 1000 {After(0)}");
        Advance(300);
        Get(_other, "k LEASE 1000", $"- MISS - 700 {After(300)}");
        Get(_other, "k", $"- MISS - 700 {After(300)}");
        Assert.Equal($":{After(0)}", _client.Call($"CACHE.SET k value EX 60 LEASE {token}"));
        Get(_other, "k LEASE 1000", $"value FRESH - 60000 {After(0)}");
        Assert.Contains("$7 cost-ms :300", _client.Call("CACHE.INFO k"));
        Assert.Contains("$8 lease-ms :0", _client.Call("CACHE.INFO k"));
    }

    [Fact]
    public void A_lease_is_good_once()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Assert.Equal($":{After(0)}", _client.Call($"CACHE.SET k value LEASE {token}"));
        Assert.Equal("$-1", _client.Call($"CACHE.SET k other LEASE {token}"));
        Assert.Equal("$5 value", _client.Call("GET k"));
    }

    [Theory]
    [InlineData("DEL k")]
    [InlineData("UNLINK k")]
    [InlineData("EXPIRE k 100")]
    [InlineData("SETRANGE k 0 \"\"")]
    [InlineData("CACHE.STALE k")]
    [InlineData("CACHE.TAG k posts")]
    [InlineData("CACHE.SET k other XX")]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHDB")]
    [InlineData("SWAPDB 0 1")]
    [InlineData("EVAL \"return redis.call('del', KEYS[1])\" 1 k")]
    public void Whatever_names_the_key_to_change_it_voids_the_lease_though_it_changes_nothing(string command)
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Call(command);
        Assert.Equal("$-1", _client.Call($"CACHE.SET k value LEASE {token}"));
        Assert.Equal(":0", _client.Call("EXISTS k"));
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
    }

    [Theory]
    [InlineData("GET k")]
    [InlineData("EXISTS k")]
    [InlineData("CACHE.INFO k")]
    [InlineData("DEL other")]
    [InlineData("CACHE.PURGE TAG posts")]
    [InlineData("EVAL \"return redis.call('get', KEYS[1])\" 1 k")]
    public void Readers_and_changes_of_other_keys_leave_the_lease_alone(string command)
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Call(command);
        Assert.Equal($":{After(0)}", _client.Call($"CACHE.SET k value LEASE {token}"));
    }

    [Fact]
    public void A_transaction_that_is_queued_voids_the_lease_when_it_runs()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Run("""
            MULTI
            -> +OK
            DEL k
            -> +QUEUED
            """);
        Get(_client, "k LEASE 1000", $"- MISS - 1000 {After(0)}");
        Assert.Equal("*1 :0", _other.Call("EXEC"));
        Assert.Equal("$-1", _client.Call($"CACHE.SET k value LEASE {token}"));
    }

    [Theory]
    [InlineData("CACHE.PURGE TAG posts")]
    [InlineData("CACHE.PURGE SOFT TAG posts")]
    [InlineData("CACHE.PURGE ALL")]
    public void A_fill_that_a_purge_has_overtaken_is_refused_and_ends_the_lease(string purge)
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Call(purge);
        Assert.Equal("$-1", _client.Call($"CACHE.SET k value LEASE {token} TAGS 1 posts"));
        Assert.Equal(":0", _client.Call("EXISTS k"));
        Assert.NotEqual("", Show(_client.Call("CACHE.GET k LEASE 1000")).Token);
    }

    [Fact]
    public void A_plain_fill_by_another_voids_the_lease()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Call("CACHE.SET k theirs");
        Assert.Equal("$-1", _client.Call($"CACHE.SET k mine LEASE {token}"));
        Assert.Equal("$6 theirs", _client.Call("GET k"));
    }

    [Fact]
    public void A_refused_fill_leaves_the_lease_of_another_alone()
    {
        var old = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _client.Call("DEL k");
        var token = Get(_other, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Assert.Equal("$-1", _client.Call($"CACHE.SET k mine LEASE {old}"));
        Assert.Equal($":{After(0)}", _other.Call($"CACHE.SET k theirs LEASE {token}"));
    }

    [Fact]
    public void A_stale_value_is_served_to_all_and_one_refreshes_it()
    {
        _client.Call("CACHE.SET k old EX 10 STALE 60");
        Advance(15_000);
        var token = Get(_client, "k LEASE 1000", $"old STALE token 55000 {After(0)}");
        Get(_other, "k LEASE 1000", $"old STALE - 55000 {After(0)}");
        Get(_third, "k", $"old STALE - 55000 {After(0)}");
        Assert.Equal($":{After(15_000)}", _client.Call($"CACHE.SET k new EX 10 STALE 60 LEASE {token}"));
        Get(_other, "k LEASE 1000", $"new FRESH - 10000 {After(15_000)}");
    }

    [Fact]
    public void A_fresh_value_is_refreshed_early_where_the_caller_says_so()
    {
        _client.Call("CACHE.SET k v EX 10");
        Advance(6000);
        Get(_client, "k LEASE 1000 EARLY 4000", $"v FRESH - 4000 {After(0)}");
        Advance(1);
        Get(_client, "k LEASE 1000 EARLY 0", $"v FRESH - 3999 {After(0)}");
        Get(_client, "k LEASE 1000 EARLY 4000", $"v FRESH token 3999 {After(0)}");
        Get(_other, "k LEASE 1000 EARLY 4000", $"v FRESH - 3999 {After(0)}");
    }

    [Fact]
    public void A_value_that_took_long_to_compute_is_refreshed_early_by_chance_and_never_long_before_its_end()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Advance(500);
        _client.Call($"CACHE.SET k v EX 60 LEASE {token}");
        Advance(49_999);
        // Twenty times the cost before the end.
        for (var i = 0; i < 200; i++) Assert.Equal("", Show(_client.Call("CACHE.GET k LEASE 1000")).Token);
        var granted = 0;
        Advance(9_750);
        // 251 ms before the end: two in five readers would refresh it, so of a hundred one does.
        for (var i = 0; i < 100; i++) granted += Show(_client.Call("CACHE.GET k LEASE 1000")).Token == "" ? 0 : 1;
        Assert.Equal(1, granted);
    }

    [Fact]
    public void Who_has_the_value_already_may_still_be_asked_to_refresh_it()
    {
        _client.Call("CACHE.SET k v EX 10");
        Get(_client, $"k LEASE 1000 EARLY 20000 IFNEWER {After(0)}", $"- SAME token 10000 {After(0)}");
        Get(_client, $"k LEASE 1000 EARLY 20000 IFNEWER {After(0)}", $"- SAME - 10000 {After(0)}");
    }

    [Fact]
    public void After_its_time_another_takes_the_lease_over_and_until_then_a_late_fill_counts()
    {
        var token = Get(_client, "k LEASE 100", $"- MISS token 100 {After(0)}");
        Advance(5000);
        Assert.Equal($":{After(0)}", _client.Call($"CACHE.SET k late LEASE {token}"));
        _client.Call("DEL k");
        token = Get(_client, "k LEASE 100", $"- MISS token 100 {After(5000)}");
        Advance(100);
        Get(_other, "k LEASE 100", $"- MISS token 100 {After(5100)}");
        Assert.Equal("$-1", _client.Call($"CACHE.SET k late LEASE {token}"));
    }

    [Fact]
    public void When_the_connection_of_its_holder_closes_another_gets_the_lease()
    {
        using (var holder = _server.Connect()) Get(holder, "k LEASE 60000", $"- MISS token 60000 {After(0)}");
        _server.TickUntil(() => _server.Server.Clients.Count == 3);
        Get(_other, "k LEASE 60000", $"- MISS token 60000 {After(0)}");
    }

    [Fact]
    public void Who_waits_gets_the_value_as_soon_as_it_is_filled()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Send("CACHE.GET k LEASE 1000 WAIT 5000");
        _third.Send("CACHE.GET k LEASE 1000 WAIT 5000");
        AwaitBlocked(2);
        _client.Call($"CACHE.SET k value LEASE {token}");
        Assert.Equal($"value FRESH - -1 {After(0)}", Show(_other.Read()).Reply);
        Assert.Equal($"value FRESH - -1 {After(0)}", Show(_third.Read()).Reply);
        // They missed once each, however often their commands ran.
        Assert.Contains("keyspace_misses:3\r\n", _client.Call("INFO stats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CACHE.LEASE k {0} FREE")]
    [InlineData("DEL k")]
    [InlineData("FLUSHALL")]
    [InlineData("the connection closes")]
    public void When_a_lease_ends_without_a_fill_one_who_waits_gets_it_and_the_others_go_on_waiting(string end)
    {
        using var holder = _server.Connect();
        var token = Get(holder, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Send("CACHE.GET k LEASE 700 WAIT 5000");
        AwaitBlocked(1);
        _third.Send("CACHE.GET k LEASE 700 WAIT 5000");
        AwaitBlocked(2);
        if (end == "the connection closes")
        {
            holder.Dispose();
            _server.TickUntil(() => _server.Server.Blocking.Count == 1);
        }
        else
        {
            holder.Call(string.Format(CultureInfo.InvariantCulture, end, token));
        }
        var (reply, next) = Show(_other.Read());
        Assert.Equal($"- MISS token 700 {After(0)}", reply);
        AwaitBlocked(1);
        _other.Call($"CACHE.SET k value LEASE {next}");
        Assert.Equal($"value FRESH - -1 {After(0)}", Show(_third.Read()).Reply);
    }

    [Fact]
    public void When_the_time_of_a_lease_is_over_one_who_waits_gets_it()
    {
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Send("CACHE.GET k LEASE 700 WAIT 5000");
        AwaitBlocked(1);
        Advance(999);
        AwaitBlocked(1);
        Advance(1);
        Assert.Equal($"- MISS token 700 {After(1000)}", Show(_other.Read()).Reply);
    }

    [Fact]
    public void Who_has_waited_in_vain_is_told_so()
    {
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Send("CACHE.GET k LEASE 700 WAIT 50");
        AwaitBlocked(1);
        Advance(51);
        Assert.Equal($"- MISS - 949 {After(51)}", Show(_other.Read()).Reply);
        Assert.Equal("+PONG", _other.Call("PING"));
    }

    [Fact]
    public void A_hold_sends_everybody_away_who_waits_or_comes()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Send("CACHE.GET k LEASE 700 WAIT 5000");
        AwaitBlocked(1);
        Assert.Equal(":1", _client.Call($"CACHE.LEASE k {token} HOLD 2000"));
        Assert.Equal($"- HELD - 2000 {After(0)}", Show(_other.Read()).Reply);
        Get(_third, "k LEASE 700 WAIT 5000", $"- HELD - 2000 {After(0)}");
        Get(_third, "k", $"- HELD - 2000 {After(0)}");
        Assert.Equal("$-1", _client.Call($"CACHE.SET k value LEASE {token}"));
        Advance(2000);
        Get(_third, "k LEASE 700", $"- MISS token 700 {After(2000)}");
    }

    [Fact]
    public void While_the_source_is_held_a_stale_value_is_served_and_nobody_refreshes_it()
    {
        _client.Call("CACHE.SET k old EX 10 STALE 60");
        Advance(15_000);
        var token = Get(_client, "k LEASE 1000", $"old STALE token 55000 {After(0)}");
        Assert.Equal(":1", _client.Call($"CACHE.LEASE k {token} HOLD 2000"));
        Get(_other, "k LEASE 1000", $"old STALE - 55000 {After(0)}");
    }

    [Fact]
    public void A_lease_is_extended_while_its_token_is_valid()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Assert.Equal(":1", _client.Call($"CACHE.LEASE k {token} EXTEND 9000"));
        Get(_other, "k LEASE 1000", $"- MISS - 9000 {After(0)}");
        _client.Call("DEL k");
        Assert.Equal(":0", _client.Call($"CACHE.LEASE k {token} EXTEND 9000"));
        Assert.Equal(":0", _client.Call($"CACHE.LEASE k {token} HOLD 9000"));
        Assert.Equal(":0", _client.Call($"CACHE.LEASE k {token} FREE"));
    }

    [Fact]
    public void In_transactions_and_scripts_nobody_waits()
    {
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _other.Call("MULTI");
        _other.Call("CACHE.GET k LEASE 1000 WAIT 5000");
        Assert.Equal($"*1 *5 $-1 $4 MISS $-1 :1000 :{After(0)}", _other.Call("EXEC"));
        Assert.Equal(
            $"*5 $-1 $4 MISS $-1 :1000 :{After(0)}", _other.Call("EVAL \"return redis.call('cache.get', KEYS[1], 'LEASE', 1000, 'WAIT', 5000)\" 1 k"));
    }

    [Fact]
    public void CLIENT_UNBLOCK_ends_a_wait()
    {
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        var id = _other.Call("CLIENT ID")[1..];
        _other.Send("CACHE.GET k LEASE 1000 WAIT 5000");
        AwaitBlocked(1);
        Assert.Equal(":1", _client.Call($"CLIENT UNBLOCK {id}"));
        Assert.Equal($"- MISS - 1000 {After(0)}", Show(_other.Read()).Reply);
        _other.Send("CACHE.GET k LEASE 1000 WAIT 5000");
        AwaitBlocked(1);
        Assert.Equal(":1", _client.Call($"CLIENT UNBLOCK {id} ERROR"));
        Assert.StartsWith("-UNBLOCKED", _other.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_is_bounded_and_counts_as_memory()
    {
        _client.Call("CONFIG SET cache-lease-max 1");
        var before = Used();
        Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Assert.True(Used() >= before + 190);
        Get(_client, "other LEASE 1000", $"- MISS - 0 {After(0)}");
        _client.Call("CONFIG SET cache-lease-max 0");
        _client.Call("DEL k");
        Get(_client, "k LEASE 1000 WAIT 1000", $"- MISS - 0 {After(0)}");

        long Used()
        {
            lock (_server.Server.Executor.ExecutorLock) return _server.Server.Memory.Total;
        }
    }

    [Fact]
    public void A_replica_grants_no_leases_and_forgets_those_that_it_granted()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _client.Call("REPLICAOF 127.0.0.1 1");
        Get(_client, "k LEASE 1000", $"- MISS - 0 {After(0)}");
        _client.Call("REPLICAOF NO ONE");
        Assert.Equal("$-1", _client.Call($"CACHE.SET k value LEASE {token}"));
    }

    [Fact]
    public void Leases_are_neither_saved_nor_propagated()
    {
        _server.Effects.Commands.Clear();
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _client.Call($"CACHE.LEASE k {token} EXTEND 100");
        _client.Call($"CACHE.LEASE k {token} FREE");
        Assert.Empty(_server.Effects.Commands);
        Assert.Contains("rdb_changes_since_last_save:0\r\n", _client.Call("INFO persistence"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lease_works_when_memory_is_short()
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        _client.Call("CONFIG SET maxmemory 1");
        Assert.StartsWith("-OOM", _client.Call($"CACHE.SET k value LEASE {token}"), StringComparison.Ordinal);
        Assert.Equal(":1", _client.Call($"CACHE.LEASE k {token} FREE"));
    }

    [Theory]
    [InlineData("CACHE.GET k LEASE 0", "-ERR value is out of range, value must between 1 and 600000")]
    [InlineData("CACHE.GET k LEASE 600001", "-ERR value is out of range, value must between 1 and 600000")]
    [InlineData("CACHE.GET k LEASE x", "-ERR value is not an integer or out of range")]
    [InlineData("CACHE.GET k LEASE 10 WAIT 0", "-ERR value is out of range, value must between 1 and 600000")]
    [InlineData("CACHE.GET k LEASE 10 WAIT x", "-ERR value is not an integer or out of range")]
    [InlineData("CACHE.GET k LEASE 10 EARLY -1", "-ERR EARLY must not be negative")]
    [InlineData("CACHE.GET k LEASE 10 EARLY x", "-ERR value is not an integer or out of range")]
    [InlineData("CACHE.GET k LEASE", "-ERR syntax error")]
    [InlineData("CACHE.GET k WAIT 10", "-ERR syntax error")]
    [InlineData("CACHE.GET k EARLY 10", "-ERR syntax error")]
    [InlineData("CACHE.GET k LEASE 10 LEASE 10", "-ERR syntax error")]
    [InlineData("CACHE.GET k LEASE 10 WAIT 10 WAIT 10", "-ERR syntax error")]
    [InlineData("CACHE.GET k OTHER 10", "-ERR syntax error")]
    [InlineData("CACHE.LEASE k 0123456789abcde FREE", "-ERR a token has 16 hexadecimal digits")]
    [InlineData("CACHE.LEASE k 0123456789abcdeg FREE", "-ERR a token has 16 hexadecimal digits")]
    [InlineData("CACHE.LEASE k 0123456789abcdef", "-ERR wrong number of arguments for 'cache.lease' command")]
    [InlineData("CACHE.LEASE k 0123456789abcdef FREE 1", "-ERR syntax error")]
    [InlineData("CACHE.LEASE k 0123456789abcdef HOLD", "-ERR syntax error")]
    [InlineData("CACHE.LEASE k 0123456789abcdef HOLD 0", "-ERR value is out of range, value must between 1 and 600000")]
    [InlineData("CACHE.LEASE k 0123456789abcdef EXTEND x", "-ERR value is not an integer or out of range")]
    [InlineData("CACHE.SET k v LEASE 1", "-ERR a token has 16 hexadecimal digits")]
    [InlineData("CACHE.SET k v LEASE 0123456789abcdef ASOF 1", "-ERR syntax error")]
    [InlineData("CACHE.SET k v LEASE", "-ERR syntax error")]
    [InlineData("SET k v EX x", "-ERR value is not an integer or out of range")]
    [InlineData("RENAME nosuch k", "-ERR no such key")]
    public void What_is_wrong_is_refused_and_leaves_the_lease_alone(string command, string error)
    {
        var token = Get(_client, "k LEASE 1000", $"- MISS token 1000 {After(0)}");
        Assert.Equal(error, _other.Call(command));
        Assert.Equal($":{After(0)}", _client.Call($"CACHE.SET k value LEASE {token}"));
    }

    [Fact]
    public void Values_of_other_types_are_no_misses()
    {
        _client.Call("RPUSH list a");
        Assert.StartsWith("-WRONGTYPE", _client.Call("CACHE.GET list LEASE 1000"), StringComparison.Ordinal);
        Assert.False(_server.Server.Leases.Any);
    }

    [Fact]
    public void A_lease_that_is_given_up_wakes_one_of_those_who_wait()
    {
        var token = (string)((object?[])_client.CallTree("CACHE.GET k LEASE 10000")!)[2]!;
        var waiting = Enumerable.Range(0, 10).Select(_ => _server.Connect()).ToArray();
        for (var i = 0; i < waiting.Length; i++)
        {
            waiting[i].Send("CACHE.GET k LEASE 10000 WAIT 60000");
            var blocked = $"blocked_clients:{i + 1}\r\n";
            Await.Until(() => _client.Call("INFO clients").Contains(blocked, StringComparison.Ordinal));
        }
        var (woken, left) = (0, 0);
        lock (_server.Server.Executor.ExecutorLock)
        {
            var isBeingFilled = _server.Server.Blocking.IsBeingFilled!;
            _server.Server.Blocking.IsBeingFilled = (database, key) =>
            {
                var isTaken = isBeingFilled(database, key);
                if (isTaken) left++;
                else woken++;
                return isTaken;
            };
        }
        for (var i = 0; i < waiting.Length; i++)
        {
            Assert.Equal(":1", _client.Call($"CACHE.LEASE k {token} FREE"));
            var reply = waiting[i].Read().Split(' ');
            Assert.Equal("MISS", reply[3]);
            token = reply[5];
            Assert.Equal((i + 1, waiting.Length - 1 - i), (woken, left));
            left = 0;
        }
        // A lease that runs out is passed on in time.
        waiting[0].Send("CACHE.GET k LEASE 10000 WAIT 60000");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r\n", StringComparison.Ordinal));
        _server.Advance(TimeSpan.FromSeconds(11));
        Assert.StartsWith("*5 $-1 $4 MISS $16 ", waiting[0].Read());
        foreach (var client in waiting) client.Dispose();
    }
}
