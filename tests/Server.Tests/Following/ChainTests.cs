using MiniRedis.Server.Following;

namespace MiniRedis.Server.Tests.Following;

/// <summary>A replica of a replica: the stream passes through the one in the middle unchanged.</summary>
public sealed class ChainTests : IDisposable
{
    const string Settings = "repl-timeout 1000000\nrepl-diskless-sync-delay 0\n";

    readonly List<TestServer> _servers = [];

    public void Dispose()
    {
        foreach (var server in _servers) server.Dispose();
    }

    TestServer Start(string configuration, TestServer? master = null)
    {
        var server = new TestServer(Settings + configuration + (master is null ? "" : $"replicaof 127.0.0.1 {master.Port}\n"));
        _servers.Add(server);
        if (master is not null) Until(() => server.Server.Follower.State == MasterLinkState.Connected);
        return server;
    }

    void Until(Func<bool> condition) => Await.Until(() =>
    {
        foreach (var server in _servers) server.Advance(TimeSpan.FromMilliseconds(100));
        return condition();
    });

    static long OffsetOf(TestServer server)
    {
        lock (server.Server.Executor.ExecutorLock) return server.Server.History.Offset;
    }

    [Theory]
    [InlineData("")]
    [InlineData("repl-diskless-sync no\n")]
    [InlineData("dual-channel-replication-enabled yes\n")]
    public void One_that_begins_in_the_middle_of_the_stream_goes_on_in_the_database_that_was_selected_last(string configuration)
    {
        var master = Start(configuration);
        var middle = Start(configuration, master);
        using var writer = master.Connect();
        Assert.Equal("+OK", writer.Call("SELECT 2"));
        Assert.Equal(":1", writer.Call("INCR count"));
        Until(() => middle.Server.Follower.AppliedOffset == OffsetOf(master));

        // The master knows nothing of this one, and says SELECT to nobody.
        var last = Start(configuration, middle);
        Assert.Equal(":2", writer.Call("INCR count"));
        Until(() => last.Server.Follower.AppliedOffset == OffsetOf(master));
        using var reader = last.Connect();
        Assert.Equal("$-1", reader.Call("GET count"));
        Assert.Equal("+OK", reader.Call("SELECT 2"));
        Assert.Equal("$1 2", reader.Call("GET count"));
    }
}
