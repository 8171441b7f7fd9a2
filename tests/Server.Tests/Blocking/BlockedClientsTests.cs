using MiniRedis.Server.Blocking;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Blocking;

public sealed class BlockedClientsTests : IDisposable, IBlockedRunner
{
    readonly LoneParts _parts = new();
    readonly CronSignal _cron = new() { NextRun = long.MaxValue };
    readonly BlockedClients _blocked;
    readonly List<string> _ran = [];

    // What a command does that is run again, once its call has left its queues: without it, it has been served.
    Action<BlockingCall>? _then;

    public BlockedClientsTests() =>
        _blocked = new BlockedClients(_parts.Keyspace, _parts.Clients, _parts.Keys, _parts.Pause, _parts.Effects, _parts.Clock, _cron) { Runner = this };

    public void Dispose() => _parts.Dispose();

    /// <summary>Serves the client, whose wait is over by that unless it blocks again.</summary>
    void IBlockedRunner.RunAgain(BlockingCall call)
    {
        _ran.Add($"served {call.Client.Id}");
        _blocked.Release(call);
        _then?.Invoke(call);
    }

    void IBlockedRunner.EndWait(BlockingCall call, bool withError)
    {
        _ran.Add($"over {call.Client.Id}");
        _blocked.Release(call);
    }

    void IBlockedRunner.EndWait(BlockingCall call, byte[] error)
    {
        _ran.Add($"sent away {call.Client.Id}");
        _blocked.Release(call);
    }

    void IBlockedRunner.EndForRole(BlockingCall call)
    {
        _ran.Add($"ended {call.Client.Id}");
        _blocked.Release(call);
    }

    Client Block(long deadline = 0, bool onNoKey = true, params string[] keys) => Block(_parts.Connect(), deadline, onNoKey, keys).Client;

    BlockingCall Block(Client client, long deadline = 0, bool onNoKey = true, params string[] keys)
    {
        string[] words = ["BLPOP", .. keys, "0"];
        return _blocked.Block(
            client, LoneParts.Command("BLPOP"), LoneParts.Request(words), 1, keys.Length, ObjectType.String, deadline, onNoKey);
    }

    void Change(string key, KeyspaceEvents kind = KeyspaceEvents.Generic, string name = "rename_to") =>
        _parts.Effects.KeyChanged(0, System.Text.Encoding.Latin1.GetBytes(key), kind, name);

    [Fact]
    public void Keys_are_served_as_they_became_ready_and_clients_as_they_came()
    {
        Block(0, true, "a", "b");
        Block(0, true, "b");
        Block(0, true, "a");
        Change("b");
        Change("a");
        Change("b");
        Assert.Empty(_ran);
        _blocked.Serve();
        Assert.Equal(["served 1", "served 2", "served 3"], _ran);
        Assert.Equal((0, 0, 0), (_blocked.Keys, _blocked.KeysOnNoKey, _blocked.Timeouts));
        Assert.False(_blocked.HasReady);
    }

    [Fact]
    public void Only_who_waits_for_a_key_to_go_too_is_served_when_it_is_not_there()
    {
        Block(0, false, "k");
        Block(0, true, "k");
        Change("k", name: "del");
        _blocked.Serve();
        Assert.Equal(["served 2"], _ran);
        _parts.Set("k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 2", "served 1"], _ran);
    }

    [Fact]
    public void A_key_that_has_expired_serves_nobody_and_is_left_to_the_next_command()
    {
        Block(0, false, "k");
        _parts.Set("k", deadline: _parts.Time.Now - 1);
        Change("k");
        _blocked.Serve();
        Assert.Empty(_ran);
        Assert.True(_parts.Lookup("k").Found);
        Assert.Equal(1, _blocked.Keys);
    }

    [Fact]
    public void A_key_serves_until_its_last_millisecond_is_over()
    {
        Block(0, false, "k");
        _parts.Set("k", deadline: _parts.Time.Now);
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
    }

    [Fact]
    public void A_wait_ends_when_its_deadline_has_passed_and_the_cron_is_told_of_the_first()
    {
        var woken = 0;
        _cron.Wake = () => woken++;
        Block(_parts.Time.Now + 100, true, "k");
        Block(_parts.Time.Now + 300, true, "k");
        Assert.Equal(1, woken);
        Block(_parts.Time.Now + 50, true, "k");
        Assert.Equal(2, woken);
        Assert.Equal(51, _blocked.EndTimeouts());
        _parts.Advance(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, _blocked.EndTimeouts());
        Assert.Equal(["over 3"], _ran);
        _parts.Advance(TimeSpan.FromMilliseconds(201));
        Assert.Equal(int.MaxValue, _blocked.EndTimeouts());
        Assert.Equal(["over 3", "over 1", "over 2"], _ran);
    }

    [Fact]
    public void A_pause_holds_a_ready_key_until_it_is_over()
    {
        Block(0, true, "k");
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: true);
        Change("k");
        _blocked.Serve();
        Assert.Empty(_ran);
        _parts.Pause.End();
        _blocked.MarkHeld();
        Assert.True(_blocked.HasReady);
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
    }

    [Fact]
    public void All_waits_end_together_when_the_server_becomes_a_replica()
    {
        Block(0, true, "k");
        _parts.Connect();
        Block(100, true, "l");
        _blocked.EndAll();
        Assert.Equal(["ended 1", "ended 3"], _ran);
        Assert.Equal((0, 0, 0), (_blocked.Count, _blocked.Keys, _blocked.Timeouts));
    }

    [Fact]
    public void A_key_named_twice_is_waited_for_once()
    {
        Block(0, true, "k");
        Block(0, true, "k", "k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 1", "served 2"], _ran);
    }

    [Fact]
    public void A_client_that_leaves_is_in_no_queue_any_more()
    {
        var client = Block(_parts.Time.Now + 100, true, "a", "a", "b");
        Assert.Equal((2, 1), (_blocked.Keys, _blocked.Timeouts));
        _blocked.Leave(client);
        _blocked.Leave(client);
        Assert.Equal((0, 0), (_blocked.Keys, _blocked.Timeouts));
        Assert.False(client.Has(ClientFlags.Blocked));
        Change("a");
        Assert.False(_blocked.HasReady);
    }

    [Theory]
    [InlineData("Generic", "expire", false)]
    [InlineData("KeyMiss", "keymiss", false)]
    [InlineData("Stream", "xdel", false)]
    [InlineData("Stream", "xadd", true)]
    [InlineData("List", "lpop", true)]
    [InlineData("String", "set", true)]
    public void What_can_give_nobody_anything_makes_no_key_ready(string kind, string name, bool ready)
    {
        Block(0, true, "k");
        Change("k", Enum.Parse<KeyspaceEvents>(kind), name);
        Assert.Equal(ready, _blocked.HasReady);
    }

    [Fact]
    public void Who_does_not_wait_for_a_key_to_go_hears_of_no_change_that_makes_none()
    {
        Block(0, false, "k");
        Change("k", KeyspaceEvents.String, "set");
        _parts.Effects.Flushing(0);
        Assert.False(_blocked.HasReady);
        _parts.Effects.ReplacedAll(2);
        Assert.True(_blocked.HasReady);
    }

    [Fact]
    public void Keys_are_counted_once_however_many_wait_for_them()
    {
        Block(0, true, "k");
        Assert.Equal((1, 1), (_blocked.Keys, _blocked.KeysOnNoKey));
        Block(0, true, "k");
        Block(0, false, "k", "other");
        Assert.Equal((2, 1), (_blocked.Keys, _blocked.KeysOnNoKey));
    }

    [Fact]
    public void Every_database_whose_keys_were_replaced_serves_its_clients()
    {
        var client = _parts.Connect();
        client.Database = _parts.Keyspace[1];
        Block(client, keys: "k");
        Block(0, false, "k");
        _parts.Set("k");
        _parts.Effects.ReplacedAll(2);
        _blocked.Serve();
        Assert.Equal(["served 2", "served 1"], _ran);
    }

    [Fact]
    public void Nobody_listens_to_changes_while_nobody_waits()
    {
        _parts.Effects.RemoveSink(_parts.Recorded);
        var first = Block(0, true, "k");
        var second = Block(0, true, "k");
        _blocked.Leave(first);
        Assert.Equal(KeyspaceEvents.All, _parts.Effects.Wanted);
        _blocked.Leave(second);
        Assert.Equal(KeyspaceEvents.None, _parts.Effects.Wanted);
    }

    [Fact]
    public void A_key_that_became_ready_twice_serves_once_and_who_blocks_again_keeps_its_deadline_and_goes_behind()
    {
        var deadline = _parts.Time.Now + 100;
        _then = call => Block(call.Client, deadline + 1000, true, "k");
        Block(deadline, true, "k");
        Block(0, true, "k");
        Change("k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 1", "served 2"], _ran);
        Assert.Equal((1, 2), (_blocked.Keys, _blocked.Count));

        _then = null;
        _parts.Advance(TimeSpan.FromMilliseconds(101));
        Assert.Equal(int.MaxValue, _blocked.EndTimeouts());
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 1", "served 2", "over 1", "served 2"], _ran);
    }

    /// <summary>The queue that it leaves is dropped while its clients are served, and it makes another one.</summary>
    [Fact]
    public void Who_waits_alone_and_blocks_again_is_served_the_next_time()
    {
        _then = call => Block(call.Client, keys: "k");
        Block(0, true, "k");
        for (var i = 1; i <= 3; i++)
        {
            Change("k");
            _blocked.Serve();
            Assert.Equal((i, 1), (_ran.Count, _blocked.Keys));
        }
    }

    [Fact]
    public void Two_keys_that_became_ready_together_serve_who_waits_for_both_once_and_are_forgotten()
    {
        Block(0, true, "a", "b");
        Change("a");
        Change("b");
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
        Assert.Equal((0, 0), (_blocked.Keys, _blocked.KeysOnNoKey));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Whoever_leaves_the_others_are_served_as_they_came(int leaver)
    {
        var clients = Enumerable.Range(0, 4).Select(_ => Block(0, true, "k")).ToList();
        _blocked.Leave(clients[leaver - 1]);
        _blocked.Leave(clients[2]);
        Block(0, true, "k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(Enumerable.Range(1, 5).Where(id => id != leaver && id != 3).Select(id => $"served {id}"), _ran);
    }

    [Fact]
    public void A_key_of_another_type_serves_who_waits_for_its_absence_alone()
    {
        var command = LoneParts.Command("BLPOP");
        foreach (var onNoKey in new[] { false, true })
            _blocked.Block(_parts.Connect(), command, LoneParts.Request("BLPOP", "k", "0"), 1, 1, ObjectType.List, 0, onNoKey);
        _parts.Set("k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 2"], _ran);
    }

    [Fact]
    public void A_pause_holds_nobody_of_a_key_who_has_left()
    {
        var client = Block(0, false, "k");
        _parts.Set("k");
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: true);
        Change("k");
        _blocked.Serve();
        _blocked.Leave(client);
        _parts.Pause.End();
        _blocked.MarkHeld();
        Assert.False(_blocked.HasReady);
    }

    [Fact]
    public void What_a_pause_held_is_ready_once_when_it_is_over()
    {
        Block(0, false, "k");
        _parts.Set("k");
        _parts.Pause.Start(_parts.Time.Now + 100, writesOnly: true);
        Change("k");
        _blocked.Serve();
        _parts.Pause.End();
        _parts.Set("k", deadline: _parts.Time.Now - 1);
        _blocked.MarkHeld();
        _blocked.Serve();
        _blocked.MarkHeld();
        Assert.Equal((0, false), (_ran.Count, _blocked.HasReady));
    }

    [Fact]
    public void What_waits_for_no_key_runs_when_it_is_woken_if_its_client_still_waits_by_it()
    {
        BlockingCall[] calls = [.. Enumerable.Range(0, 4).Select(_ => Block(_parts.Connect()))];
        // The second has left, the third is gone, and the fourth waits by another command.
        _blocked.Leave(calls[1].Client);
        calls[2].Client.IsGone = true;
        _blocked.Release(calls[3]);
        calls[3].Client.Waiting = null;
        Block(calls[3].Client);
        foreach (var call in calls) _blocked.Wake(call);
        Assert.True(_blocked.HasReady);
        Assert.Empty(_ran);
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
        Assert.False(_blocked.HasReady);
    }

    [Fact]
    public void A_signal_runs_again_who_waits_for_the_key()
    {
        Block(0, true, "k");
        Block(0, true, "other");
        _blocked.Signal(0, "k"u8);
        _blocked.Signal(0, "nobody's"u8);
        _blocked.Signal(1, "k"u8);
        Assert.Empty(_ran);
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
    }

    [Fact]
    public void Of_those_who_wait_for_a_fill_none_runs_while_another_fills_and_all_do_when_it_is_there()
    {
        var isBeingFilled = true;
        _blocked.IsBeingFilled = (database, key) => isBeingFilled && database == 0 && key.SequenceEqual("k"u8);
        BlockingCall[] fills = [Block(_parts.Connect(), keys: "k"), Block(_parts.Connect(), keys: "k")];
        foreach (var fill in fills) fill.Awaited = new object();
        // Waits for the key, whoever fills it.
        Block(0, true, "k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 3"], _ran);
        // Who filled it gave up. The first of those who wait takes over.
        isBeingFilled = false;
        _then = _ => isBeingFilled = true;
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 3", "served 1"], _ran);
        _parts.Set("k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 3", "served 1", "served 2"], _ran);
    }

    [Fact]
    public void A_call_counts_the_memory_of_its_places_while_it_has_them()
    {
        var one = Block(_parts.Connect(), keys: ["k"]);
        var three = Block(_parts.Connect(), keys: ["a", "b", "c"]);
        var (ofOne, ofThree) = (one.MemoryBytes, three.MemoryBytes);
        _blocked.Release(one);
        _blocked.Release(three);
        Assert.Equal(BlockingQueue.Place.OwnBytes, ofOne - one.MemoryBytes);
        Assert.Equal(3 * BlockingQueue.Place.OwnBytes, ofThree - three.MemoryBytes);
        Block(three.Client, keys: ["a", "b", "c"]);
        Assert.Equal(ofThree, three.MemoryBytes);
    }
}
