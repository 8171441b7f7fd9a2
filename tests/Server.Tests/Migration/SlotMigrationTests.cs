using MiniRedis.Cluster.Migrations;
using static MiniRedis.Server.Tests.Migration.TwoNodes;

namespace MiniRedis.Server.Tests.Migration;

/// <summary>A slot moves from one node to another as a whole: nodes with sockets, in this process.</summary>
public sealed class SlotMigrationTests
{
    /// <summary>Values of every type, small and large, with deadlines; all in the slot.</summary>
    static void Fill(RawClient client)
    {
        client.Call("SET {x}string value");
        client.Call("SET {x}number 10");
        client.Call("SET {x}mortal value PXAT 4000000000000");
        client.Call("RPUSH {x}list a b c");
        client.Call("SADD {x}set a b c");
        client.Call("HSET {x}hash a 1 b 2");
        client.Call("HPEXPIREAT {x}hash 4000000000000 FIELDS 1 b");
        client.Call("ZADD {x}sorted 1 a 2 b");
        client.Call("XADD {x}stream 5-5 a 1");
        client.Call("XGROUP CREATE {x}stream group 0");
        client.Call("PFADD {x}loglog a b c");
        for (var i = 0; i < 30; i++)
        {
            client.Call($"RPUSH {{x}}long {string.Join(' ', Enumerable.Range(i * 100, 100))}");
            client.Call($"SADD {{x}}large {string.Join(' ', Enumerable.Range(i * 100, 100).Select(n => $"m{n}"))}");
        }
        client.Call("SET other 1");
    }

    const int Keys = 12;

    static string Digest(RawClient client) => client.Call(
        "DEBUG DIGEST-VALUE {x}string {x}number {x}mortal {x}list {x}set {x}hash {x}sorted {x}stream {x}loglog {x}long {x}large {x}new");

    [Fact]
    public void A_slot_moves_with_all_values_and_clients_are_sent_after_it()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        var before = Digest(nodes.ToSource);
        nodes.Begin();
        Wait(nodes.Target, MigrationState.Success);
        Assert.Equal(before, Digest(nodes.ToTarget));
        Assert.Equal("$5 value", nodes.ToTarget.Call("GET {x}string"));
        Assert.Equal(":4000000000000", nodes.ToTarget.Call("PEXPIRETIME {x}mortal"));
        Assert.Equal($"-MOVED {Slot} 127.0.0.1:{nodes.Target.Port}", nodes.ToSource.Call("GET {x}string"));
        nodes.Source.TickUntil(() => nodes.Source.Server.Cluster!.SlotKeys.Count(Slot) == 0);
        Assert.Equal((":1", $":{Keys - 1}"), (nodes.ToSource.Call("DBSIZE"), nodes.ToTarget.Call("DBSIZE")));
        Assert.Contains($"slot_ranges $11 {Slot}-{Slot}", nodes.ToTarget.Call("CLUSTER GETSLOTMIGRATIONS"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_changes_meanwhile_follows_and_nobody_sees_it_before_the_slot_is_there()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        // Small ones have come by now, unseen.
        Assert.Equal(Keys - 1, Count(nodes.Target));
        Assert.Equal(":0", nodes.ToTarget.Call("DBSIZE"));
        Assert.Equal("*0", nodes.ToTarget.Call("KEYS *"));
        Assert.Equal("*0", nodes.ToTarget.Call("KEYS {x}*"));
        Assert.Equal("*2 $1 0 *0", nodes.ToTarget.Call("SCAN 0 MATCH {x}*"));
        Assert.Contains(" flags=i ", nodes.ToTarget.Call("CLIENT LIST"), StringComparison.Ordinal);
        Assert.Equal("*2 $1 0 *0", nodes.ToTarget.Call("SCAN 0 COUNT 1000"));
        Assert.Equal("$-1", nodes.ToTarget.Call("RANDOMKEY"));
        Assert.DoesNotContain("db0", nodes.ToTarget.Call("INFO keyspace"), StringComparison.Ordinal);
        Assert.Equal($"-MOVED {Slot} 127.0.0.1:{nodes.Source.Port}", nodes.ToTarget.Call("GET {x}string"));
        Assert.Equal($":{Keys}", nodes.ToSource.Call("DBSIZE"));

        nodes.ToSource.Call("INCR {x}number");
        nodes.ToSource.Call("APPEND {x}string more");
        nodes.ToSource.Call("DEL {x}list");
        nodes.ToSource.Call("LPOP {x}long");
        nodes.ToSource.Call("SPOP {x}large 10");
        nodes.ToSource.Call("PERSIST {x}mortal");
        nodes.ToSource.Call("XADD {x}stream 6-6 b 2");
        nodes.ToSource.Call("XREADGROUP GROUP group me STREAMS {x}stream >");
        nodes.ToSource.Call("MULTI");
        nodes.ToSource.Call("HSET {x}hash c 3");
        nodes.ToSource.Call("ZADD {x}sorted 3 c");
        nodes.ToSource.Call("EXEC");
        nodes.ToSource.Call("EVAL \"redis.call('SET', KEYS[1], ARGV[1]) redis.call('RENAME', KEYS[1], KEYS[2])\" 2 {x}old {x}new 5");
        nodes.ToSource.Call("SET other 2");
        var changed = Digest(nodes.ToSource);
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(changed, Digest(nodes.ToTarget));
        Assert.Equal($":{Keys - 1}", nodes.ToTarget.Call("DBSIZE"));
        Assert.Equal("$2 11", nodes.ToTarget.Call("GET {x}number"));
        Assert.Equal("$1 2", nodes.ToSource.Call("GET other"));
    }

    /// <summary>The source decides when a key goes: it may give it another deadline just before.</summary>
    [Fact]
    public void A_key_whose_deadline_passes_on_its_way_is_the_sources_to_delete()
    {
        using var nodes = new TwoNodes();
        nodes.ToSource.Call("SET {x}a 1 PX 30");
        nodes.ToSource.Call("SET {x}b 1");
        nodes.ToSource.Call("CLIENT PAUSE 100000 WRITE");
        nodes.ToSource.Call("DEBUG SLOTMIGRATION PREVENT-PAUSE 1");
        nodes.ToSource.Call($"CLUSTER MIGRATESLOTS SLOTSRANGE {Slot} {Slot} NODE {nodes.TargetId}");
        // While writes are paused the source deletes nothing either.
        Wait(nodes.Source, MigrationState.WaitingToPause);
        nodes.Target.TickUntil(() => nodes.Target.Server.Clock.Now > JobOf(nodes.Target)!.CreatedAt + 300);
        Assert.Equal(2, Count(nodes.Target));
        nodes.ToSource.Call("CLIENT UNPAUSE");
        nodes.Source.TickUntil(() => nodes.Source.Server.Cluster!.SlotKeys.Count(Slot) == 1);
        nodes.Target.TickUntil(() => nodes.Target.Server.Cluster!.SlotKeys.Count(Slot) == 1);
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        Assert.Equal(":1", nodes.ToTarget.Call("DBSIZE"));
    }

    [Fact]
    public void Writers_lose_and_repeat_nothing_while_slots_move_to_and_fro()
    {
        using var nodes = new TwoNodes();
        for (var i = 0; i < 2000; i++) nodes.ToSource.Call($"SET {{x}}filler:{i} {i}");
        var stops = false;
        var counts = new long[3];
        var writers = Enumerable.Range(0, counts.Length).Select(n => new Thread(() => counts[n] = Write(nodes, $"{{x}}counter:{n}", ref stops))).ToList();
        writers.ForEach(t => t.Start());
        for (var round = 0; round < 6; round++)
        {
            var (from, to) = round % 2 == 0 ? (nodes.Source, nodes.Target) : (nodes.Target, nodes.Source);
            var client = round % 2 == 0 ? nodes.ToSource : nodes.ToTarget;
            Assert.Equal("+OK", client.Call($"CLUSTER MIGRATESLOTS SLOTSRANGE {Slot} {Slot} NODE {MachineOf(to).Myself.Id}"));
            from.TickUntil(() => JobOf(from) is { IsImport: false, IsOver: true });
            Assert.Equal((MigrationState.Success, ""), (JobOf(from)!.State, JobOf(from)!.Message));
            to.TickUntil(() => JobOf(to) is { IsOver: true });
        }
        Volatile.Write(ref stops, true);
        writers.ForEach(t => t.Join());
        Assert.All(counts, c => Assert.True(c > 10));
        for (var n = 0; n < counts.Length; n++) Assert.Equal($"${counts[n].ToString().Length} {counts[n]}", nodes.ToSource.Call($"GET {{x}}counter:{n}"));
        Assert.Equal("$4 1999", nodes.ToSource.Call("GET {x}filler:1999"));
        nodes.Target.TickUntil(() => nodes.Target.Server.Keyspace.Count == 0);
    }

    /// <summary>Increments a counter until it is told to stop, wherever it is. What is acknowledged counts.</summary>
    static long Write(TwoNodes nodes, string key, ref bool stops)
    {
        using var first = nodes.Source.Connect();
        using var second = nodes.Target.Connect();
        var client = first;
        var count = 0L;
        while (!Volatile.Read(ref stops))
        {
            var reply = client.Call($"INCR {key}");
            if (reply.StartsWith("-MOVED", StringComparison.Ordinal))
            {
                client = client == first ? second : first;
                continue;
            }
            Assert.Equal($":{++count}", reply);
        }
        return count;
    }

    [Theory]
    [InlineData(MigrationState.WaitingToPause)]
    [InlineData(MigrationState.FailoverGranted)]
    public void A_cancelled_migration_leaves_the_source_the_owner(MigrationState at)
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(at);
        Assert.Equal("+OK", nodes.ToSource.Call("CLUSTER CANCELSLOTMIGRATIONS"));
        Assert.Equal("-ERR No migrations ongoing", nodes.ToSource.Call("CLUSTER CANCELSLOTMIGRATIONS"));
        nodes.AssertSourceKeeps(Keys - 1);
        Assert.Equal(MigrationState.Cancelled, JobOf(nodes.Source)!.State);
        Assert.Equal(MigrationState.Failed, JobOf(nodes.Target)!.State);
    }

    [Theory]
    [InlineData("CLIENT KILL TYPE normal SKIPME yes")]
    [InlineData("FLUSHALL")]
    public void What_happens_to_the_target_leaves_the_source_the_owner(string command)
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        nodes.ToTarget.Call(command);
        Wait(nodes.Source, MigrationState.Failed);
        nodes.AssertSourceKeeps(Keys - 1);
    }

    [Fact]
    public void A_flush_of_the_source_ends_it_on_both_sides()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        Assert.Equal("+OK", nodes.ToSource.Call("FLUSHALL"));
        Assert.Equal((MigrationState.Failed, "Data was flushed"), (JobOf(nodes.Source)!.State, JobOf(nodes.Source)!.Message));
        nodes.AssertSourceKeeps(0);
    }

    [Fact]
    public void A_target_without_memory_leaves_the_source_the_owner()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        Assert.Equal("+OK", nodes.ToTarget.Call("CONFIG SET maxmemory 1"));
        Assert.Equal("+OK", nodes.ToSource.Call($"CLUSTER MIGRATESLOTS SLOTSRANGE {Slot} {Slot} NODE {nodes.TargetId}"));
        Wait(nodes.Source, MigrationState.Failed);
        nodes.AssertSourceKeeps(Keys - 1);
        Assert.Equal("Ran out of memory (OOM) during slot import", JobOf(nodes.Target)!.Message);
    }

    [Fact]
    public void A_target_that_is_gone_leaves_the_source_the_owner()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        nodes.Target.Stop();
        Wait(nodes.Source, MigrationState.Failed);
        Assert.Equal(Keys - 1, Count(nodes.Source));
        nodes.ToSource.Call($"CLUSTER MIGRATESLOTS SLOTSRANGE {Slot} {Slot} NODE {nodes.TargetId}");
        Wait(nodes.Source, MigrationState.Failed);
        Assert.StartsWith("Unable to connect to target node: ", JobOf(nodes.Source)!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_that_is_gone_leaves_nothing_at_the_target()
    {
        using var nodes = new TwoNodes();
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        nodes.Source.Stop();
        Wait(nodes.Target, MigrationState.Failed);
        Assert.Equal(0, Count(nodes.Target));
    }

    /// <summary>Begins a migration that waits at its end, and a replica of one side that has all keys of the slot.</summary>
    static TestServer BeginWithReplica(TwoNodes nodes, TestServer of)
    {
        var replica = nodes.AddReplica(of);
        Fill(nodes.ToSource);
        nodes.Begin(MigrationState.WaitingToPause);
        replica.TickUntil(() => replica.Server.Cluster!.SlotKeys.Count(Slot) == Keys - 1);
        return replica;
    }

    [Fact]
    public void A_replica_of_the_target_gets_what_comes_and_hides_it_until_it_is_there()
    {
        using var nodes = new TwoNodes();
        var replica = BeginWithReplica(nodes, nodes.Target);
        using var client = replica.Connect();
        Assert.Equal(":0", client.Call("DBSIZE"));
        Assert.Contains("occurring-on-primary", client.Call("CLUSTER GETSLOTMIGRATIONS"), StringComparison.Ordinal);
        // One that comes now learns from the file what is to be hidden.
        var late = nodes.AddReplica(nodes.Target);
        using var other = late.Connect();
        Assert.Equal(Keys - 1, Count(late));
        Assert.Equal(":0", other.Call("DBSIZE"));
        nodes.GoOn();
        Wait(nodes.Source, MigrationState.Success);
        foreach (var one in (TestServer[])[replica, late])
        {
            Wait(one, MigrationState.Success);
            Assert.Equal(Keys - 1, one.Server.Keyspace.Count);
        }
    }

    [Fact]
    public void A_replica_hears_of_a_migration_that_failed_and_has_none_of_it()
    {
        using var nodes = new TwoNodes();
        var replica = BeginWithReplica(nodes, nodes.Target);
        nodes.ToSource.Call("CLUSTER CANCELSLOTMIGRATIONS");
        Wait(replica, MigrationState.Failed);
        Assert.Equal(0, Count(replica));
        Assert.False(replica.Server.Keyspace[0].IsHidden(Slot));
    }

    [Fact]
    public void A_target_that_is_replaced_leaves_the_source_the_owner()
    {
        using var nodes = new TwoNodes();
        var replica = BeginWithReplica(nodes, nodes.Target);
        using var client = replica.Connect();
        Assert.Equal("+OK", client.Call("CLUSTER FAILOVER TAKEOVER"));
        Wait(nodes.Source, MigrationState.Failed);
        Wait(replica, MigrationState.Failed);
        Assert.Equal(0, Count(replica));
        // The former target follows its successor, and deletes with it.
        nodes.Target.TickUntil(() => MachineOf(nodes.Target).Myself.IsReplica && nodes.Target.Server.History.IsLinkUp);
        nodes.AssertSourceKeeps(Keys - 1);
    }

    [Fact]
    public void A_source_that_is_replaced_leaves_its_successor_the_owner()
    {
        using var nodes = new TwoNodes();
        var replica = BeginWithReplica(nodes, nodes.Source);
        using var client = replica.Connect();
        Assert.Equal("+OK", client.Call("CLUSTER FAILOVER TAKEOVER"));
        Wait(nodes.Source, MigrationState.Failed);
        Wait(nodes.Target, MigrationState.Failed);
        Assert.Equal((Keys - 1, 0), (Count(replica), Count(nodes.Target)));
        Assert.Equal("$5 value", client.Call("GET {x}string"));
    }

    [Theory]
    [InlineData("SLOTSRANGE 1 9 NODE", "-ERR syntax error")]
    [InlineData("SLOTSRANGE 1 9 TO x", "-ERR syntax error")]
    [InlineData("SLOTS 0 9 NODE x", "-ERR syntax error")]
    [InlineData("SLOTSRANGE NODE x", "-ERR No slot ranges specified")]
    [InlineData("SLOTSRANGE 1 5 7", "-ERR No end slot for final slot range")]
    [InlineData("SLOTSRANGE 5 1 NODE x", "-ERR Start slot number 5 is greater than end slot number 1.")]
    [InlineData("SLOTSRANGE 1 16384 NODE x", "-ERR Invalid or out of range slot")]
    [InlineData("SLOTSRANGE 1 5 3 9 NODE x", "-ERR Slot range 3-9 overlaps with previous range 1-5.")]
    [InlineData("SLOTSRANGE 1 5 NODE x SLOTSRANGE 7 9 NODE x", "-ERR Invalid node name: x")]
    public void What_is_asked_wrongly_is_refused_in_Valkeys_words(string words, string error)
    {
        using var nodes = new TwoNodes();
        Assert.Equal(error, nodes.ToSource.Call($"CLUSTER MIGRATESLOTS {words}"));
        Assert.Equal("*0", nodes.ToSource.Call("CLUSTER GETSLOTMIGRATIONS"));
    }

    [Theory]
    [InlineData("ACK", "-ERR CLUSTER SYNCSLOTS ACK should only be used by slot migration clients")]
    [InlineData("FAILOVER-GRANTED", "-ERR CLUSTER SYNCSLOTS FAILOVER-GRANTED should only be used by slot migration clients")]
    [InlineData("ESTABLISH", "-ERR syntax error")]
    [InlineData("ESTABLISH NAME x", "-ERR syntax error")]
    [InlineData("FINISH STATE SUCCESS NAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "-ERR syntax error")]
    public void A_client_that_is_no_source_is_refused(string words, string error)
    {
        using var nodes = new TwoNodes();
        Assert.Equal(error, nodes.ToTarget.Call($"CLUSTER SYNCSLOTS {words}"));
    }

    [Fact]
    public void A_source_that_sends_another_slots_keys_is_stopped()
    {
        using var nodes = new TwoNodes();
        using var impostor = nodes.Target.Connect();
        var id = MachineOf(nodes.Source).Myself.Id;
        Assert.Equal("+OK", impostor.Call(
            $"CLUSTER SYNCSLOTS ESTABLISH SOURCE {id} NAME {new string('a', 40)} SLOTSRANGE {Slot} {Slot}"));
        impostor.Send("CLUSTER SYNCSLOTS ACK");
        impostor.Send("SET {x}mine 1");
        nodes.Target.TickUntil(() => nodes.Target.Server.Cluster!.SlotKeys.Count(Slot) == 1);
        impostor.Send("SET other 1");
        Wait(nodes.Target, MigrationState.Failed);
        Assert.Equal(0, nodes.Target.Server.Keyspace.Count);
        Assert.True(impostor.IsClosedByServer());
    }
}
