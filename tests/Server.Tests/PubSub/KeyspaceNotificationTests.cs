using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.PubSub;

/// <summary>What is published of key events. That each command has Redis's events is Compat.Tests' to find out.</summary>
public sealed class KeyspaceNotificationTests : IDisposable
{
    readonly TestServer _server = new("notify-keyspace-events KEA");
    readonly RawClient _client, _listener;

    public KeyspaceNotificationTests()
    {
        _client = _server.Connect();
        _listener = _server.Connect();
    }

    public void Dispose()
    {
        _client.Dispose();
        _listener.Dispose();
        _server.Dispose();
    }

    void Listen(string pattern = "__key*__:*")
    {
        _listener.CallWords("PSUBSCRIBE", pattern);
        _listener.Call("SUBSCRIBE mark");
    }

    /// <summary>What the listener is told of a command line, each as "channel message".</summary>
    List<string> Told(string commandLine)
    {
        if (commandLine.Length > 0) Assert.False(_client.Call(commandLine).StartsWith('-'), commandLine);
        _client.Call("PUBLISH mark x");
        var told = new List<string>();
        while (true)
        {
            var words = _listener.Read().Split(' ');
            if (words[2] == "message") return told;
            told.Add($"{words[6]} {words[8]}");
        }
    }

    [Fact]
    public void An_event_is_told_by_its_key_and_by_its_name()
    {
        Listen();
        Assert.Equal(["__keyspace@0__:k set", "__keyevent@0__:set k", "__keyspace@0__:k expire", "__keyevent@0__:expire k"], Told("SET k v EX 100"));
        Assert.Equal([], Told("GET k"));
        Assert.Equal([], Told("GET nosuch"));
        _client.Call("SELECT 5");
        Assert.Equal(["__keyspace@5__:l lpush", "__keyevent@5__:lpush l"], Told("LPUSH l a b"));
        Assert.Equal(
            ["__keyspace@5__:l rename_from", "__keyevent@5__:rename_from l", "__keyspace@5__:m rename_to", "__keyevent@5__:rename_to m"], Told("RENAME l m"));
        Assert.Equal([], Told("FLUSHALL"));
    }

    [Theory]
    [InlineData("Kg$", "__keyspace@0__:k set|__keyspace@0__:k del")]
    [InlineData("E$", "__keyevent@0__:set k")]
    [InlineData("Eg", "__keyevent@0__:del k")]
    [InlineData("KEl", "__keyspace@0__:l rpush|__keyevent@0__:rpush l")]
    [InlineData("Es", "__keyevent@0__:sadd s")]
    [InlineData("Eh", "__keyevent@0__:hset h")]
    [InlineData("Ez", "__keyevent@0__:zadd z")]
    [InlineData("Et", "__keyevent@0__:xadd x")]
    [InlineData("Em", "__keyevent@0__:keymiss k")]
    [InlineData("En", "__keyevent@0__:new k|__keyevent@0__:new l|__keyevent@0__:new s|__keyevent@0__:new h|__keyevent@0__:new z|__keyevent@0__:new x")]
    [InlineData("Exed", "")]
    [InlineData("A", "")]
    [InlineData("", "")]
    public void Only_the_classes_that_are_asked_for_are_told(string classes, string expected)
    {
        _client.CallWords("CONFIG", "SET", "notify-keyspace-events", classes);
        Listen();
        var told = new List<string>();
        foreach (var command in (string[])["SET k v", "DEL k", "GET k", "RPUSH l a", "SADD s a", "HSET h f v", "ZADD z 1 a", "XADD x 1-1 f v"])
            told.AddRange(Told(command));
        Assert.Equal(expected, string.Join('|', told));
    }

    [Fact]
    public void A_change_of_the_setting_counts_at_once_and_for_those_who_listen_already()
    {
        Listen();
        _client.Call("CONFIG SET notify-keyspace-events \"\"");
        Assert.Equal([], Told("SET k v"));
        _client.Call("CONFIG SET notify-keyspace-events E$m");
        Assert.Equal(["__keyevent@0__:set k"], Told("SET k v"));
        Assert.Equal(["__keyevent@0__:keymiss nosuch"], Told("GET nosuch"));
        _listener.Call("PUNSUBSCRIBE");
        Assert.Equal([], Told("SET k v"));
        _listener.Call("SUBSCRIBE __keyevent@0__:set");
        Assert.Equal(":1", _client.Call("PUBLISH __keyevent@0__:set x"));
    }

    [Fact]
    public void A_key_whose_time_is_over_is_told_without_anyone_asking_for_it()
    {
        Listen("__keyevent@*__:expired");
        _client.Call("SET k v PX 5000");
        _client.Call("HSET h f v");
        Assert.Equal([], Told("EXPIRE h 6"));
        _server.Advance(TimeSpan.FromMilliseconds(5100));
        Assert.Equal(["__keyevent@0__:expired k"], Told(""));
        _server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(["__keyevent@0__:expired h"], Told(""));
    }

    [Fact]
    public void Who_waits_is_served_with_the_events_of_his_command()
    {
        Listen("__keyevent@0__:*");
        using var waiter = _server.Connect();
        waiter.Send("BLPOP l 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r\n", StringComparison.Ordinal));
        Assert.Equal(["__keyevent@0__:rpush l", "__keyevent@0__:lpop l", "__keyevent@0__:del l"], Told("RPUSH l a"));
        Assert.Equal("*2 $1 l $1 a", waiter.Read());
    }

    /// <summary>As since Redis 7.2: before, messages came before the reply and within EXEC's.</summary>
    [Fact]
    public void Who_listens_to_his_own_commands_gets_their_replies_first()
    {
        using var client = _server.Connect(protocol: 3);
        client.Call("PSUBSCRIBE __keyevent@0__:*");
        Assert.Equal("+OK", client.Call("SET k v"));
        Assert.Equal(">4 $8 pmessage $16 __keyevent@0__:* $18 __keyevent@0__:set $1 k", client.Read());
        client.Run("MULTI\n-> +OK\nINCR n\n-> +QUEUED\nDEL k n\n-> +QUEUED\nEXEC\n-> *2 :1 :2");
        Assert.EndsWith(" __keyevent@0__:incrby $1 n", client.Read(), StringComparison.Ordinal);
        Assert.EndsWith(" __keyevent@0__:del $1 k", client.Read(), StringComparison.Ordinal);
        Assert.EndsWith(" __keyevent@0__:del $1 n", client.Read(), StringComparison.Ordinal);

        // Served by another's command, too.
        client.Send("BLPOP l 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r\n", StringComparison.Ordinal));
        _client.Call("RPUSH l a");
        Assert.EndsWith(" __keyevent@0__:rpush $1 l", client.Read(), StringComparison.Ordinal);
        Assert.Equal("*2 $1 l $1 a", client.Read());
        Assert.EndsWith(" __keyevent@0__:lpop $1 l", client.Read(), StringComparison.Ordinal);
        Assert.EndsWith(" __keyevent@0__:del $1 l", client.Read(), StringComparison.Ordinal);
    }

    [Fact]
    public void While_nobody_is_subscribed_nothing_listens_to_the_commands()
    {
        using var quiet = new TestServer("notify-keyspace-events KEAmn");
        using var client = quiet.Connect();
        lock (quiet.Server.Executor.ExecutorLock)
        {
            quiet.Server.Effects.RemoveSink(quiet.Effects);
            Assert.Equal(KeyspaceEvents.None, quiet.Server.Effects.Wanted);
        }
        using var listener = quiet.Connect();
        listener.Call("SUBSCRIBE c");
        lock (quiet.Server.Executor.ExecutorLock) Assert.NotEqual(KeyspaceEvents.None, quiet.Server.Effects.Wanted);
        listener.Call("UNSUBSCRIBE");
        lock (quiet.Server.Executor.ExecutorLock) Assert.Equal(KeyspaceEvents.None, quiet.Server.Effects.Wanted);
    }
}
