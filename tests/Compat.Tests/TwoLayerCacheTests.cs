using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests;

/// <summary>
/// Two layers of cache: a dictionary in the process, kept true by CLIENT TRACKING, before the server. Another client writes, deletes,
/// expires and flushes; the reader loses its connection now and then. Once a client has been told, no read is stale.
/// </summary>
public sealed class TwoLayerCacheTests(ITestOutputHelper output)
{
    const int Changes = 100_000, Keys = 200;

    /// <param name="protocol">3 is told on its own connection, 2 on another one, which subscribes.</param>
    /// <param name="mode">Options of CLIENT TRACKING.</param>
    [Theory]
    [InlineData(3, "")]
    [InlineData(3, "BCAST")]
    [InlineData(2, "")]
    [InlineData(2, "BCAST PREFIX key:")]
    public void No_read_is_stale_once_the_invalidation_was_delivered(int protocol, string mode)
    {
        output.WriteLine($"seed {RunSettings.Seed}");
        var random = new Random(RunSettings.Seed);
        using var server = new TestServer("io-threads 2", realTime: true);
        using var writer = server.Connect();
        var reader = new CachingReader(server.Connect, protocol, mode);
        var (hits, reads, reconnects) = (0, 0, 0);
        for (var change = 0; change < Changes;)
        {
            // Changes go in bursts, as one send; their replies are the moment from which on they count.
            var burst = random.Next(1, 40);
            writer.SendRaw(string.Concat(Enumerable.Range(0, burst).Select(_ => RawClient.Encode(Change(random)))));
            for (var i = 0; i < burst; i++) writer.Read();
            change += burst;
            if (random.Next(500) == 0)
            {
                reader.Dispose();
                reader = new CachingReader(server.Connect, protocol, mode);
                reconnects++;
            }
            reader.Hear();
            for (var i = 0; i < 20; i++)
            {
                var key = Key(random);
                var (value, isHit) = reader.Get(key);
                reads++;
                if (!isHit) continue;
                hits++;
                // What expires between the two looks is told of later: then the cached value was right when it was asked for.
                var now = writer.CallWords("GET", key);
                if (value == now) continue;
                reader.Hear();
                Assert.False(reader.Knows(key), $"change {change}: {key} is {value} in the cache and {now} in the server");
            }
        }
        output.WriteLine($"{reads} reads, {hits} hits, {reconnects} reconnects");
        Assert.True(hits > reads / 20 && hits < reads && reconnects > 0);
        reader.Dispose();
    }

    static string Key(Random random) => "key:" + random.Next(Keys).ToString(CultureInfo.InvariantCulture);

    static string[] Change(Random random)
    {
        var (key, value) = (Key(random), random.Next().ToString(CultureInfo.InvariantCulture));
        return random.Next(100) switch
        {
            0 when random.Next(30) == 0 => [random.Next(2) == 0 ? "FLUSHALL" : "FLUSHDB"],
            < 60 => ["SET", key, value],
            < 70 => ["SET", key, value, "PX", "1"],
            < 75 => ["PEXPIRE", key, "2"],
            < 82 => ["DEL", key],
            < 88 => ["APPEND", key, "x"],
            < 92 => ["RENAME", key, Key(random)],
            < 96 => ["MSET", key, value, Key(random), value],
            _ => ["GETSET", key, value],
        };
    }

    /// <summary>Reads through its dictionary.</summary>
    sealed class CachingReader : IDisposable
    {
        readonly RawClient _client;
        readonly RawClient? _subscriber;
        readonly Dictionary<string, string> _cache = [];
        int _pings;

        public CachingReader(Func<int, RawClient> connect, int protocol, string mode)
        {
            _client = connect(protocol);
            var redirect = "";
            if (protocol == 2)
            {
                _subscriber = connect(2);
                redirect = " REDIRECT " + _subscriber.Call("CLIENT ID")[1..];
                _subscriber.Call("SUBSCRIBE __redis__:invalidate");
            }
            Assert.Equal("+OK", _client.Call($"CLIENT TRACKING ON {mode}{redirect}".Replace("  ", " ", StringComparison.Ordinal)));
        }

        public bool Knows(string key) => _cache.ContainsKey(key);

        public (string Value, bool IsHit) Get(string key)
        {
            if (_cache.TryGetValue(key, out var cached)) return (cached, true);
            _client.Send("GET " + key);
            var value = ReadReply();
            _cache[key] = value;
            // A message about the key may have come before the reply; one that comes on another connection may be about what was just read.
            if (_subscriber is not null) Hear();
            return (value, false);
        }

        /// <summary>Hears all messages that were sent up to now.</summary>
        public void Hear()
        {
            var token = (++_pings).ToString(CultureInfo.InvariantCulture);
            if (_subscriber is null)
            {
                _client.Send("ECHO " + token);
                ReadReply();
                return;
            }
            _subscriber.Send("PING " + token);
            string next;
            while (!(next = _subscriber.Read()).StartsWith("*2 $4 pong", StringComparison.Ordinal)) Forget(next);
        }

        /// <summary>The reply, and every message before it.</summary>
        string ReadReply()
        {
            string next;
            while ((next = _client.Read())[0] == '>') Forget(next);
            return next == "_" ? "$-1" : next;
        }

        /// <summary>Drops the keys that a message names, or all.</summary>
        void Forget(string message)
        {
            Assert.Contains("invalidate", message, StringComparison.Ordinal);
            var words = message.Split(' ');
            var keys = words.Where(w => w.StartsWith("key:", StringComparison.Ordinal)).ToList();
            if (keys.Count == 0) _cache.Clear();
            foreach (var key in keys) _cache.Remove(key);
        }

        public void Dispose()
        {
            _client.Dispose();
            _subscriber?.Dispose();
        }
    }
}
