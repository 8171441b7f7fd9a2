using System.Text;

namespace MiniRedis.Server.Tests.Commands.Keys;

public sealed class KeyCommandsDumpTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public KeyCommandsDumpTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    /// <summary>One key of each type and form: by the limits' defaults small, or large.</summary>
    static IEnumerable<string[]> Values(bool large)
    {
        var count = large ? 700 : 5;
        string[] Many(string command, string key, Func<int, string[]> one) => [command, key, .. Enumerable.Range(0, count).SelectMany(one)];
        yield return ["SET", "string", large ? new string('x', 5000) : "text"];
        yield return ["SET", "number", large ? "-1234567890123" : "12"];
        yield return Many("RPUSH", "list", i => [i % 2 == 0 ? $"{i}" : $"element {i}" + new string('l', large ? 40 : 0)]);
        yield return Many("SADD", "integers", i => [$"{i * 1000}"]);
        yield return Many("SADD", "set", i => [$"member {i}"]);
        yield return Many("ZADD", "sorted", i => [$"{i / 4.0}", $"member {i}"]);
        yield return Many("HSET", "hash", i => [$"field {i}", $"{i}"]);
        yield return ["HSET", "expiring", "f", "1", "g", large ? new string('v', 100) : "2"];
        yield return ["HPEXPIREAT", "expiring", "69999999999999", "FIELDS", "1", "f"];
        for (var i = 1; i <= count; i++) yield return ["XADD", "stream", $"{i}-1", "a", $"{i}", i % 3 == 0 ? "c" : "b", "x"];
        yield return ["XGROUP", "CREATE", "stream", "group", "0"];
        yield return ["XREADGROUP", "GROUP", "group", "consumer", "COUNT", "3", "STREAMS", "stream", ">"];
        yield return ["XDEL", "stream", "2-1"];
    }

    static readonly string[] s_keys = ["string", "number", "list", "integers", "set", "sorted", "hash", "expiring", "stream"];

    /// <summary>The payload of a reply: what stands behind its length.</summary>
    static string Payload(RawClient client, string key)
    {
        var reply = client.Call($"DUMP {key}");
        return reply[(reply.IndexOf(' ') + 1)..];
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_was_dumped_is_restored(bool large)
    {
        foreach (var words in Values(large)) Assert.NotEqual('-', _client.CallWords(words)[0]);
        foreach (var key in s_keys)
        {
            Assert.Equal("+OK", _client.CallWords("RESTORE", key + "2", "0", Payload(_client, key)));
            Assert.Equal(_client.Call($"DEBUG DIGEST-VALUE {key}"), _client.Call($"DEBUG DIGEST-VALUE {key}2"));
            Assert.Equal(_client.Call($"OBJECT ENCODING {key}"), _client.Call($"OBJECT ENCODING {key}2"));
            Assert.Equal(Payload(_client, key), Payload(_client, key + "2"));
        }
        Assert.Equal(_client.Call("HPEXPIRETIME expiring FIELDS 2 f g"), _client.Call("HPEXPIRETIME expiring2 FIELDS 2 f g"));
        Assert.Equal(_client.Call("XPENDING stream group - + 10"), _client.Call("XPENDING stream2 group - + 10"));
    }

    [RedisServerTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Redis_restores_what_is_dumped_here_and_the_other_way_round(bool large)
    {
        using var redis = new RedisServerProcess(null, "--save", "", "--enable-debug-command", "yes");
        using var theirs = redis.Connect();
        // Deadlines of fields are newer than that server.
        foreach (var words in Values(large).Where(w => w[1] != "expiring")) Assert.Equal(theirs.CallWords(words)[0], _client.CallWords(words)[0]);
        foreach (var key in s_keys.Where(k => k != "expiring"))
        {
            Assert.Equal("+OK", theirs.CallWords("RESTORE", key + "2", "0", Payload(_client, key)));
            Assert.Equal("+OK", _client.CallWords("RESTORE", key + "2", "0", Payload(theirs, key)));
            Assert.Equal(theirs.Call($"DEBUG DIGEST-VALUE {key}"), theirs.Call($"DEBUG DIGEST-VALUE {key}2"));
            Assert.Equal(theirs.Call($"DEBUG DIGEST-VALUE {key}"), _client.Call($"DEBUG DIGEST-VALUE {key}2"));
        }
    }

    /// <summary>Whatever bytes are changed: the payload is refused, or makes a value that can be read in full.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_damaged_payload_is_refused_or_harmless(int seed)
    {
        var random = new Random(seed);
        foreach (var words in Values(large: seed == 3)) _client.CallWords(words);
        var before = _client.Call("DEBUG DIGEST");
        var used = _server.Server.Keyspace.UsedBytes;
        _client.Call("DEBUG SET-SKIP-CHECKSUM-VALIDATION 1");
        foreach (var key in s_keys)
        {
            var payload = Payload(_client, key);
            for (var i = 0; i < 200; i++)
            {
                var damaged = new StringBuilder(payload);
                // Not the version.
                for (var flips = random.Next(1, 4); flips > 0; flips--) damaged[random.Next(damaged.Length - 10)] = (char)random.Next(256);
                if (random.Next(4) == 0) damaged.Remove(random.Next(damaged.Length - 10), 1);
                var reply = _client.CallWords("RESTORE", "victim", "0", damaged.ToString());
                Assert.True(reply is "+OK" or "-ERR Bad data format", $"seed {seed}, {key}, {i}: {reply}");
                if (reply != "+OK") continue;
                Assert.Equal('*', _client.Call("DEBUG DIGEST-VALUE victim")[0]);
                Assert.NotEqual("$-1", _client.Call("DUMP victim"));
                Assert.Equal(":1", _client.Call("DEL victim"));
            }
        }
        Assert.Equal(before, _client.Call("DEBUG DIGEST"));
        Await.Until(() => _client.Call("PING") == "+PONG" && _server.Server.Keyspace.DiscardedCount == 0);
        Assert.Equal(used, _server.Server.Keyspace.UsedBytes);
    }

    [Fact]
    public void Restore_judges_its_arguments()
    {
        _client.Call("SET k hello");
        var payload = Payload(_client, "k");
        Assert.Equal("$-1", _client.Call("DUMP none"));
        Assert.Equal("-BUSYKEY Target key name already exists.", _client.CallWords("RESTORE", "k", "0", payload));
        Assert.Equal("-BUSYKEY Target key name already exists.", _client.CallWords("RESTORE", "k", "x", "rubbish"));
        Assert.Equal("-ERR value is not an integer or out of range", _client.CallWords("RESTORE", "new", "x", payload));
        Assert.Equal("-ERR Invalid TTL value, must be >= 0", _client.CallWords("RESTORE", "new", "-1", payload));
        Assert.Equal("-ERR DUMP payload version or checksum are wrong", _client.CallWords("RESTORE", "new", "0", "rubbish"));
        Assert.Equal("-ERR DUMP payload version or checksum are wrong", _client.CallWords("RESTORE", "new", "0", payload + "x"));
        Assert.Equal("-ERR syntax error", _client.CallWords("RESTORE", "new", "0", payload, "NONSENSE"));
        Assert.Equal("-ERR syntax error", _client.CallWords("RESTORE", "new", "0", payload, "IDLETIME", "1", "FREQ", "1"));
        Assert.Equal("-ERR Invalid IDLETIME value, must be >= 0", _client.CallWords("RESTORE", "new", "0", payload, "IDLETIME", "-1"));
        Assert.Equal("-ERR Invalid FREQ value, must be >= 0 and <= 255", _client.CallWords("RESTORE", "new", "0", payload, "FREQ", "256"));
        Assert.Equal(":0", _client.Call("EXISTS new"));

        Assert.Equal("+OK", _client.CallWords("RESTORE", "idle", "0", payload, "IDLETIME", "1000"));
        Assert.Equal(":1000", _client.Call("OBJECT IDLETIME idle"));
        _client.Call("CONFIG SET maxmemory-policy allkeys-lfu");
        Assert.Equal("+OK", _client.CallWords("RESTORE", "busy", "0", payload, "FREQ", "100"));
        Assert.Equal(":100", _client.Call("OBJECT FREQ busy"));
    }

    [Fact]
    public void A_deadline_is_absolute_for_replicas_and_one_in_the_past_deletes()
    {
        _client.Call("SET k hello");
        var payload = Payload(_client, "k");
        var effects = new RecordedEffects();
        _server.Server.Effects.AddSink(effects);
        var now = _server.Server.Clock.Now;

        Assert.Equal("+OK", _client.CallWords("RESTORE", "a", "5000", payload));
        Assert.Equal("+OK", _client.CallWords("RESTORE", "b", $"{now + 7000}", payload, "ABSTTL"));
        Assert.Equal("+OK", _client.CallWords("RESTORE", "k", "0", payload, "REPLACE"));
        Assert.Equal("+OK", _client.CallWords("RESTORE", "k", "1000", payload, "REPLACE", "ABSTTL"));
        Assert.Equal("+OK", _client.CallWords("RESTORE", "never", "1000", payload, "ABSTTL"));

        Assert.Equal(
            [
                $"RESTORE a {now + 5000} {payload} ABSTTL", $"RESTORE b {now + 7000} {payload} ABSTTL", $"RESTORE k 0 {payload} REPLACE", "DEL k",
            ], effects.Commands);
        Assert.Equal(["new@0 a", "restore@0 a", "new@0 b", "restore@0 b", "new@0 k", "restore@0 k", "del@0 k"], effects.Events);
        Assert.Equal(":2", _client.Call("DBSIZE"));
    }
}
