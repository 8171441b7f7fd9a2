using MiniRedis.Server.Blocking;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Tests.Caching;

public sealed class CacheLeasesTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly CronSignal _cron = new();
    readonly BlockedClients _blocked;
    readonly CacheLeases _leases;

    public CacheLeasesTests()
    {
        _blocked = new(_parts.Keyspace, _parts.Clients, _parts.Keys, _parts.Pause, _parts.Effects, _parts.Clock, _cron);
        _leases = new(_parts.Keyspace, _blocked, _parts.Effects, new Random(1), _parts.Config.Caching, _parts.Clock, _cron);
    }

    public void Dispose() => _parts.Dispose();

    ulong Ask(string key, int database = 0)
    {
        var answer = _leases.Ask(database, System.Text.Encoding.ASCII.GetBytes(key), client: 1, version: 1, now: 1000, time: 100);
        Assert.Equal(LeaseOutcome.Granted, answer.Outcome);
        return answer.Token;
    }

    bool IsValid(ulong token, string key, int database = 0) =>
        _leases.TryEnd(database, System.Text.Encoding.ASCII.GetBytes(key), token, out _, out _);

    void Write(params string[] words) => _leases.VoidKeysOf(LoneParts.Command(words[0]), LoneParts.Request(words), database: 0);

    [Theory]
    [InlineData("DEL other k")]
    [InlineData("SET k v")]
    [InlineData("EXPIRE k 10")]
    [InlineData("RENAME k other")]
    [InlineData("RENAME other k")]
    [InlineData("LMPOP 2 other k LEFT")]
    [InlineData("MSET a 1 k 2")]
    [InlineData("XGROUP|CREATE k g 0")]
    public void A_command_that_writes_voids_the_leases_of_the_keys_that_it_names(string command)
    {
        var (token, other) = (Ask("k"), Ask("not named"));
        if (command.StartsWith("XGROUP|", StringComparison.Ordinal))
        {
            var spec = (Command)LoneParts.Command("XGROUP").FindSubcommand("CREATE"u8)!;
            _leases.VoidKeysOf(spec, LoneParts.Request(command.Replace('|', ' ').Split(' ')), database: 0);
        }
        else
        {
            Write(command.Split(' '));
        }
        Assert.False(IsValid(token, "k"));
        Assert.True(IsValid(other, "not named"));
    }

    [Fact]
    public void A_command_that_writes_leaves_the_same_key_of_another_database_alone()
    {
        var token = Ask("k", database: 1);
        Write("DEL", "k");
        Assert.True(IsValid(token, "k", database: 1));
    }

    [Theory]
    [InlineData("MOVE k 1")]
    [InlineData("COPY other k DB 1")]
    public void A_command_that_reaches_another_database_voids_the_lease_of_the_key_there(string command)
    {
        var token = Ask("k", database: 1);
        Write(command.Split(' '));
        Assert.False(IsValid(token, "k", database: 1));
    }

    [Fact]
    public void Without_a_lease_a_command_that_writes_pays_one_test()
    {
        Assert.False(_leases.Any);
        // Nobody listens, so events cost nothing either.
        _parts.Effects.RemoveSink(_parts.Recorded);
        Assert.Equal(KeyspaceEvents.None, _parts.Effects.Wanted);
        var token = Ask("k");
        Assert.True(_leases.Any);
        Assert.True(IsValid(token, "k"));
        Assert.False(_leases.Any);
    }

    [Fact]
    public void When_a_connection_closes_those_who_wait_for_its_keys_are_served_soon()
    {
        var woken = 0;
        _cron.Wake = () => woken++;
        _leases.Close(1);
        Ask("k");
        Ask("other");
        _leases.Close(2);
        Assert.Equal(0, woken);
        var waiter = _parts.Connect();
        _blocked.Block(waiter, LoneParts.Command("CACHE.GET"), LoneParts.Request("CACHE.GET", "k"), 1, 1, ObjectType.String, 0, onNoKey: true);
        _leases.Close(1);
        Assert.Equal((1, true), (woken, _blocked.HasReady));
        _blocked.Release(waiter.Waiting!);
    }

    [Fact]
    public void Emptied_and_exchanged_databases_have_no_leases()
    {
        var (first, second) = (Ask("k"), Ask("k", database: 1));
        _parts.Effects.Flushing(0);
        Assert.False(IsValid(first, "k"));
        Assert.True(IsValid(second, "k", database: 1));
        (first, second) = (Ask("k"), Ask("k", database: 1));
        _parts.Effects.Swapped(0, 1);
        Assert.False(IsValid(first, "k") || IsValid(second, "k", database: 1));
        (first, second) = (Ask("k"), Ask("k", database: 1));
        _parts.Effects.FlushingAll(2);
        Assert.False(IsValid(first, "k") || IsValid(second, "k", database: 1));
        Assert.Equal(0, _leases.Count);
    }

    [Fact]
    public void Expiry_eviction_and_other_events_void_nothing()
    {
        var token = Ask("k");
        _parts.Effects.KeyChanged(0, "k"u8, KeyspaceEvents.Expired, "expired");
        _parts.Effects.KeyChanged(0, "k"u8, KeyspaceEvents.Evicted, "evicted");
        Assert.True(IsValid(token, "k"));
    }

    [Fact]
    public void The_bound_is_the_setting_s_and_tokens_differ()
    {
        _parts.Config.Caching.CacheLeaseMax = 2;
        Assert.NotEqual(Ask("a"), Ask("b"));
        Assert.Equal(LeaseOutcome.Full, _leases.Ask(0, "c"u8, 1, 1, 1000, 100).Outcome);
        Assert.Equal(2 * (Lease.OwnBytes + 1), _leases.MemoryBytes);
        _parts.Config.Caching.CacheLeaseMax = 3;
        Ask("c");
    }

    [Fact]
    public void The_cron_hears_of_the_next_end_and_of_nothing_where_there_is_none()
    {
        Assert.Equal(int.MaxValue, _leases.Run(1000));
        Ask("k");
        Assert.Equal(60, _leases.Run(1040));
        Assert.Equal(int.MaxValue, _leases.Run(1100));
        _leases.VoidAll();
        Assert.False(_leases.Any);
        Assert.Equal(int.MaxValue, _leases.Run(1100));
        Ask("k");
        _parts.Effects.Flushing(0);
        Assert.False(_leases.Any);
    }
}
