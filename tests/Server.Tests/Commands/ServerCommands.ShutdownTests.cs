using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Tests.Commands;

public sealed class ServerCommandsShutdownTests
{
    [Theory]
    [InlineData("SHUTDOWN SAVE NOSAVE", "-ERR syntax error")]
    [InlineData("SHUTDOWN ABORT NOW", "-ERR syntax error")]
    [InlineData("SHUTDOWN LATER", "-ERR syntax error")]
    [InlineData("SHUTDOWN ABORT", "-ERR No shutdown in progress.")]
    public void What_makes_no_sense_is_refused(string command, string reply)
    {
        using var server = new TestServer();
        using var client = server.Connect();
        server.Server.OnShutdown = _ => Assert.Fail("shut down");
        Assert.Equal(reply, client.Call(command));
    }

    [Fact]
    public void The_client_gets_no_reply_and_runs_nothing_more()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var asked = new SemaphoreSlim(0);
        var flags = ShutdownFlags.Default;
        server.Server.OnShutdown = given =>
        {
            flags = given;
            asked.Release();
        };
        client.SendRaw("SET a b\r\nSHUTDOWN nosave NOW\r\nSET c d\r\n");
        Assert.True(asked.Wait(TimeSpan.FromSeconds(10)));
        Assert.Equal(ShutdownFlags.NoSave | ShutdownFlags.Now, flags);
        Assert.Equal("+OK", client.Read());
        using (var other = server.Connect()) Assert.Equal(":1", other.Call("DBSIZE"));
        server.Dispose();
        Assert.True(client.IsClosedByServer());
    }
}
