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

    public BlockedClientsTests() =>
        _blocked = new BlockedClients(_parts.Keyspace, _parts.Clients, _parts.Keys, _parts.Pause, _parts.Effects, _parts.Clock, _cron) { Runner = this };

    public void Dispose() => _parts.Dispose();

    /// <summary>Serves the client, whose wait is over by that.</summary>
    void IBlockedRunner.RunAgain(BlockingCall call)
    {
        _ran.Add($"served {call.Client.Id}");
        _blocked.Release(call);
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

    Client Block(long deadline = 0, bool onNoKey = true, params string[] keys)
    {
        var client = _parts.Connect();
        string[] words = ["BLPOP", .. keys, "0"];
        _blocked.Block(
            client, LoneParts.Command("BLPOP"), LoneParts.Request(words), 1, keys.Length, ObjectType.String, deadline, onNoKey);
        return client;
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
        Block(0, true, "k", "k");
        Change("k");
        _blocked.Serve();
        Assert.Equal(["served 1"], _ran);
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
}
