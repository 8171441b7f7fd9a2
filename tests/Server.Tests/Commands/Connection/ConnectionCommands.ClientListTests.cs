using System.Text.RegularExpressions;

namespace MiniRedis.Server.Tests.Commands.Connection;

public sealed class ConnectionCommandsClientListTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public ConnectionCommandsClientListTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    static string Field(string line, string name) => Regex.Match(line, $@"(?:^|\s){name}=(\S*)").Groups[1].Value;

    static string[] Lines(string reply) => reply[(reply.IndexOf(' ', StringComparison.Ordinal) + 1)..].Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(l => l.Trim().Length > 0).ToArray();

    static string Ids(string reply) => string.Join(' ', Lines(reply).Select(l => Field(l, "id")));

    [Fact]
    public void A_line_has_the_fields_of_redis_in_its_order()
    {
        _client.Call("CLIENT SETNAME me");
        _client.Call("CLIENT SETINFO LIB-NAME lib");
        _client.Call("CLIENT SETINFO lib-ver 1.2");
        _client.Call("SELECT 2");
        _server.Time.Advance(TimeSpan.FromSeconds(7));
        Assert.Matches(
            @"^\$\d+ id=1 addr=127\.0\.0\.1:\d+ laddr=127\.0\.0\.1:\d+ fd=\d+ name=me age=7 idle=0 flags=N db=2 sub=0 psub=0 ssub=0 "
            + @"multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=\d+ rbp=\d+ obl=0 oll=0 omem=0 tot-mem=\d+ events=r "
            + @"cmd=client\|list user=default redir=-1 resp=2 lib-name=lib lib-ver=1\.2 io-thread=0 tot-net-in=\d+ tot-net-out=\d+ tot-cmds=4\n$",
            _client.Call("CLIENT LIST"));
        _client.Call("HELLO 3");
        Assert.StartsWith("=", _client.Call("CLIENT INFO"), StringComparison.Ordinal);
    }

    [Fact]
    public void Traffic_is_counted_exactly()
    {
        var before = _client.Call("CLIENT INFO");
        var after = _client.Call("CLIENT INFO");
        Assert.Equal(26, long.Parse(Field(after, "tot-net-in")) - long.Parse(Field(before, "tot-net-in")));
        // A blank stands for the first line end of the reply as it is shown, and nothing for the second.
        Assert.Equal(before.Length + 3, long.Parse(Field(after, "tot-net-out")) - long.Parse(Field(before, "tot-net-out")));
        Assert.Equal(1, long.Parse(Field(after, "tot-cmds")) - long.Parse(Field(before, "tot-cmds")));
    }

    [Fact]
    public void An_unfinished_request_shows_as_query_buffer()
    {
        using var other = _server.Connect();
        other.SendRaw("*2\r\n$3\r\nGET\r\n$5\r\nab");
        var line = "";
        Await.Until(() => Field(line = Lines(_client.Call("CLIENT LIST ID 2"))[0], "qbuf") != "0");
        // As in Redis: what has arrived of the argument under way; those before it are arguments already.
        Assert.Equal("2", Field(line, "qbuf"));
        Assert.Equal("17", Field(line, "argv-mem"));
        Assert.Equal(16 * 1024 - 19, long.Parse(Field(line, "qbuf-free")));
        Assert.Equal("NULL", Field(line, "cmd"));
    }

    [Fact]
    public void The_peak_of_a_silent_clients_replies_is_forgotten_when_DEBUG_says_so()
    {
        using var other = _server.Connect();
        other.CallWords("ECHO", new string('x', 1000));
        string Peak() => Field(Lines(_client.Call("CLIENT LIST ID 2"))[0], "rbp");
        Assert.Equal("1009", Peak());
        _client.Call("DEBUG REPLYBUFFER PEAK-RESET-TIME NEVER");
        _server.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal("1009", Peak());
        _client.Call("DEBUG REPLYBUFFER PEAK-RESET-TIME 100");
        _server.Advance(TimeSpan.FromMilliseconds(200));
        Assert.Equal("0", Peak());
    }

    [Fact]
    public void Filters_must_all_fit()
    {
        using var second = _server.Connect();
        second.Call("PING");
        _server.Time.Advance(TimeSpan.FromSeconds(10));
        using var third = _server.Connect();
        third.Call("PING");
        Assert.Equal("1 2 3", Ids(_client.Call("CLIENT LIST")));
        Assert.Equal("2 3", Ids(_client.Call("CLIENT LIST ID 3 2 99")));
        Assert.Equal("1 2 3", Ids(_client.Call("CLIENT LIST TYPE normal")));
        Assert.Equal("", Ids(_client.Call("CLIENT LIST TYPE pubsub")));
        Assert.Equal("1 2", Ids(_client.Call("CLIENT LIST MAXAGE 10")));
        Assert.Equal("2", Ids(_client.Call("CLIENT LIST MAXAGE 10 SKIPME yes")));
        Assert.Equal("2", Ids(_client.Call("CLIENT LIST ID 2 3 MAXAGE 5 USER default")));
        var third_ = Lines(_client.Call("CLIENT LIST ID 3"))[0];
        Assert.Equal("3", Ids(_client.Call($"CLIENT LIST ADDR {Field(third_, "addr")}")));
        Assert.Equal("1 2 3", Ids(_client.Call($"CLIENT LIST LADDR {Field(third_, "laddr")}")));
    }

    /// <summary>Names and texts as of Valkey; its 9.0 has all of these.</summary>
    [Theory]
    [InlineData("NAME two", "2")]
    [InlineData("NOT-NAME two", "1 3")]
    [InlineData("NAME \"\"", "1 3")]
    [InlineData("LIB-NAME lib LIB-VER 1", "3")]
    [InlineData("LIB-NAME lib NOT-LIB-VER 1", "")]
    [InlineData("NOT-LIB-NAME lib", "1 2")]
    [InlineData("DB 5", "2")]
    [InlineData("NOT-DB 5", "1 3")]
    [InlineData("FLAGS t", "2")]
    [InlineData("FLAGS te", "2")]
    [InlineData("FLAGS tx", "")]
    [InlineData("FLAGS N", "1 3")]
    [InlineData("NOT-FLAGS t", "1 3")]
    [InlineData("CAPA r", "3")]
    [InlineData("NOT-CAPA r", "1 2")]
    [InlineData("IDLE 10", "2")]
    [InlineData("IP 127.0.0.1", "1 2 3")]
    [InlineData("NOT-IP 127.0.0.1", "")]
    [InlineData("IP 127.0.0", "")]
    [InlineData("NOT-ID 1 2", "3")]
    [InlineData("ID 1 2 NOT-ID 1", "2")]
    [InlineData("ID 1 ID 2", "2")]
    [InlineData("NOT-TYPE normal", "")]
    [InlineData("NOT-USER default", "")]
    [InlineData("NOT-ADDR 1.2.3.4:5", "1 2 3")]
    [InlineData("NOT-LADDR 1.2.3.4:5 SKIPME yes", "2 3")]
    public void Newer_filters_fit_too_and_so_do_their_opposites(string filter, string ids)
    {
        using var second = _server.Connect();
        foreach (var command in (string[])["CLIENT SETNAME two", "CLIENT TRACKING ON", "CLIENT NO-EVICT ON", "SELECT 5"]) second.Call(command);
        _server.Time.Advance(TimeSpan.FromSeconds(10));
        using var third = _server.Connect();
        foreach (var command in (string[])["CLIENT SETINFO LIB-NAME lib", "CLIENT SETINFO LIB-VER 1", "CLIENT CAPA future redirect"])
            Assert.Equal("+OK", third.Call(command));
        Assert.Equal(ids, Ids(_client.Call("CLIENT LIST " + filter)));
    }

    [Theory]
    [InlineData("IDLE x", "-ERR idle is not an integer or out of range")]
    [InlineData("IDLE 0", "-ERR idle should be greater than 0")]
    [InlineData("MAXAGE x", "-ERR maxage is not an integer or out of range")]
    [InlineData("MAXAGE -1", "-ERR maxage should be greater than 0")]
    [InlineData("DB x", "-ERR DB is not an integer or out of range")]
    [InlineData("DB 16", "-ERR DB number should be between 0 and 15")]
    [InlineData("FLAGS tz", "-ERR Unknown flags found in the provided filter: tz")]
    [InlineData("CAPA rx", "-ERR Unknown capa found in the provided filter: rx")]
    [InlineData("TYPE x", "-ERR Unknown client type 'x'")]
    [InlineData("USER x", "-ERR No such user 'x'")]
    [InlineData("NOT-USER x", "-ERR No such user 'x'")]
    [InlineData("NOT-IDLE 1", "-ERR syntax error")]
    [InlineData("NOT-SKIPME yes", "-ERR syntax error")]
    [InlineData("SKIPME maybe", "-ERR syntax error")]
    [InlineData("NAME", "-ERR syntax error")]
    [InlineData("NOSUCH 1", "-ERR syntax error")]
    public void A_filter_that_makes_no_sense_is_refused(string filter, string error)
    {
        Assert.Equal(error, _client.Call("CLIENT LIST " + filter));
        if (filter != "NAME") Assert.Equal(error, _client.Call("CLIENT KILL " + filter));
    }

    [Fact]
    public void Kill_closes_those_that_fit_and_tells_how_many()
    {
        using var second = _server.Connect();
        using var third = _server.Connect();
        second.Call("PING");
        third.Call("PING");
        Assert.Equal(":0", _client.Call("CLIENT KILL TYPE pubsub"));
        Assert.Equal(":0", _client.Call("CLIENT KILL ID 2 MAXAGE 100"));
        Assert.Equal(":1", _client.Call("CLIENT KILL ID 2 TYPE normal"));
        Assert.True(second.IsClosedByServer());
        Assert.Equal("1 3", Ids(_client.Call("CLIENT LIST")));
        Assert.Equal(":2", _client.Call("CLIENT KILL SKIPME no"));
        Assert.True(third.IsClosedByServer());
        Assert.True(_client.IsClosedByServer());
    }

    [Fact]
    public void The_old_form_of_kill_takes_an_address_and_spares_nobody()
    {
        using var second = _server.Connect();
        second.Call("PING");
        Assert.Equal("+OK", _client.Call($"CLIENT KILL {Field(second.Call("CLIENT INFO"), "addr")}"));
        Assert.True(second.IsClosedByServer());
        Assert.Equal("+OK", _client.Call($"CLIENT KILL {Field(_client.Call("CLIENT INFO"), "addr")}"));
        Assert.True(_client.IsClosedByServer());
    }

    [Fact]
    public void A_killed_client_runs_nothing_more_of_what_it_sent()
    {
        using var victim = _server.Connect();
        victim.Call("PING");
        _client.SendRaw(RawClient.Encode("CLIENT", "KILL", "ID", "2") + RawClient.Encode("CLIENT", "LIST"));
        victim.SendRaw(string.Concat(Enumerable.Repeat(RawClient.Encode("INCR", "n"), 10)));
        Assert.Equal(":1", _client.Read());
        Assert.Equal("1", Ids(_client.Read()));
        // What it sent before it was killed may have run, in one batch or not at all; nothing may run now.
        var n = _client.Call("GET n");
        Assert.True(n is "$-1" or "$2 10", n);
        _client.Call("PING");
        Assert.Equal(n, _client.Call("GET n"));
    }
}
