using System.Collections.Concurrent;
using MiniRedis.Server.Links;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Links;

public sealed class KeptLinkTests
{
    /// <summary>Keeps what the link brings, for the test to take in order.</summary>
    sealed class Story : ILinkHandler, IDisposable
    {
        readonly BlockingCollection<string> _events = [];

        public string Next() => _events.TryTake(out var next, TimeSpan.FromSeconds(20)) ? next : "nothing";
        public void OnConnected(KeptLink link, Link connection) => _events.Add($"connected to {connection.Remote!.Address}");
        public void OnReply(KeptLink link, LinkReply reply) => _events.Add(reply.ToString());
        public void OnClosed(KeptLink link, LinkException reason) => _events.Add($"closed: {reason.Message}");
        public void Dispose() => _events.Dispose();
    }

    static KeptLink Keep(int port, ILinkHandler handler, Func<(string, string)>? login = null) => new(
        new LinkConnector(new TlsContexts()), () => new LinkTarget("127.0.0.1", port) { Timeout = TimeSpan.Zero }, login ?? (() => ("", "")),
        new BackOff(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(1), new Random(1)), handler, "link");

    [Fact]
    public void A_link_that_ends_is_made_again()
    {
        using var server = new TestServer();
        using var story = new Story();
        using var link = Keep(server.Port, story);
        Assert.False(link.TrySend("PING"));
        link.Start();
        Assert.Equal("connected to 127.0.0.1", story.Next());
        Assert.True(link.IsConnected);
        Assert.True(link.TrySend("PING"));
        Assert.True(link.TrySend("ECHO", "x"));
        Assert.Equal(["Status PONG", "Bulk x"], [story.Next(), story.Next()]);
        Assert.True(link.TrySend("CLIENT", "KILL", "SKIPME", "no", "TYPE", "normal"));
        Assert.Equal("Integer 1", story.Next());
        Assert.Equal("closed: Connection closed by the other side", story.Next());
        Assert.Equal("connected to 127.0.0.1", story.Next());
        link.Reconnect();
        Assert.Equal("closed: Connection closed by the other side", story.Next());
        Assert.Equal("connected to 127.0.0.1", story.Next());
    }

    [Fact]
    public void A_link_logs_in_with_the_password_of_the_moment()
    {
        using var server = new TestServer("requirepass secret");
        using var story = new Story();
        var passwords = new Queue<string>(["wrong", "secret"]);
        using var link = Keep(server.Port, story, () => ("", passwords.Dequeue()));
        link.Start();
        Assert.Equal("closed: WRONGPASS invalid username-password pair or user is disabled.", story.Next());
        Assert.Equal("connected to 127.0.0.1", story.Next());
        link.TrySend("PING");
        Assert.Equal("Status PONG", story.Next());
    }

    [Fact]
    public void Nothing_is_heard_of_a_link_that_is_given_up()
    {
        using var server = new TestServer();
        using var story = new Story();
        var link = Keep(server.Port, story);
        link.Start();
        Assert.Equal("connected to 127.0.0.1", story.Next());
        link.Dispose();
        Assert.False(link.IsConnected);
        Assert.False(link.TrySend("PING"));
        link = Keep(server.Port, story);
        link.Dispose();
        using var another = Keep(server.Port, story);
        another.Start();
        Assert.Equal("connected to 127.0.0.1", story.Next());
    }
}
