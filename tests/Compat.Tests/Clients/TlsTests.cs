using System.Globalization;
using System.Net;
using MiniRedis.Server.Tests;
using StackExchange.Redis;

namespace MiniRedis.Compat.Tests.Clients;

/// <summary>Clients of others over TLS, each with a certificate that the server asks for.</summary>
public sealed class TlsTests : IDisposable
{
    readonly TestCertificates _certificates = new();
    readonly int _port = ServerProcess.FreePort();
    readonly ServerProcess _server;

    public TlsTests() => _server = new ServerProcess(
        "--tls-port", Port, "--tls-cert-file", _certificates["server.crt"], "--tls-key-file", _certificates["server.key"],
        "--tls-ca-cert-file", _certificates["ca.crt"]);

    public void Dispose()
    {
        _server.Dispose();
        _certificates.Dispose();
    }

    string Port => _port.ToString(CultureInfo.InvariantCulture);

    string[] Files => [_certificates["ca.crt"], _certificates["client.crt"], _certificates["client.key"]];

    string[] Cli(params string[] arguments) =>
        ["-p", Port, "--tls", "--cacert", Files[0], "--cert", Files[1], "--key", Files[2], .. arguments];

    [ToolFact("redis-cli", "redis-tools")]
    public async Task Redis_cli_and_redis_benchmark_work()
    {
        Assert.Equal("OK\n", await Tool.Run("redis-cli", Cli("SET", "k", "v")));
        Assert.Equal("v\n", await Tool.Run("redis-cli", Cli("-3", "GET", "k")));
        var (code, _, error) = await Tool.Try("redis-cli", ["-p", Port, "--tls", "--cacert", Files[0], "PING"]);
        Assert.NotEqual(0, code);
        Assert.NotEqual("", error);
        await Tool.Run("redis-benchmark", Cli("-n", "20000", "-P", "16", "-q", "-t", "set,get,lrange_600"));
        Assert.Equal("PONG\n", await Tool.Run("redis-cli", Cli("PING")));
    }

    [Theory]
    [InlineData(RedisProtocol.Resp2)]
    [InlineData(RedisProtocol.Resp3)]
    public async Task StackExchange_Redis_works(RedisProtocol protocol)
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{Port},ssl=true,allowAdmin=true,syncTimeout=10000,connectTimeout=10000");
        options.Protocol = protocol;
        options.SetUserPemCertificate(Files[1], Files[2]);
        options.TrustIssuer(Files[0]);
        options.CertificateValidation += (_, certificate, _, _) => certificate is not null;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var db = connection.GetDatabase();
        var value = new byte[200_000];
        new Random(1).NextBytes(value);
        Assert.True(await db.StringSetAsync("k", value));
        Assert.Equal(value, (byte[]?)await db.StringGetAsync("k"));
        var all = Enumerable.Range(0, 1000).Select(_ => db.StringIncrementAsync("n")).ToList();
        Assert.Equal(1000, (await Task.WhenAll(all)).Max());
        var heard = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await connection.GetSubscriber().SubscribeAsync(RedisChannel.Literal("c"), (_, message) => heard.TrySetResult(message));
        await connection.GetSubscriber().PublishAsync(RedisChannel.Literal("c"), "hello");
        Assert.Equal("hello", await heard.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
    }

    const string PythonScript = """
        import sys, redis
        port, ca, cert, key = int(sys.argv[1]), *sys.argv[2:5]
        files = dict(ssl_ca_certs=ca, ssl_check_hostname=False)
        r = redis.Redis(port=port, ssl=True, ssl_certfile=cert, ssl_keyfile=key, **files)
        assert r.set('k', b'x' * 100000) and r.get('k') == b'x' * 100000
        with r.pipeline(transaction=False) as p:
            for i in range(1000): p.incr('n')
            assert p.execute() == list(range(1, 1001))
        try:
            redis.Redis(port=port, ssl=True, **files).ping()
            assert False
        except (redis.ConnectionError, OSError):
            pass
        print('done')
        """;

    [RedisPyFact(2)]
    public async Task Redis_py_works() => Assert.Equal("done\n", await Tool.Run(RedisPyFactAttribute.Python, ["-c", PythonScript, Port, .. Files]));

    [NodeFact]
    public async Task Ioredis_and_node_redis_work() =>
        Assert.Equal("done\n", await Tool.Run("node", [Path.Combine(NodePackages.Folder, "tls.js"), Port, .. Files]));

    async Task<(string Output, string Error)> Client(string input, params string[] arguments)
    {
        var (_, output, error) = await Tool.Try(
            "openssl", ["s_client", "-connect", $"127.0.0.1:{Port}", "-CAfile", Files[0], "-cert", Files[1], "-key", Files[2], .. arguments], input);
        return (output, error);
    }

    [ToolFact("openssl", "openssl")]
    public async Task Old_versions_are_refused()
    {
        foreach (var version in (string[])["-tls1", "-tls1_1"])
        {
            var (output, error) = await Client("PING\n", version, "-cipher", "DEFAULT:@SECLEVEL=0");
            Assert.DoesNotContain("PONG", output, StringComparison.Ordinal);
            Assert.Contains("alert protocol version", error, StringComparison.Ordinal);
        }
    }

    [ToolFact("openssl", "openssl")]
    public async Task Sessions_are_resumed_until_caching_is_switched_off()
    {
        using var plain = _server.Connect();
        Assert.Contains("Reused, TLSv1.2", (await Client("", "-tls1_2", "-reconnect")).Output, StringComparison.Ordinal);
        Assert.Equal("+OK", plain.Call("CONFIG SET tls-session-caching no"));
        Assert.DoesNotContain("Reused, TLSv1.2", (await Client("", "-tls1_2", "-reconnect")).Output, StringComparison.Ordinal);
    }

    /// <summary>As redis-server measured by the same: 34 KB.</summary>
    [Fact]
    public void An_idle_connection_takes_less_memory_than_one_of_redis()
    {
        if (!OperatingSystem.IsLinux()) return;
        const int Count = 500;
        // A small heap: what handshakes leave there is collected, not counted here.
        const long HeapBytes = 24 * 1024 * 1024;
        var port = ServerProcess.FreePort();
        using var process = new ServerProcess(
            HeapBytes,
            [
                "--tls-port", port.ToString(CultureInfo.InvariantCulture), "--tls-cert-file", _certificates["server.crt"],
                "--tls-key-file", _certificates["server.key"], "--tls-auth-clients", "no",
            ]);
        var server = new IPEndPoint(IPAddress.Loopback, port);
        var clients = new List<RawClient>();
        void Connect()
        {
            var client = new RawClient(server, _certificates.ClientOptions(null));
            Assert.Equal("+PONG", client.Call("PING"));
            clients.Add(client);
        }

        // What the first ones bring once for all: code, the library, buffers of the loops.
        for (var i = 0; i < 300; i++) Connect();
        var before = process.Memory().Resident;
        for (var i = 0; i < Count; i++) Connect();
        var each = (process.Memory().Resident - before) / Count;
        foreach (var client in clients) client.Dispose();
        Assert.InRange(each, 0, 34 * 1024);
    }
}
