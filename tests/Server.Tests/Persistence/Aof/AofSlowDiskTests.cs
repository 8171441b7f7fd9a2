using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Persistence.Aof;

public sealed class AofSlowDiskTests : IDisposable
{
    readonly AofDirectory _directory = new();

    public void Dispose()
    {
        _directory.Files.ReleaseSyncs();
        _directory.Dispose();
    }

    [Fact]
    public void While_the_disk_is_behind_a_transaction_that_writes_waits_as_a_whole_and_one_that_reads_does_not()
    {
        using var server = _directory.Start("appendfsync everysec");
        using RawClient client = server.Connect(), writer = server.Connect();
        Assert.Equal(":1", client.Call("INCR a"));
        _directory.Files.Only = ".incr.aof";
        _directory.Files.HoldSyncs();
        server.Advance(TimeSpan.FromMilliseconds(2001));
        server.TickUntil(() => server.Server.Aof.HoldsWrites);
        client.Run("""
            MULTI
            -> +OK
            GET a
            -> +QUEUED
            EXEC
            -> *1 $1 1
            MULTI
            -> +OK
            INCR a
            -> +QUEUED
            DISCARD
            -> +OK
            NOSUCH
            -> -ERR unknown command 'NOSUCH', with args beginning with: 
            """);
        Assert.Equal("+OK", writer.Call("MULTI"));
        Assert.Equal("+QUEUED", writer.Call("INCR a"));
        writer.Send("EXEC");
        server.TickUntil(() => server.Server.Clients.All.Any(c => c.Has(ClientFlags.Paused)));
        Assert.Equal("$1 1", client.Call("GET a"));
        _directory.Files.ReleaseSyncs();
        server.TickUntil(() => !server.Server.Aof.HoldsWrites);
        Assert.Equal("*1 :2", writer.Read());
    }
}
