using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>StackExchange.Redis 1.2.6, whose connections speak RESP2 and ask INFO, CONFIG, CLIENT and ECHO first.</summary>
public sealed class StackExchangeTests : IDisposable
{
    readonly ServerProcess _server = new();
    readonly ConnectionMultiplexer _connection;

    public StackExchangeTests() => _connection = ConnectionMultiplexer.Connect(
        $"127.0.0.1:{_server.Port},allowAdmin=true,name=compat,syncTimeout=10000,connectTimeout=10000,abortConnect=true");

    public void Dispose()
    {
        _connection.Dispose();
        _server.Dispose();
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
    public async Task Messages_and_key_events_reach_their_subscribers_in_order()
    {
        _connection.GetServer("127.0.0.1", _server.Port).ConfigSet("notify-keyspace-events", "E$");
        var subscriber = _connection.GetSubscriber();
        var messages = new Inbox();
        var matching = new Inbox();
        var events = new Inbox();
        await subscriber.SubscribeAsync("news", messages.Add);
        await subscriber.SubscribeAsync("n?ws*", matching.Add);
        await subscriber.SubscribeAsync("__keyevent@0__:set", events.Add);
        Assert.True(await subscriber.PingAsync() >= TimeSpan.Zero);
        for (var i = 0; i < 100; i++) Assert.Equal(2, await subscriber.PublishAsync("news", i));
        Assert.Equal(1, await subscriber.PublishAsync("nXws.local", "x"));
        var all = Enumerable.Range(0, 100).Select(i => $"news {i}");
        Assert.Equal(all, await messages.Take(100));
        Assert.Equal([.. all, "nXws.local x"], await matching.Take(101));
        _connection.GetDatabase().StringSet("k", "v");
        Assert.Equal(["__keyevent@0__:set k"], await events.Take(1));

        await subscriber.UnsubscribeAsync("news");
        Assert.Equal(1, await subscriber.PublishAsync("news", "for the pattern only"));
        await subscriber.UnsubscribeAllAsync();
        Assert.Equal(0, await subscriber.PublishAsync("news", "for nobody"));
    }

    /// <summary>What the library's threads hand over.</summary>
    sealed class Inbox
    {
        readonly System.Threading.Channels.Channel<string> _received = System.Threading.Channels.Channel.CreateUnbounded<string>();

        public void Add(RedisChannel channel, RedisValue message) => _received.Writer.TryWrite($"{channel} {message}");

        /// <summary>Waits for so many.</summary>
        public async Task<List<string>> Take(int count)
        {
            var taken = new List<string>();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            while (taken.Count < count) taken.Add(await _received.Reader.ReadAsync(patience.Token));
            return taken;
        }
    }

    [Fact]
    public void The_server_is_known_for_what_it_says_it_is()
    {
        var server = _connection.GetServer("127.0.0.1", _server.Port);
        Assert.True(server.Version >= new Version(7, 4));
        Assert.False(server.IsSlave);
        Assert.Equal(ServerType.Standalone, server.ServerType);
        Assert.Contains(server.ClientList(), c => c.Name == "compat");
        _connection.GetDatabase().StringSet("walk:1", "x");
        Assert.Equal(["walk:1"], server.Keys(pattern: "walk:*").Select(k => (string?)k));
        server.FlushDatabase();
        Assert.Equal(0, server.DatabaseSize());
    }
}
