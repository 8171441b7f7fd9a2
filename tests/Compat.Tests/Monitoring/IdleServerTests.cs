using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>A server in a process of its own, since what INFO compares with the resident memory is the process's.</summary>
public sealed class IdleServerTests
{
    [Theory]
    [InlineData("mem_fragmentation_ratio")]
    [InlineData("allocator_frag_ratio")]
    [InlineData("allocator_rss_ratio")]
    [InlineData("rss_overhead_ratio")]
    public void An_idle_server_gives_no_cause_for_alarm(string field)
    {
        using var server = new ServerProcess();
        using var client = new RawClient(server.Port);
        var line = client.Call("INFO memory").Split("\r\n").Single(l => l.StartsWith(field + ":", StringComparison.Ordinal));
        Assert.InRange(double.Parse(line[(field.Length + 1)..], CultureInfo.InvariantCulture), 0.5, 1.5);
    }
}
