using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Commands.Administration;

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
        server.Server.Exit.Stop = _ => Assert.Fail("shut down");
        Assert.Equal(reply, client.Call(command));
    }

    [Fact]
    public void The_client_gets_no_reply_and_nobody_runs_anything_more()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var asked = new SemaphoreSlim(0);
        server.Server.Exit.Stop = exitCode =>
        {
            Assert.Equal(0, exitCode);
            asked.Release();
        };
        client.SendRaw("SET a b\r\nSHUTDOWN nosave NOW\r\nSET c d\r\n");
        Assert.True(asked.Wait(TimeSpan.FromSeconds(10)));
        Assert.Equal("+OK", client.Read());
        using var other = server.Connect();
        other.SendRaw("SET e f\r\n");
        server.Stop();
        Assert.True(client.IsClosedByServer());
        Assert.True(other.IsClosedByServer());
        Assert.Equal(1, server.Server.Keyspace.Count);
    }

    [Fact]
    public void What_a_signal_asked_for_can_be_taken_back_until_the_cron_comes_to_it()
    {
        using var server = new TestServer("enable-debug-command yes");
        using var client = server.Connect();
        var exits = new List<int>();
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Exit.Stop = exits.Add;
            server.Server.Cron.IsPaused = true;
            server.Server.Shutdown.Request(ShutdownFlags.Default);
        }
        server.Tick();
        Assert.Equal("+OK", client.Call("SHUTDOWN ABORT"));
        Assert.Equal("-ERR No shutdown in progress.", client.Call("SHUTDOWN ABORT"));
        Assert.Equal("+OK", client.Call("DEBUG PAUSE-CRON 0"));
        server.Tick();
        Assert.Empty(exits);
        lock (server.Server.Executor.ExecutorLock) server.Server.Shutdown.Request(ShutdownFlags.Default);
        server.TickUntil(() => exits.Count > 0);
        Assert.Equal([0], exits);
    }

    [Fact]
    public void A_signal_is_forgotten_where_the_data_cannot_be_saved()
    {
        var log = new LogLines();
        using var server = new TestServer("save 60 1", log: log);
        using var client = server.Connect();
        lock (server.Server.Executor.ExecutorLock)
        {
            server.Server.Exit.Stop = _ => Assert.Fail("shut down");
            server.Server.Saving.Files = new FailingFiles { FailsAt = FileStep.Write };
            server.Server.Shutdown.Request(ShutdownFlags.Default);
        }
        server.TickUntil(() => !server.Server.Shutdown.IsRequested);
        Assert.Equal("+PONG", client.Call("PING"));
        Assert.Contains("Errors trying to shut down the server. Check the logs for more information.", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_signal_ends_the_server_though_something_fails_that_nobody_thought_of()
    {
        var exits = new List<int>();
        using var server = new TestServer("save 60 1", exits: exits.Add);
        lock (server.Server.Executor.ExecutorLock)
        {
            // What no check lets through: the runtime refuses the path with an exception of its own.
            server.Server.Config.Persistence.DbFilename = "a\0b";
            server.Server.Shutdown.Request(ShutdownFlags.Default);
        }
        server.TickUntil(() => exits.Count > 0);
        Assert.Equal([1], exits);
    }

    [Theory]
    [InlineData("save 60 1", "SHUTDOWN", true)]
    [InlineData("save 60 1", "SHUTDOWN NOSAVE", false)]
    [InlineData("save ''", "SHUTDOWN", false)]
    [InlineData("save ''", "SHUTDOWN SAVE", true)]
    public void Data_are_saved_if_there_are_save_points_or_the_command_says_so(string configuration, string command, bool saves)
    {
        using var server = new TestServer(configuration);
        using var client = server.Connect();
        using var asked = new SemaphoreSlim(0);
        server.Server.Exit.Stop = _ => asked.Release();
        client.Call("SET a b");

        client.SendRaw(command + "\r\n");

        Assert.True(asked.Wait(TimeSpan.FromSeconds(10)));
        Assert.Equal(saves, File.Exists(server.Server.Saving.Path));
    }

    [Fact]
    public void A_server_that_cannot_save_goes_on_unless_forced()
    {
        using var server = new TestServer("save 60 1");
        using var client = server.Connect();
        using var asked = new SemaphoreSlim(0);
        server.Server.Exit.Stop = _ => asked.Release();
        server.Server.Saving.Files = new FailingFiles { FailsAt = FileStep.Write };

        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Call("SHUTDOWN"));
        Assert.Equal("+PONG", client.Call("PING"));
        client.SendRaw("SHUTDOWN FORCE\r\n");

        Assert.True(asked.Wait(TimeSpan.FromSeconds(10)));
    }
}
