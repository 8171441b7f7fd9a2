using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Clients;

public sealed class RunningCallTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    [Fact]
    public void The_innermost_call_is_the_one_that_runs_and_after_it_the_outer_one()
    {
        var running = new RunningCall();
        var (exec, set) = (LoneParts.Command("EXEC"), LoneParts.Command("SET"));
        var client = _parts.Connect();
        Assert.Null(running.Command);
        var outermost = running.Enter(exec, client);
        var outer = running.Enter(set, client);
        Assert.Equal(set, running.Command);
        running.Leave(outer);
        Assert.Equal(exec, running.Command);
        running.Leave(outermost);
        Assert.Null(running.Command);
        Assert.Null(running.Client);
    }

    [Fact]
    public void After_an_exception_none_runs()
    {
        var running = new RunningCall();
        var client = _parts.Connect();
        running.Enter(LoneParts.Command("EXEC"), client);
        running.Enter(LoneParts.Command("SET"), client);
        running.LeaveAll();
        Assert.Null(running.Client);
        Assert.Null(running.Command);
    }
}
