namespace MiniRedis.Server.Tests.Commands.Lists;

/// <summary>Waiting for lists: who is served when, by which commands, and what a wait in vain answers.</summary>
public sealed class ListCommandsBlockingTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly List<RawClient> _clients = [];
    readonly RawClient _client;

    public ListCommandsBlockingTests() => _client = Connect();

    RawClient Connect(int protocol = 2)
    {
        var client = _server.Connect(protocol);
        _clients.Add(client);
        return client;
    }

    public void Dispose()
    {
        foreach (var client in _clients) client.Dispose();
        _server.Dispose();
    }

    /// <summary>A client that waits with a command.</summary>
    RawClient Wait(string command, int protocol = 2)
    {
        var client = Connect(protocol);
        var before = Blocked();
        client.Send(command);
        Await.Until(() => Blocked() != before);
        return client;
    }

    int Blocked()
    {
        lock (_server.Server.Executor.ExecutorLock) return _server.Server.Clients.All.Count(c => c.IsHeld);
    }

    [Theory]
    [InlineData("BLPOP l 0", "*2 $1 l $1 a")]
    [InlineData("BRPOP l 0", "*2 $1 l $1 b")]
    [InlineData("BLPOP none l 0.1", "*2 $1 l $1 a")]
    [InlineData("BLMPOP 0 2 none l LEFT COUNT 10", "*2 $1 l *2 $1 a $1 b")]
    [InlineData("BLMOVE l m RIGHT LEFT 0", "$1 b")]
    [InlineData("BRPOPLPUSH l m 0", "$1 b")]
    public void Who_waits_gets_what_comes_and_who_need_not_does_not_wait(string command, string reply)
    {
        var waiter = Wait(command);
        Assert.Equal(":2", _client.Call("RPUSH l a b"));
        Assert.Equal(reply, waiter.Read());
        _client.Call("DEL l m");
        _client.Call("RPUSH l a b");
        Assert.Equal(reply, waiter.Call(command));
        Assert.Equal(0, Blocked());
    }

    [Theory]
    [InlineData("BLPOP l 0.05")]
    [InlineData("BLMPOP 0.05 1 l LEFT")]
    [InlineData("BLMOVE l m LEFT LEFT 0.05")]
    [InlineData("BRPOPLPUSH l m 0.05")]
    public void A_wait_in_vain_answers_the_null_array(string command)
    {
        var waiter = Wait(command);
        var newer = Wait(command, protocol: 3);
        _server.Advance(TimeSpan.FromMilliseconds(51));
        Assert.Equal("*-1", waiter.Read());
        Assert.Equal("_", newer.Read());
    }

    [Fact]
    public void A_timeout_too_small_for_a_double_is_a_millisecond()
    {
        var waiter = Wait("BLPOP l 1e-400");
        _server.Advance(TimeSpan.FromMilliseconds(2));
        Assert.Equal("*-1", waiter.Read());
    }

    [Fact]
    public void A_timeout_of_5_KB_is_no_number_and_one_byte_less_is()
    {
        var zeros = new string('0', 5 * 1024 - 2);
        Assert.Equal(":1", _client.Call("RPUSH few a"));
        Assert.Equal("-ERR timeout is not a float or out of range", _client.Call($"BLPOP few 1.{zeros}"));
        Assert.Equal("*2 $3 few $1 a", _client.Call($"BLPOP few 1.{zeros[1..]}"));
    }

    [Fact]
    public void Arguments_are_judged_before_anything_is_waited_for() => _client.Run(
        """
        BLPOP l x
        -> -ERR timeout is not a float or out of range
        BLPOP l -1
        -> -ERR timeout is negative
        BLPOP l inf
        -> -ERR timeout is out of range
        BLPOP l 1e400
        -> -ERR timeout is out of range
        BLPOP l -1e400
        -> -ERR timeout is negative
        BLPOP l 1e5000
        -> -ERR timeout is not a float or out of range
        BLPOP l 9223372036854775
        -> -ERR timeout is out of range
        RPUSH few a b
        -> :2
        BLPOP few 1e-400
        -> *2 $3 few $1 a
        BLPOP few -1e-400
        -> *2 $3 few $1 b
        BLMOVE l m UP LEFT x
        -> -ERR syntax error
        BLMPOP x 1 l LEFT
        -> -ERR timeout is not a float or out of range
        BLMPOP x 0 l LEFT
        -> -ERR numkeys should be greater than 0
        SET s v
        -> +OK
        BLPOP none s 0
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        BLMOVE s m LEFT LEFT 0
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Clients_are_served_in_the_order_in_which_they_came()
    {
        var first = Wait("BLPOP l 0");
        var second = Wait("BRPOP other l 0");
        var third = Wait("BLMPOP 0 1 l LEFT COUNT 5");
        _client.Call("RPUSH l a b c d e");
        Assert.Equal("*2 $1 l $1 a", first.Read());
        Assert.Equal("*2 $1 l $1 e", second.Read());
        Assert.Equal("*2 $1 l *3 $1 b $1 c $1 d", third.Read());
        Assert.Equal(["RPUSH l a b c d e", "LPOP l", "RPOP l", "LPOP l 3"], _server.Effects.Commands);
    }

    [Fact]
    public void What_is_pushed_can_be_passed_on_from_wait_to_wait()
    {
        var last = Wait("BLPOP c 0");
        var second = Wait("BLMOVE b c LEFT LEFT 0");
        var first = Wait("BLMOVE a b LEFT LEFT 0");
        _client.Call("RPUSH a x");
        Assert.Equal("$1 x", first.Read());
        Assert.Equal("$1 x", second.Read());
        Assert.Equal("*2 $1 c $1 x", last.Read());
        Assert.Equal(":0", _client.Call("EXISTS a b c"));
        Assert.Equal(["RPUSH a x", "LMOVE a b LEFT LEFT", "LMOVE b c LEFT LEFT", "LPOP c"], _server.Effects.Commands);
    }

    [Fact]
    public void A_list_that_feeds_itself_ends()
    {
        var first = Wait("BLMOVE a a LEFT RIGHT 0");
        var second = Wait("BLMOVE a a LEFT RIGHT 0");
        _client.Call("RPUSH a x");
        Assert.Equal("$1 x", first.Read());
        Assert.Equal("$1 x", second.Read());
        Assert.Equal("*1 $1 x", _client.Call("LRANGE a 0 -1"));
    }

    [Fact]
    public void A_destination_of_another_type_is_found_when_it_is_served()
    {
        _client.Call("SET s v");
        var waiter = Wait("BLMOVE l s LEFT LEFT 0");
        var next = Wait("BLPOP l 0");
        _client.Call("RPUSH l a");
        Assert.StartsWith("-WRONGTYPE", waiter.Read(), StringComparison.Ordinal);
        Assert.Equal("*2 $1 l $1 a", next.Read());
    }

    [Theory]
    [InlineData("RENAME other l")]
    [InlineData("COPY other l")]
    [InlineData("LMOVE other l LEFT LEFT")]
    [InlineData("RPOPLPUSH other l")]
    [InlineData("SWAPDB 0 1")]
    public void Whatever_makes_the_list_wakes_who_waits(string command)
    {
        _client.Call("RPUSH other x");
        _client.Call("SELECT 1");
        _client.Call("RPUSH l x");
        _client.Call("SELECT 0");
        var waiter = Wait("BLPOP l 0");
        _client.Call(command);
        Assert.Equal("*2 $1 l $1 x", waiter.Read());
    }

    [Fact]
    public void Another_type_wakes_nobody()
    {
        var waiter = Wait("BLPOP l 0");
        _client.Run(
            """
            SET l v
            -> +OK
            SET other v
            -> +OK
            RENAME other l
            -> +OK
            DEL l
            -> :1
            RPUSH l x
            -> :1
            """);
        Assert.Equal("*2 $1 l $1 x", waiter.Read());
    }

    [Fact]
    public void A_pipeline_goes_on_when_its_wait_is_over()
    {
        var client = Connect();
        client.SendRaw(RawClient.Encode("BLPOP", "l", "0") + RawClient.Encode("ECHO", "one") + RawClient.Encode("BLPOP", "l", "0")
            + RawClient.Encode("ECHO", "two"));
        Await.Until(() => Blocked() != 0);
        _client.Call("RPUSH l a b");
        Assert.Equal("*2 $1 l $1 a", client.Read());
        Assert.Equal("$3 one", client.Read());
        Assert.Equal("*2 $1 l $1 b", client.Read());
        Assert.Equal("$3 two", client.Read());
    }

    [Fact]
    public void A_wait_counts_as_one_call()
    {
        var waiter = Wait("BLPOP l 0");
        Assert.DoesNotContain("cmdstat_blpop", _client.Call("INFO commandstats"), StringComparison.Ordinal);
        _client.Call("RPUSH l a");
        waiter.Read();
        Assert.Contains("cmdstat_blpop:calls=1,", _client.Call("INFO commandstats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(3, false)]
    [InlineData(1, true)]
    public async Task Ten_thousand_elements_pass_through_workers_that_wait(int threads, bool portable)
    {
        const int Workers = 8, Elements = 10_000;
        using var server = new TestServer($"io-threads {threads}", portable, realTime: true);
        var workers = Enumerable.Range(0, Workers).Select(_ => Background.Run(() =>
        {
            using var client = server.Connect();
            while (client.Call("BLMOVE jobs done LEFT RIGHT 0") != "$3 end")
            {
            }
        })).ToArray();
        using (var client = server.Connect())
        {
            for (var i = 0; i < Elements; i++) client.SendRaw(RawClient.Encode("RPUSH", "jobs", i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
            for (var i = 0; i < Elements; i++) client.Read();
            for (var i = 0; i < Workers; i++) client.Call("RPUSH jobs end");
        }
        await Task.WhenAll(workers);
        using var reader = server.Connect();
        Assert.Equal($":{Elements + Workers}", reader.Call("LLEN done"));
    }
}
