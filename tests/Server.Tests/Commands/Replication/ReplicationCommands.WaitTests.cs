namespace MiniRedis.Server.Tests.Commands.Replication;

public sealed class ReplicationCommandsWaitTests
{
    [Fact]
    public void Wait_answers_when_enough_replicas_have_the_writes()
    {
        using var server = new TestServer("repl-diskless-sync no");
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.Call("SET a 1");
        client.Send("WAIT 1 0");
        replica.Expect("SELECT 0", "SET a 1", "REPLCONF GETACK *");
        replica.Client.Send("REPLCONF ACK 1");
        server.TickUntil(() => server.Server.Replicas.CountAcks(1) == 1);
        Assert.Equal(0, client.Socket.Available);
        replica.Client.Send($"REPLCONF ACK {replica.Offset + replica.Read}");
        Assert.Equal(":1", client.Read());
        // The writes are acknowledged already.
        Assert.Equal(":1", client.Call("WAIT 1 0"));
        Assert.Equal(":1", client.Call("WAIT 0 0"));
        Assert.Equal(":1", client.Call("WAIT -1 0"));
    }

    [Fact]
    public void Wait_answers_what_there_is_when_its_time_is_over()
    {
        using var server = new TestServer("repl-diskless-sync no");
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.SendRaw("SET a 1\r\nWAIT 2 500\r\n");
        Assert.Equal("+OK", client.Read());
        replica.Expect("SELECT 0", "SET a 1", "REPLCONF GETACK *");
        replica.Client.Send($"REPLCONF ACK {replica.Offset + replica.Read}");
        server.TickUntil(() => server.Server.Replicas.CountAcks(1) == 1);
        server.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(":1", client.Read());
        Assert.Equal(0, server.Server.Blocking.Count);
    }

    [Fact]
    public void Wait_does_not_wait_in_a_transaction_and_can_be_ended()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        using var other = server.Connect();
        client.Run("""
            MULTI
            -> +OK
            SET a 1
            -> +QUEUED
            WAIT 1 0
            -> +QUEUED
            EXEC
            -> *2 +OK :0
            WAIT x 0
            -> -ERR value is not an integer or out of range
            WAIT 1 -1
            -> -ERR timeout is negative
            CLIENT ID
            -> :1
            """);
        client.Send("WAIT 1 0");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        Assert.Equal(":1", other.Call("CLIENT UNBLOCK 1 ERROR"));
        Assert.Equal("-UNBLOCKED client unblocked via CLIENT UNBLOCK", client.Read());
        client.Send("WAIT 1 0");
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        Assert.Equal(":1", other.Call("CLIENT UNBLOCK 1"));
        Assert.Equal(":0", client.Read());
    }

    [Fact]
    public void Waitaof_waits_for_disks()
    {
        using var server = new TestServer("repl-diskless-sync no\nappendonly yes\nappendfsync everysec");
        using var client = server.Connect();
        using var replica = new FakeReplica(server);
        replica.FullSync();
        client.SendRaw("SET a 1\r\nWAITAOF 1 0 0\r\n");
        Assert.Equal("+OK", client.Read());
        server.TickUntil(() => server.Server.Blocking.Count == 1);
        server.Advance(TimeSpan.FromSeconds(1));
        server.TickUntil(() => server.Server.Blocking.Count == 0);
        Assert.Equal("*2 :1 :0", client.Read());
        client.Send("WAITAOF 1 1 0");
        replica.Expect("SELECT 0", "SET a 1");
        while (replica.Next() != "REPLCONF GETACK *")
        {
        }
        var offset = replica.Offset + replica.Read;
        replica.Client.Send($"REPLCONF ACK {offset}");
        server.TickUntil(() => server.Server.Replicas.CountAcks(offset) == 1);
        Assert.Equal(1, server.Server.Blocking.Count);
        replica.Client.Send($"REPLCONF ACK {offset} FACK {offset}");
        Assert.Equal("*2 :1 :1", client.Read());
    }

    [Fact]
    public void Waitaof_needs_a_file_and_sane_numbers()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Run("""
            WAITAOF 1 0 0
            -> -ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.
            WAITAOF 2 0 0
            -> -ERR value is out of range, value must between 0 and 1
            WAITAOF 0 -1 0
            -> -ERR value is out of range, must be positive
            WAITAOF 0 0 0
            -> *2 :0 :0
            """);
    }
}
