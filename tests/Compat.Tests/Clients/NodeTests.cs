using System.Globalization;
using System.Runtime.CompilerServices;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>
/// ioredis and node-redis, and libraries whose work is done by scripts: the programs in the folder Node, whose packages npm puts there.
/// </summary>
public sealed class NodeTests
{
    [NodeFact]
    public Task Ioredis_works() => Run("ioredis.js");

    [NodeFact]
    public Task Node_redis_works() => Run("node-redis.js", "2");

    [NodeFact]
    public Task Node_redis_works_in_resp3() => Run("node-redis.js", "3");

    [NodeFact]
    public Task The_client_side_cache_of_node_redis_stays_true() => Run("client-cache.js");

    [NodeFact]
    public Task Two_processes_that_cache_see_what_a_third_one_writes() => Run("broadcast.js");

    /// <summary>Redlock, redis-semaphore, rate-limiter-flexible, Bee-Queue, and commands defined with ioredis.</summary>
    [NodeFact]
    public Task Locks_limiters_and_queues_made_of_scripts_work() => Run("scripts.js");

    [NodeFact]
    public Task Bullmq_loses_no_job_and_does_none_twice() => Run("bullmq.js", "10000");

    static async Task Run(string program, params string[] arguments)
    {
        using var server = new ServerProcess();
        string[] all = [Path.Combine(NodePackages.Folder, program), server.Port.ToString(CultureInfo.InvariantCulture), .. arguments];
        Assert.Equal("done\n", await Tool.Run("node", all));
    }
}

/// <summary>Where the programs are, and their packages beside them if npm was asked for these.</summary>
static class NodePackages
{
    public static string Folder { get; } = FindFolder();

    static readonly string[] s_names = ["bee-queue", "bullmq", "ioredis", "rate-limiter-flexible", "redis", "redis-semaphore", "redlock"];

    public static bool ArePresent => s_names.All(name => Directory.Exists(Path.Combine(Folder, "node_modules", name)));

    static string FindFolder()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "MiniRedis.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests", "Compat.Tests", "Node");
    }
}

[AttributeUsage(AttributeTargets.Method)]
sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = -1) : base(file, line)
    {
        if (!Tool.IsInstalled("node")) Skip = "node is not installed (Debian: apt install nodejs npm)";
        else if (!NodePackages.ArePresent) Skip = "the packages are not installed: npm install --prefix tests/Compat.Tests/Node";
    }
}
