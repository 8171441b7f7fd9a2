using MiniRedis.Server.Caching;

namespace MiniRedis.Server.Tests.Caching;

public sealed class LeaseTableTests : IDisposable
{
    readonly Keyspace _keyspace = new(2);
    readonly LeaseTable _table;
    readonly List<string> _ended = [];
    ulong _lastToken;

    public LeaseTableTests() => _table = new(_keyspace[0], () => ++_lastToken)
    {
        Ended = (database, key) => _ended.Add($"{database}:{System.Text.Encoding.ASCII.GetString(key)}"),
    };

    public void Dispose() => _keyspace.Dispose();

    LeaseAnswer Ask(string key, long now, long client = 1, long time = 100, int database = 0) =>
        _table.Ask(database, System.Text.Encoding.ASCII.GetBytes(key), client, version: now * 1000, now, time);

    static LeaseAnswer Granted(ulong token) => new(LeaseOutcome.Granted, token);

    static LeaseAnswer Taken(long rest) => new(LeaseOutcome.Taken, Rest: rest);

    [Fact]
    public void One_of_those_who_ask_gets_the_lease()
    {
        Assert.Equal(Granted(1), Ask("k", now: 1000));
        Assert.Equal(Taken(100), Ask("k", now: 1000, client: 2));
        Assert.Equal(Taken(1), Ask("k", now: 1099, client: 1));
        Assert.Equal(Granted(2), Ask("other", now: 1000, client: 2));
        Assert.Equal(Granted(3), Ask("k", now: 1000, client: 2, database: 1));
        Assert.Equal(3, _table.Count);
    }

    [Fact]
    public void A_fill_ends_the_lease_and_tells_when_it_was_granted()
    {
        Ask("k", now: 1000);
        Assert.True(_table.TryEnd(0, "k"u8, 1, out var version, out var grantedAt));
        Assert.Equal((1_000_000, 1000), (version, grantedAt));
        Assert.Equal(["0:k"], _ended);
        Assert.Equal((0, 0L), (_table.Count, _table.MemoryBytes));
        Assert.False(_table.TryEnd(0, "k"u8, 1, out _, out _));
    }

    [Fact]
    public void A_void_token_leaves_the_lease_of_another_alone()
    {
        Ask("k", now: 1000);
        _table.Void(0, "k"u8);
        Assert.Equal(Granted(2), Ask("k", now: 1001));
        Assert.False(_table.TryEnd(0, "k"u8, 1, out _, out _));
        Assert.False(_table.TryHold(0, "k"u8, 1, until: 5000));
        Assert.False(_table.TryExtend(0, "k"u8, 1, client: 1, until: 5000));
        Assert.True(_table.TryEnd(0, "k"u8, 2, out _, out _));
    }

    [Fact]
    public void A_token_is_good_for_its_key_and_database_alone()
    {
        Ask("k", now: 1000);
        Ask("other", now: 1000);
        Assert.False(_table.TryEnd(0, "other"u8, 1, out _, out _));
        Assert.False(_table.TryEnd(1, "k"u8, 1, out _, out _));
        Assert.True(_table.TryEnd(0, "k"u8, 1, out _, out _));
    }

    [Fact]
    public void After_its_time_a_lease_is_taken_over_and_filled_until_then()
    {
        Ask("k", now: 1000);
        Ask("late", now: 1000);
        Assert.Equal(1100, _table.Run(1099));
        Assert.Empty(_ended);
        Assert.Equal(long.MaxValue, _table.Run(1100));
        Assert.Equal(["0:k", "0:late"], _ended.Order());
        Assert.True(_table.TryEnd(0, "late"u8, 2, out _, out _));
        Assert.Equal(Granted(3), Ask("k", now: 1100, client: 2));
        Assert.False(_table.TryEnd(0, "k"u8, 1, out _, out _));
    }

    [Fact]
    public void A_lease_is_taken_over_at_its_end_though_nobody_has_looked_at_the_clock_before()
    {
        Ask("k", now: 1000);
        Assert.Equal(Granted(2), Ask("k", now: 1100, client: 2));
        Assert.Equal(1200, _table.Run(1100));
        Assert.Equal(Taken(100), Ask("k", now: 1100, client: 1));
    }

    [Fact]
    public void A_connection_that_closes_opens_its_leases_and_no_others()
    {
        Ask("a", now: 1000, client: 1);
        Ask("b", now: 1000, client: 2);
        Ask("c", now: 1000, client: 1);
        Ask("d", now: 1000, client: 1);
        _table.TryEnd(0, "c"u8, 3, out _, out _);
        _ended.Clear();
        _table.Close(1);
        _table.Close(1);
        Assert.Equal(["0:a", "0:d"], _ended.Order());
        Assert.Equal(Granted(5), Ask("a", now: 1001, client: 3));
        Assert.Equal(Taken(99), Ask("b", now: 1001, client: 3));
        // Nobody has taken d over: what the closed connection computed is as good as ever.
        Assert.True(_table.TryEnd(0, "d"u8, 4, out _, out _));
    }

    [Fact]
    public void A_hold_sends_everybody_away_for_its_time()
    {
        Ask("k", now: 1000);
        Assert.True(_table.TryHold(0, "k"u8, 1, until: 1500));
        Assert.Equal(["0:k"], _ended);
        Assert.Equal(new LeaseAnswer(LeaseOutcome.Held, Rest: 500), Ask("k", now: 1000, client: 2));
        Assert.Equal(new LeaseAnswer(LeaseOutcome.Held, Rest: 1), _table.Look(0, "k"u8, 1499));
        Assert.False(_table.TryEnd(0, "k"u8, 1, out _, out _));
        _table.Close(1);
        Assert.Equal(new LeaseAnswer(LeaseOutcome.Held, Rest: 100), Ask("k", now: 1400));
        Assert.Equal(Granted(2), Ask("k", now: 1500));
    }

    [Fact]
    public void A_hold_goes_when_its_time_is_over_or_the_key_is_written()
    {
        Ask("a", now: 1000);
        Ask("b", now: 1000);
        _table.TryHold(0, "a"u8, 1, until: 1500);
        _table.TryHold(0, "b"u8, 2, until: 9000);
        _table.Run(1500);
        Assert.Equal(1, _table.Count);
        _table.Void(0, "b"u8);
        Assert.Equal(Granted(3), Ask("b", now: 1501));
    }

    [Fact]
    public void A_lease_can_be_made_longer_also_after_its_time()
    {
        Ask("k", now: 1000);
        Assert.True(_table.TryExtend(0, "k"u8, 1, client: 1, until: 2000));
        Assert.Equal(2000, _table.Run(1500));
        Assert.Equal(Taken(500), Ask("k", now: 1500, client: 2));
        _table.Run(2000);
        Assert.True(_table.TryExtend(0, "k"u8, 1, client: 7, until: 3000));
        Assert.Equal(Taken(900), Ask("k", now: 2100, client: 2));
        _table.Close(1);
        Assert.Equal(Taken(900), Ask("k", now: 2100, client: 2));
        _table.Close(7);
        Assert.Equal(Granted(2), Ask("k", now: 2100, client: 2));
    }

    [Fact]
    public void A_full_table_grants_nothing_but_drops_what_is_open()
    {
        _table.Most = 2;
        Ask("a", now: 1000);
        Ask("b", now: 1000, time: 500);
        Assert.Equal(new LeaseAnswer(LeaseOutcome.Full), Ask("c", now: 1000));
        Assert.Equal(Taken(50), Ask("a", now: 1050));
        Assert.Equal(Granted(3), Ask("c", now: 1100));
        Assert.False(_table.TryEnd(0, "a"u8, 1, out _, out _));
        Assert.Equal(2, _table.Count);
    }

    [Fact]
    public void An_open_lease_does_not_stay_for_ever()
    {
        Ask("k", now: 1000);
        _table.Run(1100);
        _table.Run(1100 + LeaseTable.LongestTime - 1);
        Assert.Equal(1, _table.Count);
        _table.Run(1100 + LeaseTable.LongestTime);
        Assert.Equal(0, _table.Count);
    }

    [Fact]
    public void A_database_that_is_emptied_keeps_no_lease()
    {
        for (var i = 0; i < 2000; i++) Ask($"k{i}", now: 1000);
        Ask("k", now: 1000, database: 1);
        // Names of two to five bytes.
        Assert.Equal(2001 * Lease.OwnBytes + 10 * 2 + 90 * 3 + 900 * 4 + 1000 * 5 + 1, _table.MemoryBytes);
        _table.VoidAll(0);
        Assert.Equal(1, _table.Count);
        Assert.Equal(2000, _ended.Count);
        Assert.Equal(Taken(100), Ask("k", now: 1000, database: 1));
        Assert.Equal(Granted(2002), Ask("k0", now: 1000));
    }
}
