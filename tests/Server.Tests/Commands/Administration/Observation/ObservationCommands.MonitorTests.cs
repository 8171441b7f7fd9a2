using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

/// <summary>MONITOR. Lines are redis-server 7.0.15's.</summary>
public sealed class ObservationCommandsMonitorTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client, _monitor;

    public ObservationCommandsMonitorTests()
    {
        _client = _server.Connect();
        _monitor = _server.Connect();
        Assert.Equal("+OK", _monitor.Call("MONITOR"));
    }

    public void Dispose()
    {
        _client.Dispose();
        _monitor.Dispose();
        _server.Dispose();
    }

    /// <summary>The next line, without its time.</summary>
    string Line(RawClient? monitor = null)
    {
        var line = (monitor ?? _monitor).Read();
        Assert.Matches(@"^\+\d+\.\d{6} \[", line);
        return line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..];
    }

    string From(RawClient client, int database = 0) =>
        string.Create(CultureInfo.InvariantCulture, $"[{database} {client.Socket.LocalEndPoint}]");

    [Fact]
    public void A_command_is_shown_with_its_time_database_and_client()
    {
        _client.Call("SET k v");
        var time = _server.Time.GetUtcNow().ToUnixTimeMilliseconds();
        Assert.Equal($"+{time / 1000}.{time % 1000:D3}000 {From(_client)} \"SET\" \"k\" \"v\"", _monitor.Read());
        // The one that is selected then.
        _client.Call("SELECT 7");
        Assert.Equal($"{From(_client, 7)} \"SELECT\" \"7\"", Line());
    }

    [Fact]
    public void Arguments_are_escaped()
    {
        _client.Call("ECHO \"a\\\"b\\\\c\\n\\r\\t\\a\\b\\x00\\xff\\x7f~ \"");
        Assert.Equal($"{From(_client)} \"ECHO\" \"a\\\"b\\\\c\\n\\r\\t\\a\\b\\x00\\xff\\x7f~ \"", Line());
        _client.Call("GET \"\"");
        Assert.Equal($"{From(_client)} \"GET\" \"\"", Line());
    }

    [Fact]
    public void Secrets_are_redacted_and_what_administrators_do_is_not_shown()
    {
        _client.Call("CONFIG SET maxclients 1000");
        _client.Call("DEBUG SLEEP 0");
        _client.Call("CLIENT LIST");
        _client.Call("SLOWLOG GET");
        _client.Call("NOSUCH a");
        _client.Call("GET");
        _client.Call("AUTH secret");
        Assert.Equal($"{From(_client)} \"AUTH\" \"(redacted)\"", Line());
        _client.Call("AUTH default secret");
        Assert.Equal($"{From(_client)} \"AUTH\" \"(redacted)\" \"(redacted)\"", Line());
        _client.Call("HELLO 3 AUTH default secret SETNAME me");
        Assert.Equal($"{From(_client)} \"HELLO\" \"3\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"me\"", Line());
        _client.Call("CLIENT SETNAME x");
        Assert.Equal($"{From(_client)} \"CLIENT\" \"SETNAME\" \"x\"", Line());
    }

    [Fact]
    public void A_transaction_is_shown_as_it_runs()
    {
        _client.Run("MULTI\n-> +OK\nSET a b\n-> +QUEUED\nCONFIG GET port\n-> +QUEUED\nGET a\n-> +QUEUED");
        _client.Call("EXEC");
        foreach (var shown in (string[])["\"MULTI\"", "\"SET\" \"a\" \"b\"", "\"GET\" \"a\"", "\"EXEC\""])
            Assert.Equal($"{From(_client)} {shown}", Line());
    }

    [Fact]
    public void A_command_that_waits_is_shown_when_it_begins_to()
    {
        using var waiter = _server.Connect();
        waiter.Send("BLPOP l 0");
        Assert.Equal($"{From(waiter)} \"BLPOP\" \"l\" \"0\"", Line());
        _client.Call("RPUSH l a");
        Assert.Equal("*2 $1 l $1 a", waiter.Read());
        Assert.Equal($"{From(_client)} \"RPUSH\" \"l\" \"a\"", Line());
        waiter.Call("PING");
        Assert.Equal($"{From(waiter)} \"PING\"", Line());
    }

    [Fact]
    public void Who_monitors_sees_his_own_commands_behind_their_replies_and_may_not_use_keys()
    {
        Assert.Equal("+PONG", _monitor.Call("PING"));
        Assert.Equal($"{From(_monitor)} \"PING\"", Line());
        Assert.Equal("-ERR Replica can't interact with the keyspace", _monitor.Call("GET k"));
        Assert.Equal("-ERR Replica can't interact with the keyspace", _monitor.Call("SET k v"));
        Assert.Equal("-ERR Replica can't interact with the keyspace", _monitor.Call("PUBLISH c m"));
        // Not answered.
        _monitor.Send("MONITOR");
        Assert.Equal("+OK", _monitor.Call("MULTI"));
        Assert.Equal($"{From(_monitor)} \"MULTI\"", Line());
        Assert.Equal("+QUEUED", _monitor.Call("PING"));
        Assert.Equal("*1 +PONG", _monitor.Call("EXEC"));
        Assert.Equal($"{From(_monitor)} \"PING\"", Line());
        Assert.Equal($"{From(_monitor)} \"EXEC\"", Line());
    }

    [Fact]
    public void MONITOR_inside_a_transaction_is_refused()
    {
        _client.Run("MULTI\n-> +OK\nMONITOR\n-> +QUEUED");
        Assert.Equal("*1 -ERR MONITOR isn't allowed for DENY BLOCKING client", _client.Call("EXEC"));
    }

    [Fact]
    public void RESET_ends_it_and_CLIENT_LIST_shows_it()
    {
        Assert.Contains(" flags=O ", _client.Call("CLIENT LIST TYPE normal"), StringComparison.Ordinal);
        Assert.Equal("+RESET", _monitor.Call("RESET"));
        _client.Call("GET k");
        Assert.Equal("$-1", _monitor.Call("GET k"));
        Assert.DoesNotContain(" flags=O ", _client.Call("CLIENT LIST"), StringComparison.Ordinal);
        using var other = _server.Connect();
        other.Call("MONITOR");
        Assert.Equal("*3 $9 subscribe $1 c :1", other.Call("SUBSCRIBE c"));
        Assert.Contains(" flags=OP ", _client.Call("CLIENT LIST"), StringComparison.Ordinal);
    }

    [Fact]
    public void CLIENT_REPLY_OFF_ends_the_lines_and_ON_brings_them_back()
    {
        _monitor.Send("CLIENT REPLY OFF");
        _monitor.Send("PING");
        // Shown to nobody, and run before what follows.
        Await.Until(() => _client.Call("CLIENT LIST").Contains(" cmd=ping ", StringComparison.Ordinal));
        Assert.Equal("+OK", _monitor.Call("CLIENT REPLY ON"));
        Assert.Equal($"{From(_monitor)} \"CLIENT\" \"REPLY\" \"ON\"", Line());
        _client.Call("PING");
        Assert.Equal($"{From(_client)} \"PING\"", Line());
    }

    [Fact]
    public void A_monitor_is_not_closed_for_idleness_nor_held_by_a_pause()
    {
        _client.Call("CONFIG SET timeout 10");
        _server.Advance(TimeSpan.FromSeconds(30));
        _client.Dispose();
        using var other = _server.Connect();
        other.Call("CLIENT PAUSE 100000 ALL");
        Assert.Equal("+PONG", _monitor.Call("PING"));
        other.Call("CLIENT UNPAUSE");
    }
}
