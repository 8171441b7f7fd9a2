namespace MiniRedis.Server.Tests.Commands.Streams;

public sealed class StreamCommandsGroupsTests : IDisposable
{
    readonly TestServer _server = new();
    readonly RawClient _client;

    public StreamCommandsGroupsTests()
    {
        _client = _server.Connect();
        for (var i = 1; i <= 4; i++) _client.Call($"XADD s {i}-0 f {i}");
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Groups_come_and_go() => _client.Run("""
        XGROUP CREATE s g $
        -> +OK
        XGROUP CREATE s g 0
        -> -BUSYGROUP Consumer Group name already exists
        XGROUP CREATE s h 2 ENTRIESREAD 2
        -> +OK
        XGROUP CREATE s i - ENTRIESREAD 2
        -> -ERR Invalid stream ID specified as stream command argument
        XGROUP CREATE s i 0 ENTRIESREAD -2
        -> -ERR value for ENTRIESREAD must be positive or -1
        XGROUP CREATE s i 0 ENTRIESREAD
        -> -ERR unknown subcommand or wrong number of arguments for 'CREATE'. Try XGROUP HELP.
        XGROUP CREATE missing g $
        -> -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        XGROUP CREATE t g $ MKSTREAM
        -> +OK
        XLEN t
        -> :0
        XINFO GROUPS s
        -> *2 *12 $4 name $1 g $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 4-0 $12 entries-read $-1 $3 lag :0 *12 $4 name $1 h $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 2-0 $12 entries-read :2 $3 lag :2
        XGROUP SETID s g 1-0
        -> +OK
        XGROUP SETID s g + ENTRIESREAD 3
        -> +OK
        XGROUP SETID s nogroup $
        -> -NOGROUP No such consumer group 'nogroup' for key name 's'
        XGROUP SETID missing g $
        -> -ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically.
        XGROUP DESTROY s g
        -> :1
        XGROUP DESTROY s g
        -> :0
        XGROUP CREATECONSUMER s h c
        -> :1
        XGROUP CREATECONSUMER s h c
        -> :0
        XGROUP CREATECONSUMER s g c
        -> -NOGROUP No such consumer group 'g' for key name 's'
        XGROUP DELCONSUMER s h c
        -> :0
        XGROUP DELCONSUMER s h none
        -> :0
        XINFO CONSUMERS s h
        -> *0
        XINFO CONSUMERS s g
        -> -NOGROUP No such consumer group 'g' for key name 's'
        XINFO STREAM missing
        -> -ERR no such key
        XINFO STREAM s FULL COUNT
        -> -ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP.
        SET k v
        -> +OK
        XGROUP CREATE k g $
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        XINFO GROUPS k
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void A_group_delivers_each_entry_once_and_remembers_it()
    {
        _client.Run("""
            XGROUP CREATE s g 0
            -> +OK
            XREADGROUP GROUP g a COUNT 2 STREAMS s >
            -> *1 *2 $1 s *2 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2
            XREADGROUP GROUP g b COUNT 1 STREAMS s >
            -> *1 *2 $1 s *1 *2 $3 3-0 *2 $1 f $1 3
            XREADGROUP GROUP g b NOACK STREAMS s >
            -> *1 *2 $1 s *1 *2 $3 4-0 *2 $1 f $1 4
            XREADGROUP GROUP g b STREAMS s >
            -> *-1
            XREADGROUP GROUP g a STREAMS s 0
            -> *1 *2 $1 s *2 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2
            XREADGROUP GROUP g a COUNT 1 STREAMS s 1-0
            -> *1 *2 $1 s *1 *2 $3 2-0 *2 $1 f $1 2
            XREADGROUP GROUP g c STREAMS s 0
            -> *1 *2 $1 s *0
            XDEL s 1-0
            -> :1
            XREADGROUP GROUP g a STREAMS s 0
            -> *1 *2 $1 s *2 *2 $3 1-0 *-1 *2 $3 2-0 *2 $1 f $1 2
            XPENDING s g
            -> *4 :3 $3 1-0 $3 3-0 *2 *2 $1 a $1 2 *2 $1 b $1 1
            """);
        _server.Advance(TimeSpan.FromMilliseconds(50));
        _client.Run("""
            XPENDING s g - + 10
            -> *3 *4 $3 1-0 $1 a :50 :2 *4 $3 2-0 $1 a :50 :4 *4 $3 3-0 $1 b :50 :1
            XPENDING s g IDLE 51 - + 10
            -> *0
            XPENDING s g IDLE 50 - + 1 b
            -> *1 *4 $3 3-0 $1 b :50 :1
            XPENDING s g (1-0 (3-0 10
            -> *1 *4 $3 2-0 $1 a :50 :4
            XPENDING s g - + 0
            -> *0
            XPENDING s g - + 10 none
            -> *0
            XPENDING s g - +
            -> -ERR syntax error
            XPENDING s none
            -> -NOGROUP No such key 's' or consumer group 'none'
            XINFO CONSUMERS s g
            -> *3 *8 $4 name $1 a $7 pending :2 $4 idle :50 $8 inactive :50 *8 $4 name $1 b $7 pending :1 $4 idle :50 $8 inactive :50 *8 $4 name $1 c $7 pending :0 $4 idle :50 $8 inactive :-1
            XINFO GROUPS s
            -> *1 *12 $4 name $1 g $9 consumers :3 $7 pending :3 $17 last-delivered-id $3 4-0 $12 entries-read :4 $3 lag :0
            XACK s g 1-0 2-0 9-9
            -> :2
            XACK s none x
            -> :0
            XACK s g x
            -> -ERR Invalid stream ID specified as stream command argument
            XGROUP DELCONSUMER s g b
            -> :1
            XPENDING s g
            -> *4 :0 $-1 $-1 *-1
            """);
    }

    [Fact]
    public void Reading_without_a_group_answers_what_lies_behind() => _client.Run("""
        XREAD STREAMS s 2
        -> *1 *2 $1 s *2 *2 $3 3-0 *2 $1 f $1 3 *2 $3 4-0 *2 $1 f $1 4
        XREAD COUNT 1 STREAMS s t 0-0 0
        -> *1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 1
        XREAD STREAMS s +
        -> *1 *2 $1 s *1 *2 $3 4-0 *2 $1 f $1 4
        XREAD STREAMS s $
        -> *-1
        XREAD STREAMS t +
        -> *-1
        XREAD STREAMS s >
        -> -ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.
        XREAD STREAMS s
        -> -ERR wrong number of arguments for 'xread' command
        XREAD STREAMS s 0 t
        -> -ERR Unbalanced 'xread' list of streams: for each stream key an ID or '$' must be specified.
        XREAD COUNT 5 COUNT 5
        -> -ERR syntax error
        XREAD GROUP g c STREAMS s 0
        -> -ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.
        XREAD NOACK STREAMS s 0
        -> -ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.
        XREAD BLOCK x STREAMS s 0
        -> -ERR timeout is not an integer or out of range
        XREAD BLOCK -1 STREAMS s 0
        -> -ERR timeout is negative
        XREADGROUP COUNT 5 NOACK STREAMS s 0 0
        -> -ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.
        XREADGROUP COUNT 5 NOACK NOACK STREAMS s 0
        -> -ERR Missing GROUP option for XREADGROUP
        XREADGROUP GROUP g c STREAMS s >
        -> -NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option
        XGROUP CREATE s g 0
        -> +OK
        XREADGROUP GROUP g c STREAMS s $
        -> -ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.
        """);

    [Fact]
    public void Readers_of_resp3_get_a_map()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            XREAD STREAMS s 3
            -> %1 $1 s *1 *2 $3 4-0 *2 $1 f $1 4
            XREAD STREAMS s 4
            -> _
            XGROUP CREATE s g 3
            -> +OK
            XREADGROUP GROUP g c STREAMS s >
            -> %1 $1 s *1 *2 $3 4-0 *2 $1 f $1 4
            XINFO GROUPS s
            -> *1 %6 $4 name $1 g $9 consumers :1 $7 pending :1 $17 last-delivered-id $3 4-0 $12 entries-read :4 $3 lag :0
            """);
    }

    [Fact]
    public void Claims_take_over_what_is_pending_for_others()
    {
        _client.Run("""
            XGROUP CREATE s g 0
            -> +OK
            XREADGROUP GROUP g a COUNT 3 STREAMS s >
            -> *1 *2 $1 s *3 *2 $3 1-0 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2 *2 $3 3-0 *2 $1 f $1 3
            XDEL s 2-0
            -> :1
            """);
        _server.Advance(TimeSpan.FromMilliseconds(100));
        _client.Run("""
            XCLAIM s g b 101 1-0
            -> *0
            XCLAIM s g b 100 1-0 2-0 4-0
            -> *1 *2 $3 1-0 *2 $1 f $1 1
            XCLAIM s g b 0 4-0 FORCE JUSTID RETRYCOUNT 7 IDLE 30
            -> *1 $3 4-0
            XPENDING s g - + 10
            -> *3 *4 $3 1-0 $1 b :0 :2 *4 $3 3-0 $1 a :100 :1 *4 $3 4-0 $1 b :30 :7
            XCLAIM s g b x 1-0
            -> -ERR Invalid min-idle-time argument for XCLAIM
            XCLAIM s g b 0 1-0 IDLE x
            -> -ERR Invalid IDLE option argument for XCLAIM
            XCLAIM s g b 0 1-0 TIME x
            -> -ERR Invalid TIME option argument for XCLAIM
            XCLAIM s g b 0 1-0 RETRYCOUNT x
            -> -ERR Invalid RETRYCOUNT option argument for XCLAIM
            XCLAIM s g b 0 1-0 NONSENSE
            -> -ERR Unrecognized XCLAIM option 'NONSENSE'
            XCLAIM s none b 0 1-0
            -> -NOGROUP No such key 's' or consumer group 'none'
            XAUTOCLAIM s g c 50 - COUNT 1
            -> *3 $3 4-0 *1 *2 $3 3-0 *2 $1 f $1 3 *0
            XDEL s 1-0
            -> :1
            XAUTOCLAIM s g c 0 - JUSTID
            -> *3 $3 0-0 *2 $3 3-0 $3 4-0 *1 $3 1-0
            XPENDING s g - + 10
            -> *2 *4 $3 3-0 $1 c :0 :2 *4 $3 4-0 $1 c :0 :7
            XAUTOCLAIM s g c 0 (3-0 COUNT 1
            -> *3 $3 0-0 *1 *2 $3 4-0 *2 $1 f $1 4 *0
            XAUTOCLAIM s g c 0 - COUNT 0
            -> -ERR COUNT must be > 0
            XAUTOCLAIM s g c 0 - LIMIT 0
            -> -ERR syntax error
            XAUTOCLAIM s g c x -
            -> -ERR Invalid min-idle-time argument for XAUTOCLAIM
            """);
    }

    [Fact]
    public void Lag_is_known_until_deletions_blur_it() => _client.Run("""
        XGROUP CREATE s g 0
        -> +OK
        XREADGROUP GROUP g a COUNT 1 STREAMS s >
        -> *1 *2 $1 s *1 *2 $3 1-0 *2 $1 f $1 1
        XINFO GROUPS s
        -> *1 *12 $4 name $1 g $9 consumers :1 $7 pending :1 $17 last-delivered-id $3 1-0 $12 entries-read :1 $3 lag :3
        XDEL s 3-0
        -> :1
        XINFO GROUPS s
        -> *1 *12 $4 name $1 g $9 consumers :1 $7 pending :1 $17 last-delivered-id $3 1-0 $12 entries-read :1 $3 lag $-1
        XREADGROUP GROUP g a COUNT 1 STREAMS s >
        -> *1 *2 $1 s *1 *2 $3 2-0 *2 $1 f $1 2
        XINFO GROUPS s
        -> *1 *12 $4 name $1 g $9 consumers :1 $7 pending :2 $17 last-delivered-id $3 2-0 $12 entries-read $-1 $3 lag $-1
        XREADGROUP GROUP g a STREAMS s >
        -> *1 *2 $1 s *1 *2 $3 4-0 *2 $1 f $1 4
        XINFO GROUPS s
        -> *1 *12 $4 name $1 g $9 consumers :1 $7 pending :3 $17 last-delivered-id $3 4-0 $12 entries-read :4 $3 lag :0
        """);

    [Fact]
    public void The_full_description_shows_everything()
    {
        var now = _server.Server.Clock.Now;
        _client.Run($"""
            XGROUP CREATE s g 2
            -> +OK
            XREADGROUP GROUP g a STREAMS s >
            -> *1 *2 $1 s *2 *2 $3 3-0 *2 $1 f $1 3 *2 $3 4-0 *2 $1 f $1 4
            XINFO STREAM s FULL COUNT 1
            -> *18 $6 length :4 $15 radix-tree-keys :1 $16 radix-tree-nodes :2 $17 last-generated-id $3 4-0 $20 max-deleted-entry-id $3 0-0 $13 entries-added :4 $23 recorded-first-entry-id $3 1-0 $7 entries *1 *2 $3 1-0 *2 $1 f $1 1 $6 groups *1 *14 $4 name $1 g $17 last-delivered-id $3 4-0 $12 entries-read :4 $3 lag :0 $9 pel-count :2 $7 pending *1 *4 $3 3-0 $1 a :{now} :1 $9 consumers *1 *10 $4 name $1 a $9 seen-time :{now} $11 active-time :{now} $9 pel-count :2 $7 pending *1 *3 $3 3-0 :{now} :1
            """);
    }

    [Fact]
    public void What_groups_do_is_propagated_as_claims()
    {
        var now = _server.Server.Clock.Now;
        _client.Call("XGROUP CREATE s g 0");
        _server.Effects.Commands.Clear();
        _server.Effects.Events.Clear();
        _client.Call("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
        _client.Call("XREADGROUP GROUP g b COUNT 1 NOACK STREAMS s >");
        _client.Call("XREADGROUP GROUP g b STREAMS s 0");
        _client.Call("XAUTOCLAIM s g b 0 -");
        _client.Call("XCLAIM s g b 0 9-9 LASTID 3-0");
        _client.Call("XACK s g 1-0");
        _client.Call("XGROUP DESTROY s g");
        Assert.Equal(
            [
                $"XCLAIM s g a 0 1-0 TIME {now} RETRYCOUNT 1 FORCE JUSTID LASTID 1-0",
                "XGROUP SETID s g 1-0 ENTRIESREAD 1",
                "XGROUP CREATECONSUMER s g b",
                "XGROUP SETID s g 2-0 ENTRIESREAD 2",
                $"XCLAIM s g b 0 1-0 TIME {now} RETRYCOUNT 2 FORCE JUSTID LASTID 2-0",
                "XGROUP SETID s g 3-0 ENTRIESREAD 2",
                "XACK s g 1-0",
                "XGROUP DESTROY s g",
            ],
            _server.Effects.Commands);
        Assert.Equal(["xgroup-createconsumer@0 s", "xgroup-createconsumer@0 s", "xgroup-destroy@0 s"], _server.Effects.Events);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_is_pending_for_a_consumer_that_is_deleted_is_freed_little_by_little(int consumers)
    {
        for (var i = 1; i <= 900; i++) _client.Call($"XADD s {i}-0 f v");
        _client.Call("XGROUP CREATE s g 0");
        var before = UsedBytes();
        for (var i = 0; i < 900; i++) _client.Call($"XREADGROUP GROUP g consumer{i % consumers} COUNT 1 STREAMS s >");
        for (var consumer = 0; consumer < consumers; consumer++)
        {
            // In one, so that the cron does not come between.
            _client.Call("MULTI");
            _client.Call($"XGROUP DELCONSUMER s g consumer{consumer}");
            _client.Call("INFO memory");
            var replies = _client.Call("EXEC");
            Assert.StartsWith($"*2 :{900 / consumers} ", replies, StringComparison.Ordinal);
            Assert.Contains("lazyfree_pending_objects:1\r", replies, StringComparison.Ordinal);
            var left = 900 - (consumer + 1) * 900 / consumers;
            Assert.StartsWith($"*4 :{left} ", _client.Call("XPENDING s g"), StringComparison.Ordinal);
            _server.Tick();
            Assert.Contains("lazyfree_pending_objects:0\r", _client.Call("INFO memory"), StringComparison.Ordinal);
        }
        Assert.Equal("*0", _client.Call("XINFO CONSUMERS s g"));
        Assert.Equal(before, UsedBytes());
    }

    /// <summary>It changes when and how often they were delivered, which is not worth a save: so since Redis 7.2.</summary>
    [Fact]
    public void To_read_pending_entries_again_is_no_change()
    {
        _client.Call("XADD s 1-0 f v");
        _client.Call("XGROUP CREATE s g 0");
        _client.Call("XREADGROUP GROUP g c STREAMS s >");
        var dirty = _server.Server.Effects.Dirty;
        _client.Call("XREADGROUP GROUP g c STREAMS s 0");
        _client.Call("XREADGROUP GROUP g c STREAMS s 9000");
        Assert.Equal(dirty, _server.Server.Effects.Dirty);
        _client.Call("XREADGROUP GROUP g other STREAMS s 0");
        Assert.Equal(dirty + 1, _server.Server.Effects.Dirty);
    }

    long UsedBytes()
    {
        lock (_server.Server.Executor.ExecutorLock) return _server.Server.Keyspace.Arena.UsedBytes;
    }

    [Fact]
    public void Waiting_readers_are_woken_by_entries_and_by_the_end_of_their_group()
    {
        using var plain = _server.Connect();
        using var inGroup = _server.Connect();
        using var orphan = _server.Connect();
        _client.Call("XGROUP CREATE s g $");
        _client.Call("XGROUP CREATE t g $ MKSTREAM");
        plain.Send("XREAD BLOCK 0 STREAMS none s $ $");
        inGroup.Send("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
        orphan.Send("XREADGROUP GROUP g a BLOCK 0 STREAMS t >");
        WaitForBlocked(3);
        _client.Call("XADD s 5-0 f 5");
        Assert.Equal("*1 *2 $1 s *1 *2 $3 5-0 *2 $1 f $1 5", plain.Read());
        Assert.Equal("*1 *2 $1 s *1 *2 $3 5-0 *2 $1 f $1 5", inGroup.Read());
        _client.Call("XGROUP DESTROY t g");
        Assert.Equal("-NOGROUP No such key 't' or consumer group 'g' in XREADGROUP with GROUP option", orphan.Read());

        inGroup.Send("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
        WaitForBlocked(1);
        _client.Call("SET s v");
        Assert.Equal("-WRONGTYPE Operation against a key holding the wrong kind of value", inGroup.Read());
        _client.Call("XGROUP CREATE u g $ MKSTREAM");
        inGroup.Send("XREADGROUP GROUP g a BLOCK 0 STREAMS u >");
        plain.Send("XREAD BLOCK 20 STREAMS u $");
        WaitForBlocked(2);
        _client.Call("DEL u");
        Assert.Equal("-NOGROUP No such key 'u' or consumer group 'g' in XREADGROUP with GROUP option", inGroup.Read());
        _server.Advance(TimeSpan.FromMilliseconds(25));
        Assert.Equal("*-1", plain.Read());
    }

    [Fact]
    public void A_key_is_waited_for_once_however_often_readers_are_served()
    {
        using var first = _server.Connect();
        using var second = _server.Connect();
        _client.Call("XGROUP CREATE s g $");
        for (var i = 10; i < 15; i++)
        {
            first.Send("XREADGROUP GROUP g a BLOCK 0 STREAMS s >");
            WaitForBlocked(1);
            second.Send("XREADGROUP GROUP g b BLOCK 0 STREAMS s >");
            WaitForBlocked(2);
            // The first is served; the second finds nothing and waits again.
            _client.Call($"XADD s {i}-0 f v");
            Assert.Equal($"*1 *2 $1 s *1 *2 $4 {i}-0 *2 $1 f $1 v", first.Read());
            WaitForBlocked(1);
            Assert.Contains("total_blocking_keys:1\r", _client.Call("INFO clients"), StringComparison.Ordinal);
            _client.Call($"XADD s {i}-1 f v");
            Assert.Equal($"*1 *2 $1 s *1 *2 $4 {i}-1 *2 $1 f $1 v", second.Read());
            Assert.Contains("total_blocking_keys:0\r", _client.Call("INFO clients"), StringComparison.Ordinal);
        }
    }

    void WaitForBlocked(int clients)
    {
        Await.Until(() => _client.Call("INFO clients").Contains($"blocked_clients:{clients}\r", StringComparison.Ordinal));
    }
}
