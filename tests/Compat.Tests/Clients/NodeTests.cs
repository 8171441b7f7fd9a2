using System.Globalization;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>
/// ioredis and node-redis. Their packages are kept in a folder under the system's temporary one; they are fetched only where
/// MINIREDIS_NPM_TESTS=1 asks for it, so that an ordinary test run needs no network.
/// </summary>
public sealed class NodeTests
{
    const string IoRedis = """
        const Redis = require('ioredis'), assert = require('assert');
        (async () => {
            const r = new Redis({ port: +process.argv[2], db: 1, connectionName: 'compat' });
            assert.equal(await r.set('k', 'v', 'EX', 100), 'OK');
            assert.equal(await r.get('k'), 'v');
            assert.equal(await r.get('missing'), null);
            assert.deepEqual((await r.getBuffer('k')).toString(), 'v');
            assert.equal(await r.incrby('n', 5), 5);
            const replies = await Promise.all(Array.from({ length: 1000 }, (_, i) => r.set('p' + i, i).then(() => r.get('p' + i))));
            assert.deepEqual(replies, Array.from({ length: 1000 }, (_, i) => String(i)));
            const p = await r.pipeline().mset('a', 1, 'b', 2).mget('a', 'b', 'c').del('a', 'b').exec();
            assert.deepEqual(p, [[null, 'OK'], [null, ['1', '2', null]], [null, 2]]);
            let seen = 0;
            for await (const keys of r.scanStream({ match: 'p*', count: 50 })) seen += keys.length;
            assert.equal(seen, 1000);
            await assert.rejects(r.call('NOPE'), /unknown command/);
            assert.match(await r.client('INFO'), / name=compat .* db=1 /);
            await r.quit();
            console.log('done');
        })().catch(e => { console.error(e); process.exit(1); });
        """;

    const string NodeRedis = """
        const { createClient } = require('redis'), assert = require('assert');
        (async () => {
            const r = createClient({ socket: { port: +process.argv[2] }, RESP: +process.argv[3], name: 'compat', database: 2 });
            await r.connect();
            assert.equal(await r.set('k', 'v', { PX: 100000, NX: true }), 'OK');
            assert.equal(await r.get('k'), 'v');
            assert.equal(await r.get('missing'), null);
            assert.equal(await r.incrBy('n', 5), 5);
            assert.ok(await r.ttl('k') > 90);
            assert.deepEqual(await Promise.all(Array.from({ length: 1000 }, (_, i) => r.incr('c'))), Array.from({ length: 1000 }, (_, i) => i + 1));
            assert.deepEqual(await r.mGet(['k', 'n', 'missing']), ['v', '5', null]);
            const info = await r.clientInfo();
            assert.equal(info.name, 'compat');
            assert.equal(info.db, 2);
            assert.equal(info.libName, 'node-redis');
            await assert.rejects(r.sendCommand(['NOPE']), /unknown command/);
            r.destroy();
            console.log('done');
        })().catch(e => { console.error(e); process.exit(1); });
        """;

    [NodeFact]
    public Task Ioredis_works() => Run(IoRedis);

    [NodeFact]
    public Task Node_redis_works() => Run(NodeRedis, "2");

    [NodeFact]
    public Task Node_redis_works_in_resp3() => Run(NodeRedis, "3");

    static async Task Run(string script, params string[] arguments)
    {
        await NodePackages.Install();
        using var server = new ServerProcess();
        string[] all = ["-e", script, "script", server.Port.ToString(CultureInfo.InvariantCulture), .. arguments];
        Assert.Equal("done\n", await Tool.Run("node", all, directory: NodePackages.Folder));
    }
}

/// <summary>Where the packages are, and how they get there.</summary>
static class NodePackages
{
    static readonly SemaphoreSlim s_installing = new(1);

    public static string Folder { get; } = Path.Combine(Path.GetTempPath(), "miniredis-npm");

    public static bool ArePresent =>
        Directory.Exists(Path.Combine(Folder, "node_modules", "ioredis")) && Directory.Exists(Path.Combine(Folder, "node_modules", "redis"));

    public static async Task Install()
    {
        await s_installing.WaitAsync();
        try
        {
            if (ArePresent) return;
            Directory.CreateDirectory(Folder);
            await Tool.Run("npm", ["install", "--prefix", Folder, "--no-audit", "--no-fund", "--ignore-scripts", "ioredis@5", "redis@5"]);
        }
        finally
        {
            s_installing.Release();
        }
    }
}

[AttributeUsage(AttributeTargets.Method)]
sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute()
    {
        var mayInstall = Environment.GetEnvironmentVariable("MINIREDIS_NPM_TESTS") == "1" && Tool.IsInstalled("npm");
        if (!Tool.IsInstalled("node")) Skip = "node is not installed (Debian: apt install nodejs npm)";
        else if (!NodePackages.ArePresent && !mayInstall) Skip = "ioredis and node-redis are not installed; MINIREDIS_NPM_TESTS=1 has npm fetch them";
    }
}
