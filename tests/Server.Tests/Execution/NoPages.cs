using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>The system gives no address space, or does again.</summary>
sealed class NoPages : MemoryTrial
{
    public bool IsOver { get; set; }

    public override bool GrantsPages(nuint bytes) => IsOver;

    /// <summary>The server's system gives no more from now on. Uses the server's reserve up.</summary>
    public void Exhaust(TestServer server, RawClient client)
    {
        lock (server.Server.Executor.ExecutorLock) server.Server.Keyspace.Arena.Trial = this;
        var keys = 0;
        foreach (var bytes in (int[])[30_000, 5_000])
        {
            var value = new string('x', bytes);
            while (!client.Call($"SET fill{keys++} {value}").StartsWith("-OOM", StringComparison.Ordinal)) Assert.True(keys < 100_000);
        }
    }
}
