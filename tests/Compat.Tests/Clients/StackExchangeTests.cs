using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>The newest StackExchange.Redis. Its connections ask HELLO, INFO, CONFIG, CLIENT and ECHO first.</summary>
public abstract class StackExchangeTests : IDisposable
{
    readonly ServerProcess _server = new();
    readonly RedisProtocol _protocol;
    readonly ConnectionMultiplexer _connection;

    protected StackExchangeTests(RedisProtocol protocol)
    {
        _protocol = protocol;
        var options = ConfigurationOptions.Parse(
            $"127.0.0.1:{_server.Port},allowAdmin=true,name=compat,syncTimeout=10000,connectTimeout=10000,abortConnect=true");
        options.Protocol = protocol;
        _connection = ConnectionMultiplexer.Connect(options);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _server.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Strings_keys_and_counters_work()
    {
        var db = _connection.GetDatabase();
        Assert.True(db.StringSet("k", "v"));
        Assert.Equal("v", (string?)db.StringGet("k"));
        Assert.True(db.StringGet("missing").IsNull);
        Assert.False(db.StringSet("k", "w", when: When.NotExists));
        Assert.Equal("v", (string?)db.StringGetSet("k", "x"));
        Assert.Equal(5, db.StringAppend("k", "tail"));
        Assert.Equal(5, db.StringLength("k"));
        Assert.Equal("ta", (string?)db.StringGetRange("k", 1, 2));
        Assert.Equal(1, db.StringIncrement("n"));
        Assert.Equal(42, db.StringIncrement("n", 41));
        Assert.Equal(41, db.StringDecrement("n"));
        Assert.Equal(41.5, db.StringIncrement("n", 0.5));
        Assert.True(db.StringSet([new("a", "1"), new("b", "2")]));
        Assert.Equal(["1", "2", null], db.StringGet(["a", "b", "c"]).Select(v => (string?)v));
        Assert.True(db.KeyExists("a"));
        Assert.Equal(RedisType.String, db.KeyType("a"));
        Assert.True(db.KeyRename("a", "z"));
        Assert.Equal(2, db.KeyDelete(["z", "b", "nope"]));
    }

    [Fact]
    public void Keys_expire()
    {
        var db = _connection.GetDatabase();
        db.StringSet("k", "v", TimeSpan.FromMinutes(5));
        Assert.InRange(db.KeyTimeToLive("k")!.Value, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        Assert.True(db.KeyPersist("k"));
        Assert.Null(db.KeyTimeToLive("k"));
        Assert.True(db.KeyExpire("k", DateTime.UtcNow.AddSeconds(-1)));
        Assert.False(db.KeyExists("k"));
    }

    [Fact]
    public async Task Pipelines_are_answered_in_order()
    {
        var db = _connection.GetDatabase();
        var increments = Enumerable.Range(0, 5000).Select(_ => db.StringIncrementAsync("n")).ToArray();
        Assert.Equal(Enumerable.Range(1, 5000).Select(n => (long)n), await Task.WhenAll(increments));
    }

    [Fact]
    public async Task Many_threads_share_a_connection()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Background.Run(() =>
        {
            var db = _connection.GetDatabase(number);
            for (var i = 0; i < 500; i++)
            {
                db.StringSet($"k{i}", $"{number}:{i}");
                Assert.Equal($"{number}:{i}", (string?)db.StringGet($"k{i}"));
            }
        })));
        var server = _connection.GetServer("127.0.0.1", _server.Port);
        for (var number = 0; number < 8; number++) Assert.Equal(500, server.DatabaseSize(number));
    }

    [Fact]
    public void Values_are_set_and_deleted_by_what_they_are()
    {
        var db = _connection.GetDatabase();
        Assert.True(db.StringSet("k", "old"));
        Assert.False(db.StringSet("k", "new", when: ValueCondition.Equal("else")));
        Assert.True(db.StringSet("k", "new", when: ValueCondition.Equal("old")));
        var digest = db.StringDigest("k")!.Value;
        Assert.Equal(ValueCondition.CalculateDigest("new"u8), digest);
        Assert.False(db.StringDelete("k", ValueCondition.NotEqual("new")));
        Assert.True(db.StringDelete("k", digest));
        Assert.False(db.KeyExists("k"));
        db.StringSet("k", "v");
        Assert.Equal("v", (string?)db.StringGetSetExpiry("k", TimeSpan.FromMinutes(1)));
        Assert.NotNull(db.KeyTimeToLive("k"));
        Assert.Equal("v", (string?)db.StringGetDelete("k"));
    }

    [Fact]
    public void Hashes_and_the_deadlines_of_their_fields_work()
    {
        var db = _connection.GetDatabase();
        db.HashSet("h", [new("a", 1), new("b", 2), new("c", "three")]);
        Assert.Equal(3, db.HashLength("h"));
        Assert.Equal(6, db.HashIncrement("h", "a", 5));
        Assert.Equal(["a=6", "b=2", "c=three"], db.HashGetAll("h").Select(e => $"{e.Name}={e.Value}").Order());
        Assert.Equal([ExpireResult.Success, ExpireResult.NoSuchField], db.HashFieldExpire("h", ["a", "x"], TimeSpan.FromMinutes(1)));
        Assert.InRange(db.HashFieldGetTimeToLive("h", ["a"])[0], 59_000, 60_000);
        Assert.Equal([PersistResult.Success, PersistResult.ConditionNotMet], db.HashFieldPersist("h", ["a", "b"]));
        Assert.Equal("three", (string?)db.HashFieldGetAndDelete("h", "c"));
        Assert.Equal(["a", "b"], db.HashScanNoValues("h").Select(f => (string?)f).Order());
    }

    [Fact]
    public void Sorted_sets_keep_their_scores_and_order()
    {
        var db = _connection.GetDatabase();
        Assert.Equal(3, db.SortedSetAdd("z", [new("a", 1.5), new("b", double.PositiveInfinity), new("c", -2)]));
        Assert.Equal(4, db.SortedSetIncrement("z", "a", 2.5));
        Assert.Equal(["c -2", "a 4", "b ∞"],
            db.SortedSetRangeByRankWithScores("z").Select(e => FormattableString.Invariant($"{e.Element} {e.Score}").Replace("Infinity", "∞", StringComparison.Ordinal)));
        Assert.Equal(1, db.SortedSetRank("z", "a"));
        Assert.Equal([4, null], db.SortedSetScores("z", ["a", "x"]));
        Assert.Equal("c", (string?)db.SortedSetPop("z")!.Value.Element);
        Assert.Equal(1, db.SortedSetRangeAndStore("z", "y", 0, 0));
    }

    [Fact]
    public void Streams_hand_their_entries_to_groups()
    {
        var db = _connection.GetDatabase();
        Assert.True(db.StreamCreateConsumerGroup("s", "g", "$"));
        var first = db.StreamAdd("s", "n", 1);
        db.StreamAdd("s", [new("n", 2), new("m", "x")]);
        var entries = db.StreamReadGroup("s", "g", "one", ">");
        Assert.Equal(["n=1", "n=2 m=x"], entries.Select(e => string.Join(' ', e.Values.Select(v => $"{v.Name}={v.Value}"))));
        Assert.Equal(1, db.StreamAcknowledge("s", "g", first));
        Assert.Equal(1, db.StreamPending("s", "g").PendingMessageCount);
        Assert.Equal(entries[1].Id, db.StreamClaim("s", "g", "two", 0, [entries[1].Id])[0].Id);
        Assert.Equal(2, db.StreamInfo("s").Length);
        Assert.Equal(0, db.StreamGroupInfo("s")[0].Lag);
        Assert.Equal(["one", "two"], db.StreamConsumerInfo("s", "g").Select(c => c.Name).Order());
    }

    [Fact]
    public async Task Transactions_hold_by_their_conditions()
    {
        var db = _connection.GetDatabase();
        var made = db.CreateTransaction();
        made.AddCondition(Condition.KeyNotExists("k"));
        var value = made.StringIncrementAsync("k", 41);
        var pushed = made.ListRightPushAsync("l", ["x", "y"]);
        Assert.True(await made.ExecuteAsync());
        Assert.Equal((41, 2), (await value, await pushed));
        var refused = db.CreateTransaction();
        refused.AddCondition(Condition.StringEqual("k", "40"));
        var never = refused.StringIncrementAsync("k");
        Assert.False(await refused.ExecuteAsync());
        await Assert.ThrowsAsync<TaskCanceledException>(() => never);
        Assert.Equal(41, (int)await db.StringGetAsync("k"));
    }

    static RedisChannel News => RedisChannel.Literal("news");

    [Fact]
    public async Task Messages_and_key_events_reach_their_subscribers_in_order()
    {
        _connection.GetServer("127.0.0.1", _server.Port).ConfigSet("notify-keyspace-events", "E$");
        var subscriber = _connection.GetSubscriber();
        // Queues keep the order; handlers may run side by side.
        var messages = await subscriber.SubscribeAsync(News);
        var matching = await subscriber.SubscribeAsync(RedisChannel.Pattern("n?ws*"));
        var events = await subscriber.SubscribeAsync(RedisChannel.Literal("__keyevent@0__:set"));
        Assert.True(await subscriber.PingAsync() >= TimeSpan.Zero);
        for (var i = 0; i < 100; i++) Assert.Equal(2, await subscriber.PublishAsync(News, i));
        Assert.Equal(1, await subscriber.PublishAsync(RedisChannel.Literal("nXws.local"), "x"));
        var all = Enumerable.Range(0, 100).Select(i => $"news {i}");
        Assert.Equal(all, await Take(messages, 100));
        Assert.Equal([.. all, "nXws.local x"], await Take(matching, 101));
        _connection.GetDatabase().StringSet("k", "v");
        Assert.Equal(["__keyevent@0__:set k"], await Take(events, 1));

        await subscriber.UnsubscribeAsync(News);
        Assert.Equal(1, await subscriber.PublishAsync(News, "for the pattern only"));
        await subscriber.UnsubscribeAllAsync();
        Assert.Equal(0, await subscriber.PublishAsync(News, "for nobody"));
    }

    /// <summary>Waits for so many messages.</summary>
    static async Task<List<string>> Take(ChannelMessageQueue queue, int count)
    {
        var taken = new List<string>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        while (taken.Count < count)
        {
            var message = await queue.ReadAsync(patience.Token);
            taken.Add($"{message.Channel} {message.Message}");
        }
        return taken;
    }

    [Fact]
    public void The_server_is_known_for_what_it_says_it_is()
    {
        var server = _connection.GetServer("127.0.0.1", _server.Port);
        Assert.True(server.Version >= new Version(7, 4));
        Assert.False(server.IsReplica);
        Assert.Equal(ServerType.Standalone, server.ServerType);
        Assert.Equal(_protocol, server.Protocol);
        Assert.Contains(server.ClientList(), c => c.Name == "compat");
        _connection.GetDatabase().StringSet("walk:1", "x");
        Assert.Equal(["walk:1"], server.Keys(pattern: "walk:*").Select(k => (string?)k));
        server.FlushDatabase();
        Assert.Equal(0, server.DatabaseSize());
    }
}

public sealed class StackExchangeResp2Tests() : StackExchangeTests(RedisProtocol.Resp2);

/// <summary>RESP3 is what the library asks for by itself. Replies and messages share one connection then.</summary>
public sealed class StackExchangeResp3Tests() : StackExchangeTests(RedisProtocol.Resp3);
