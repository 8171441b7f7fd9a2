using System.Diagnostics;

namespace MiniRedis.Server.Tests;

/// <summary>Sentinels of this process that watch servers of this process, over real sockets.</summary>
public sealed class SentinelRunnerTests : IDisposable
{
    readonly List<IDisposable> _made = [];

    public void Dispose()
    {
        foreach (var one in Enumerable.Reverse(_made)) one.Dispose();
    }

    TestServer Serve(string configuration = "")
    {
        var server = new TestServer("repl-diskless-sync-delay 0\n" + configuration, realTime: true);
        _made.Add(server);
        return server;
    }

    TestServer Watch(TestServer master, int quorum, string more = "")
    {
        var sentinel = new TestServer(
            // With a past: a Sentinel without one does not vote for a while.
            $"sentinel myid {Guid.NewGuid():N}01234567\nsentinel monitor mymaster 127.0.0.1 {master.Port} {quorum}\nsentinel down-after-milliseconds mymaster 500\n"
            + "sentinel failover-timeout mymaster 5000\n" + more,
            realTime: true, sentinel: true);
        // What it tells others of its address comes from its configuration, and the test's is none.
        lock (sentinel.Server.Executor.ExecutorLock) sentinel.Server.Sentinel!.Machine.Settings.AnnouncePort = sentinel.Port;
        _made.Add(sentinel);
        return sentinel;
    }

    static void Until(TestServer server, string command, Func<string, bool> condition)
    {
        using var client = server.Connect();
        var reply = "";
        for (var patience = Stopwatch.StartNew(); patience.Elapsed < TimeSpan.FromSeconds(40); Thread.Yield())
        {
            reply = client.Call(command);
            if (condition(reply)) return;
        }
        Assert.Fail($"{command} still says {reply}");
    }

    static bool Has(string reply, string field, string value) => reply.Contains($"{field} ${value.Length} {value}", StringComparison.Ordinal);

    [Fact]
    public void A_master_that_dies_is_replaced_by_its_replica_and_everybody_knows()
    {
        var master = Serve();
        var replica = Serve();
        using (var client = replica.Connect()) Assert.Equal("+OK", client.Call($"REPLICAOF 127.0.0.1 {master.Port}"));
        Until(replica, "INFO replication", r => r.Contains("master_link_status:up", StringComparison.Ordinal));
        TestServer[] sentinels = [Watch(master, 2), Watch(master, 2), Watch(master, 2)];
        foreach (var sentinel in sentinels)
            Until(sentinel, "SENTINEL MASTER mymaster", r => Has(r, "num-slaves", "1") && Has(r, "num-other-sentinels", "2"));
        using var listener = sentinels[0].Connect();
        Assert.StartsWith("*3 $9 subscribe", listener.Call("SUBSCRIBE +switch-master"));
        master.Stop();
        foreach (var sentinel in sentinels)
            Until(sentinel, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster", r => r.EndsWith($" {replica.Port}", StringComparison.Ordinal));
        Until(replica, "ROLE", r => r.StartsWith("*3 $6 master", StringComparison.Ordinal));
        var text = $"mymaster 127.0.0.1 {master.Port} 127.0.0.1 {replica.Port}";
        Assert.Equal($"*3 $7 message $14 +switch-master ${text.Length} {text}", listener.Read());
        Assert.Contains($"sentinel monitor mymaster 127.0.0.1 {replica.Port} 2", File.ReadAllText(Path.Combine(sentinels[0].Directory, "sentinel.conf")));
    }

    [Fact]
    public void A_notification_script_is_told_of_events()
    {
        var master = Serve();
        var told = Path.Combine(master.Directory, "told");
        var script = Path.Combine(master.Directory, "notify.sh");
        File.WriteAllText(script, $"#!/bin/sh\necho \"$1 $2\" >> {told}\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var sentinel = Watch(master, 1, $"sentinel notification-script mymaster {script}\n");
        Until(sentinel, "INFO sentinel", r => r.Contains("sentinel_scripts_queue_length:0", StringComparison.Ordinal) && File.Exists(told));
        Assert.Contains($"+monitor master mymaster 127.0.0.1 {master.Port} quorum 1\n", File.ReadAllText(told));
    }

    [Fact]
    public void Hostnames_are_resolved_and_announced_where_that_is_asked_for()
    {
        var master = Serve();
        var sentinel = Watch(master, 1, "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n");
        using var client = sentinel.Connect();
        Assert.Equal("+OK", client.Call($"SENTINEL MONITOR named localhost {master.Port} 1"));
        Assert.StartsWith("*2 $9 localhost", client.Call("SENTINEL GET-MASTER-ADDR-BY-NAME named"));
        Until(sentinel, "SENTINEL MASTER named", r => Has(r, "flags", "master") && r.Contains("runid $40", StringComparison.Ordinal));
    }
}
