namespace MiniRedis.Server.Tests.Blocking;

/// <summary>Every command that can make a key, or take a stream away from who waits for its group, wakes those who wait for it.</summary>
public sealed class WakeUpTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client, _waiter;

    public WakeUpTests() => (_client, _waiter) = (_server.Connect(), _server.Connect());

    public void Dispose()
    {
        _client.Dispose();
        _waiter.Dispose();
        _server.Dispose();
    }

    /// <summary>Runs commands, between which stands a bar. "{dump key}" is the payload of a key.</summary>
    void Run(string commands)
    {
        foreach (var command in commands.Split('|', StringSplitOptions.TrimEntries))
        {
            var at = command.IndexOf("{dump ", StringComparison.Ordinal);
            if (at < 0)
            {
                Assert.False(_client.Call(command).StartsWith('-'), command);
                continue;
            }
            var end = command.IndexOf('}', at);
            var payload = (string)_client.CallTree($"DUMP {command[(at + 6)..end]}")!;
            string[] words = [.. command[..at].TrimEnd().Split(' '), payload, .. command[(end + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)];
            Assert.Equal("+OK", _client.CallWords(words));
        }
    }

    void Wait(string command)
    {
        _waiter.Send(command);
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("LPUSH l x")]
    [InlineData("RPUSH l x")]
    [InlineData("LMOVE other l LEFT RIGHT")]
    [InlineData("RPOPLPUSH other l")]
    [InlineData("BLMOVE other l LEFT LEFT 0")]
    [InlineData("BRPOPLPUSH other l 0")]
    [InlineData("SORT other ALPHA STORE l")]
    [InlineData("SORT set ALPHA STORE l")]
    [InlineData("RENAME other l")]
    [InlineData("RENAMENX other l")]
    [InlineData("COPY other l")]
    [InlineData("RESTORE l 0 {dump other}")]
    [InlineData("SWAPDB 0 1")]
    [InlineData("SWAPDB 1 0")]
    [InlineData("SELECT 1|MOVE l 0")]
    [InlineData("SELECT 1|COPY l l DB 0")]
    [InlineData("SET l v|RENAME other l")]
    [InlineData("SET l v|COPY other l REPLACE")]
    [InlineData("SET l v|RESTORE l 0 {dump other} REPLACE")]
    [InlineData("SET l v|SORT other ALPHA STORE l")]
    [InlineData("MULTI|DEL l|RPUSH l y x|LPOP l|EXEC")]
    public void A_list_is_popped_from_whatever_made_it(string commands)
    {
        Run("RPUSH other x|SADD set x|SELECT 1|RPUSH l x|SELECT 0");
        Wait("BLPOP none l 0");
        Run(commands);
        Assert.Equal("*2 $1 l $1 x", _waiter.Read());
    }

    [Theory]
    [InlineData("ZADD z 1 x")]
    [InlineData("ZADD z INCR 1 x")]
    [InlineData("ZINCRBY z 1 x")]
    [InlineData("ZUNIONSTORE z 1 other")]
    [InlineData("ZINTERSTORE z 1 other")]
    [InlineData("ZDIFFSTORE z 1 other")]
    [InlineData("ZRANGESTORE z other 0 -1")]
    [InlineData("GEOADD z 0 0 x")]
    [InlineData("GEOSEARCHSTORE z other FROMMEMBER x BYRADIUS 1 km")]
    [InlineData("GEORADIUS other 0 0 20000 km STORE z")]
    [InlineData("GEORADIUSBYMEMBER other x 1 km STOREDIST z")]
    [InlineData("RENAME other z")]
    [InlineData("RENAMENX other z")]
    [InlineData("COPY other z")]
    [InlineData("RESTORE z 0 {dump other}")]
    [InlineData("SWAPDB 0 1")]
    [InlineData("SELECT 1|MOVE z 0")]
    [InlineData("SET z v|RENAME other z")]
    [InlineData("SET z v|ZUNIONSTORE z 1 other")]
    public void A_sorted_set_is_popped_from_whatever_made_it(string commands)
    {
        Run("GEOADD other 10 10 x|SELECT 1|GEOADD z 10 10 x|SELECT 0");
        Wait("BZPOPMIN none z 0");
        Run(commands);
        Assert.StartsWith("*3 $1 z $1 x $", _waiter.Read(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("XADD s 1-0 f v")]
    [InlineData("RENAME other s")]
    [InlineData("RENAMENX other s")]
    [InlineData("COPY other s")]
    [InlineData("RESTORE s 0 {dump other}")]
    [InlineData("SWAPDB 0 1")]
    [InlineData("SELECT 1|MOVE s 0")]
    [InlineData("SET s v|RENAME other s")]
    public void A_stream_is_read_from_whatever_made_it(string commands)
    {
        Run("XADD other 1-0 f v|SELECT 1|XADD s 1-0 f v|SELECT 0");
        Wait("XREAD BLOCK 0 STREAMS none s 0 0");
        Run(commands);
        Assert.Equal("*1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 v", _waiter.Read());
    }

    const string NoGroup = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option";
    const string WrongType = "-WRONGTYPE Operation against a key holding the wrong kind of value";

    [Theory]
    [InlineData("XGROUP DESTROY s g", NoGroup)]
    [InlineData("DEL s", NoGroup)]
    [InlineData("UNLINK s", NoGroup)]
    [InlineData("FLUSHDB", NoGroup)]
    [InlineData("FLUSHALL ASYNC", NoGroup)]
    [InlineData("SWAPDB 0 1", NoGroup)]
    [InlineData("MOVE s 1", NoGroup)]
    [InlineData("RENAME s t", NoGroup)]
    [InlineData("EXPIRE s 0", NoGroup)]
    [InlineData("PEXPIREAT s 1", NoGroup)]
    [InlineData("SUNIONSTORE s none", NoGroup)]
    [InlineData("SORT none STORE s", NoGroup)]
    [InlineData("RENAME bare s", NoGroup)]
    [InlineData("COPY bare s REPLACE", NoGroup)]
    [InlineData("RESTORE s 0 {dump bare} REPLACE", NoGroup)]
    [InlineData("MULTI|DEL s|XADD s 9-0 f v|EXEC", NoGroup)]
    [InlineData("SET s v", WrongType)]
    [InlineData("MSET s v", WrongType)]
    [InlineData("RENAME text s", WrongType)]
    [InlineData("COPY text s REPLACE", WrongType)]
    [InlineData("RESTORE s 0 {dump text} REPLACE", WrongType)]
    [InlineData("SORT list STORE s", WrongType)]
    [InlineData("ZUNIONSTORE s 1 zset", WrongType)]
    [InlineData("BITOP NOT s text", WrongType)]
    public void A_reader_in_a_group_learns_that_its_group_is_gone(string commands, string reply)
    {
        Run("XADD bare 1-0 f v|SET text v|RPUSH list 1|ZADD zset 1 x|XGROUP CREATE s g $ MKSTREAM");
        Wait("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        Run(commands);
        Assert.Equal(reply, _waiter.Read());
    }

    [Fact]
    public void A_reader_in_a_group_learns_that_the_time_of_its_stream_is_over()
    {
        Run("XGROUP CREATE s g $ MKSTREAM|PEXPIRE s 100");
        Wait("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        _server.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal(NoGroup, _waiter.Read());
    }

    [Fact]
    public void A_reader_in_a_group_learns_that_its_stream_was_evicted()
    {
        Run("XGROUP CREATE s g $ MKSTREAM");
        Wait("XREADGROUP GROUP g c BLOCK 0 STREAMS s >");
        Run("CONFIG SET maxmemory-policy allkeys-random|CONFIG SET maxmemory 1");
        _server.Tick();
        Assert.Equal(NoGroup, _waiter.Read());
    }
}
