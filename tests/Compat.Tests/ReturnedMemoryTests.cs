using System.Diagnostics;
using System.Globalization;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests;

/// <summary>
/// Memory that traffic takes is counted while it is held and given back afterwards, and none of it is the collected heap's, which is bounded
/// here. One server a kind of load: each takes 50 to 100 MB. bench/compare ("returned") does the same with more, beside redis-server.
/// </summary>
public sealed class ReturnedMemoryTests
{
    /// <summary>Bytes that the collected heap may have in all. The loads would need more if any of them lay there.</summary>
    const long MostHeap = 32 << 20;

    /// <summary>What a process takes beside its data while it works: the goal is 25 MB, and the JIT's code is as much again.</summary>
    const long Beside = 50 << 20;

    /// <summary>What it may keep: the goal is 10 MB, and what the JIT has compiled meanwhile, which grows with the program.</summary>
    const long Kept = 30 << 20;

    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    static string Requests(int count, params string[] words) => string.Concat(Enumerable.Repeat(RawClient.Encode(words), count));

    /// <summary>Takes memory and hands over the clients that hold it.</summary>
    delegate List<RawClient> Load(ServerProcess server);

    /// <summary>Directives, bytes of used_memory that the load takes at least, and the load.</summary>
    static readonly Dictionary<string, (string[] Directives, long Least, Load Run)> s_loads = new()
    {
        ["small replies"] = ([], 50_000_000, server => Unread(server, clients: 1, batches: 80, perBatch: 1000, valueBytes: 1000)),
        ["large replies"] = ([], 50_000_000, server => Unread(server, clients: 1, batches: 1, perBatch: 8, valueBytes: 10_000_000)),
        ["requests"] = ([], 70_000_000, HalfRequests),
        ["subscribers"] = (["--client-output-buffer-limit", "pubsub 0 0 0"], 40_000_000, Subscribers),
        ["monitors"] = ([], 40_000_000, Monitors),
        ["transaction"] = ([], 10_000_000, Transaction),
        ["one value"] = ([], 60_000_000, OneValue),
    };

    static List<RawClient> Unread(ServerProcess server, int clients, int batches, int perBatch, int valueBytes)
    {
        using var writer = server.Connect();
        Assert.Equal("+OK", writer.CallWords("SET", "k", new string('v', valueBytes)));
        var open = Enumerable.Range(0, clients).Select(_ => server.Connect()).ToList();
        var requests = Requests(perBatch, "GET", "k");
        for (var i = 0; i < batches; i++)
        {
            foreach (var client in open) client.TrySendRaw(requests);
        }
        return open;
    }

    static List<RawClient> HalfRequests(ServerProcess server)
    {
        var open = new List<RawClient>();
        for (var i = 0; i < 8; i++)
        {
            open.Add(server.Connect());
            open[i].SendRaw("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$10000000\r\n" + new string('v', 9_999_999));
        }
        return open;
    }

    static List<RawClient> Subscribers(ServerProcess server)
    {
        var open = Enumerable.Range(0, 8).Select(_ => server.Connect()).ToList();
        foreach (var client in open) client.Call("SUBSCRIBE news");
        open.Add(server.Connect());
        var message = new string('m', 10_000);
        for (var i = 0; i < 1500; i++) Assert.Equal(":8", open[^1].CallWords("PUBLISH", "news", message));
        return open;
    }

    static List<RawClient> Monitors(ServerProcess server)
    {
        var open = Enumerable.Range(0, 8).Select(_ => server.Connect()).ToList();
        foreach (var client in open) Assert.Equal("+OK", client.Call("MONITOR"));
        open.Add(server.Connect());
        var text = new string('m', 10_000);
        for (var i = 0; i < 1500; i++) Assert.Equal("$10000", open[^1].CallWords("ECHO", text)[..6]);
        return open;
    }

    static List<RawClient> Transaction(ServerProcess server)
    {
        var client = server.Connect();
        Assert.Equal("+OK", client.Call("MULTI"));
        var requests = Requests(1000, "SET", "key", "value");
        for (var i = 0; i < 300; i++)
        {
            client.SendRaw(requests);
            for (var j = 0; j < 1000; j++) client.Read();
        }
        // The cron notes the peak now and then; who asks has it noted at once.
        using (var observer = server.Connect()) observer.Call("MEMORY STATS");
        Assert.Equal(300_000, client.Call("EXEC").Split("+OK").Length - 1);
        return [client];
    }

    static List<RawClient> OneValue(ServerProcess server)
    {
        var client = server.Connect();
        var value = new string('v', 60_000_000);
        Assert.Equal("+OK", client.CallWords("SET", "k", value));
        Assert.Equal(value.Length + "$60000000 ".Length, client.Call("GET k").Length);
        Assert.Equal(":1", client.Call("DEL k"));
        return [client];
    }

    public static TheoryData<string> Loads => [.. s_loads.Keys];

    [Theory]
    [MemberData(nameof(Loads))]
    public void What_a_load_has_taken_is_counted_and_given_back_and_lies_outside_the_collected_heap(string name)
    {
        if (!OperatingSystem.IsLinux()) return; // reads /proc
        var (directives, least, run) = s_loads[name];
        using var server = new ServerProcess(MostHeap, directives);
        using var observer = server.Connect();
        observer.Call("PING");
        var before = server.Memory().Resident;
        var open = run(server);
        Await(() => Field(observer, "used_memory_peak") >= least, () => $"{name} counts {Field(observer, "used_memory_peak")} bytes");
        foreach (var client in open) client.Dispose();
        Await(() => server.Memory().Resident <= before + Kept, () => $"{name}: {server.Memory().Resident - before} bytes are kept");
        var used = Field(observer, "used_memory_peak");
        Assert.InRange(server.Memory().Peak - before, 0, used * 23 / 20 + Beside);
    }

    [Fact]
    public void Clients_that_may_take_so_much_together_do_not_take_more_for_a_moment()
    {
        if (!OperatingSystem.IsLinux()) return; // reads /proc
        using var server = new ServerProcess(MostHeap, ["--maxmemory-clients", "40mb"]);
        using var observer = server.Connect();
        observer.Call("CLIENT NO-EVICT ON");
        var before = server.Memory().Resident;
        var open = Unread(server, clients: 40, batches: 10, perBatch: 1000, valueBytes: 1000);
        Await(() => Field(observer, "evicted_clients") > 0, () => "nobody was evicted");
        Assert.InRange(server.Memory().Peak - before, 0, (40 << 20) * 23 / 20 + Beside);
        foreach (var client in open) client.Dispose();
    }

    [Fact]
    public void A_value_that_is_more_than_a_client_may_have_is_not_copied_for_it()
    {
        if (!OperatingSystem.IsLinux()) return; // reads /proc
        using var server = new ServerProcess(MostHeap, ["--client-output-buffer-limit", "normal 1mb 0 0 pubsub 1mb 0 0"]);
        using var observer = server.Connect();
        Assert.Equal(":200000000", observer.Call("SETRANGE k 199999999 x"));
        var before = server.Memory().Peak;
        for (var i = 0; i < 5; i++)
        {
            using var client = server.Connect();
            client.TrySendRaw(RawClient.Encode("GET", "k"));
            Assert.Equal("", client.ReadToEnd());
        }
        Assert.InRange(server.Memory().Peak - before, 0, 50 << 20);
    }

    [Theory]
    [InlineData("local t = {} while true do t[#t + 1] = {} end")]
    [InlineData("local s = 'x' while true do s = s .. s end")]
    public void What_a_script_has_taken_is_bounded_and_given_back(string script)
    {
        if (!OperatingSystem.IsLinux()) return; // reads /proc
        const long Most = 96 << 20;
        using var server = new ServerProcess(MostHeap, ["--script-memory-limit", Most.ToString(CultureInfo.InvariantCulture)]);
        using var client = server.Connect();
        Assert.Equal(":1", client.CallWords("EVAL", "return 1", "0"));
        var before = server.Memory().Resident;
        Assert.EndsWith("not enough memory", client.CallWords("EVAL", script, "0"));
        // Freed blocks of other sizes than those that are asked for lie between; and marking takes a list.
        Assert.InRange(server.Memory().Peak - before, Most / 4, Most * 3 / 2 + Beside);
        Await(() => server.Memory().Resident <= before + Kept, () => $"{server.Memory().Resident - before} bytes are kept");
    }

    static long Field(RawClient client, string name)
    {
        var info = client.Call("INFO everything");
        var start = info.IndexOf($"\n{name}:", StringComparison.Ordinal) + name.Length + 2;
        return long.Parse(info[start..info.IndexOf('\r', start)], CultureInfo.InvariantCulture);
    }

    static void Await(Func<bool> condition, Func<string> complaint)
    {
        for (var waited = Stopwatch.StartNew(); !condition(); Thread.Yield()) Assert.True(waited.Elapsed < s_patience, complaint());
    }
}
