namespace MiniRedis.Server.Tests.Commands.Administration.Debugging;

public sealed class DebugCommandsFaultsTests
{
    [Theory]
    [InlineData("DEBUG PANIC", "Guru Meditation: DEBUG PANIC called at Unix time 1767225600")]
    [InlineData("DEBUG ASSERT", "==> DEBUG ASSERT '1 == 2' is not true")]
    public void A_fault_ends_the_server_with_a_report_that_holds_no_data(string command, string reason)
    {
        LogLines log = new();
        List<int> exits = [];
        using var server = new TestServer("enable-debug-command yes", log: log, exits: exits.Add);
        using var client = server.Connect();
        client.Call("CLIENT SETNAME nobody-is-to-see-this");
        client.Call("SET secret-key secret-value");
        client.Send(command);
        Assert.True(client.IsClosedByServer());
        Assert.Equal([1], exits);
        Assert.True(server.Server.Exit.IsTorn);
        Assert.Contains(reason, log.Text, StringComparison.Ordinal);
        Assert.Contains("------ LAST COMMAND ------\ndebug (running)", log.Text, StringComparison.Ordinal);
        Assert.Contains("\ndb0:keys=1,expires=0,avg_ttl=0,subexpiry=0", log.Text, StringComparison.Ordinal);
        Assert.Contains("cmdstat_set:calls=1", log.Text, StringComparison.Ordinal);
        Assert.Contains("------ CURRENT CLIENT INFO ------\nid=", log.Text, StringComparison.Ordinal);
        Assert.Contains("name=*redacted*", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-", log.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("nobody-is-to", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_clients_are_in_the_report_where_user_data_may_be_logged()
    {
        LogLines log = new();
        using var server = new TestServer("enable-debug-command yes\nhide-user-data-from-log no", log: log, exits: _ => { });
        using var client = server.Connect();
        client.Call("CLIENT SETNAME shown");
        client.Send("DEBUG PANIC");
        Assert.True(client.IsClosedByServer());
        Assert.Contains("name=shown", log.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_between_commands_names_the_last_one()
    {
        LogLines log = new();
        using var server = new TestServer(log: log);
        using var client = server.Connect();
        client.Call("CONFIG GET port");
        lock (server.Server.Executor.ExecutorLock) server.Server.Crash.Write(["because"], "");
        Assert.Contains("------ LAST COMMAND ------\nconfig|get (ended)", log.Text, StringComparison.Ordinal);
        Assert.Contains("------ CURRENT CLIENT INFO ------\nnone", log.Text, StringComparison.Ordinal);
    }
}
