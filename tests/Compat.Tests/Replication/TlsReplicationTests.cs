using System.Globalization;
using MiniRedis.Compat.Tests.Fuzzing;
using MiniRedis.Server.Tests;
using static MiniRedis.Compat.Tests.Replication.ReplicationChecks;

namespace MiniRedis.Compat.Tests.Replication;

/// <summary>Replication over TLS, each side with a certificate that the other one asks for, between servers of both kinds.</summary>
public sealed class TlsReplicationTests : IDisposable
{
    const int DefaultCommands = 3000;

    readonly TestCertificates _certificates = new();
    readonly List<IDisposable> _servers = [];

    public void Dispose()
    {
        foreach (var server in Enumerable.Reverse(_servers)) server.Dispose();
        _certificates.Dispose();
    }

    string Settings(string own) =>
        $"tls-cert-file {_certificates[own + ".crt"]}\ntls-key-file {_certificates[own + ".key"]}\ntls-ca-cert-file {_certificates["ca.crt"]}\n"
        + "tls-replication yes\nenable-debug-command yes\nrepl-diskless-sync-delay 0\nsave \"\"\n";

    /// <summary>A server with a TLS port, which follows the one at another port.</summary>
    (RawClient Client, int Port) Start(bool isReal, string own = "server", int master = 0, string configuration = "")
    {
        configuration = Settings(own) + configuration + (master == 0 ? "" : $"\nreplicaof 127.0.0.1 {master}\n");
        if (isReal)
        {
            var port = ServerProcess.FreePort();
            var real = new RedisServerProcess(configuration, "--tls-port", port.ToString(CultureInfo.InvariantCulture));
            _servers.Add(real);
            return (real.Connect(), port);
        }
        // Any number turns the listener on: the test's server chooses its port.
        var ours = new TestServer(configuration + "\ntls-port 1\n", realTime: true);
        _servers.Add(ours);
        return (ours.Connect(), ours.TlsPort);
    }

    [RedisServerTheory]
    [InlineData(false, false, "")]
    [InlineData(false, true, "")]
    [InlineData(true, false, "")]
    [InlineData(true, false, "repl-diskless-load swapdb")]
    public void Data_and_changes_pass_encrypted(bool isRealMaster, bool isRealReplica, string configuration)
    {
        var master = Start(isRealMaster);
        var commands = new CommandStream(RunSettings.Seed);
        Write(master.Client, commands, 1000);
        var replica = Start(isRealReplica, "client", master.Port, configuration);
        AssertEqual(master.Client, replica.Client);
        Write(master.Client, commands, RunSettings.Commands(DefaultCommands));
        AssertEqual(master.Client, replica.Client);
        Assert.Equal("1", Field(master.Client, "stats", "sync_full"));
    }

    [RedisServerTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_replica_whose_certificate_nobody_vouches_for_gets_nothing(bool isRealReplica)
    {
        var master = Start(isReal: false);
        master.Client.Call("SET k v");
        var replica = Start(isRealReplica, "selfsigned", master.Port);
        Await(
            () => Field(replica.Client, "replication", "master_link_down_since_seconds") is { Length: > 0 } since && since != "0",
            () => replica.Client.Call("INFO replication"));
        Assert.Equal(":0", replica.Client.Call("DBSIZE"));
        Assert.Equal("0", Field(master.Client, "stats", "sync_full"));
    }
}
