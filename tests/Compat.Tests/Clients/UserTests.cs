using System.Globalization;
using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>Clients that log in as a user that may use the keys and channels of one application only.</summary>
public sealed class UserTests : IDisposable
{
    const string User = "app", Password = "secret";

    readonly TestServer _server = new($"""
        user default off
        user {User} on >{Password} ~app:* &app:* +@all -@dangerous -@admin +info
        """, realTime: true);

    string Port => _server.Port.ToString(CultureInfo.InvariantCulture);

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData("resp2")]
    [InlineData("resp3")]
    public async Task StackExchange_redis_works_within_its_rights(string protocol)
    {
        var options = $"127.0.0.1:{Port},user={User},protocol={protocol},syncTimeout=10000,connectTimeout=10000,password=";
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options + Password);
        var db = connection.GetDatabase();
        Assert.True(await db.StringSetAsync("app:k", "v"));
        Assert.Equal("v", (string?)await db.StringGetAsync("app:k"));
        var refused = await Assert.ThrowsAsync<RedisServerException>(() => db.StringGetAsync("other"));
        Assert.StartsWith("NOPERM No permissions to access a key", refused.Message, StringComparison.Ordinal);
        var heard = await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal("app:news"));
        await db.PublishAsync(RedisChannel.Literal("app:news"), "hello");
        Assert.Equal("hello", (string?)(await heard.ReadAsync()).Message);
        var stranger = await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(options + "wrong"));
        Assert.Contains("WRONGPASS", stranger.ToString(), StringComparison.Ordinal);
    }

    [RedisPyFact(2)]
    public async Task Redis_py_works_within_its_rights()
    {
        const string Program = """
            import sys, redis
            port, user, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
            r = redis.Redis(port=port, username=user, password=password)
            assert r.set('app:k', 'v') and r.get('app:k') == b'v'
            for refused in (lambda: r.get('other'), lambda: r.flushall(), lambda: r.rename('app:k', 'other')):
                try:
                    refused()
                    assert False
                except redis.exceptions.NoPermissionError as e:
                    assert 'no permissions' in str(e).lower()
            with r.pipeline() as p:
                p.set('app:a', 1)
                p.get('other')
                try:
                    p.execute()
                    assert False
                except redis.ResponseError as e:
                    assert 'no permissions' in str(e).lower()
            assert r.get('app:a') is None
            try:
                redis.Redis(port=port, username=user, password='wrong').ping()
                assert False
            except redis.ResponseError as e:
                assert 'invalid username-password' in str(e)
            print('done')
            """;
        Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", Program, Port, User, Password]));
    }

    [NodeFact]
    public async Task Ioredis_and_node_redis_work_within_their_rights() =>
        Assert.Equal("done\n", await Tool.Run("node", [Path.Combine(NodePackages.Folder, "users.js"), Port]));

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Redis_cli_works_within_its_rights()
    {
        string[] login = ["-p", Port, "--user", User, "--pass", Password, "--no-auth-warning"];
        Assert.Equal("OK\n", await Tool.Run("redis-cli", [.. login, "SET", "app:k", "v"]));
        Assert.Contains("NOPERM No permissions to access a key", await Tool.Run("redis-cli", [.. login, "GET", "other"]), StringComparison.Ordinal);
        Assert.Contains("NOAUTH", await Tool.Run("redis-cli", ["-p", Port, "GET", "app:k"]), StringComparison.Ordinal);
    }
}
