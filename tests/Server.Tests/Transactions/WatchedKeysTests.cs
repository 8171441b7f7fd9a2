using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Transactions;

namespace MiniRedis.Server.Tests.Transactions;

public sealed class WatchedKeysTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly ClientTransactions _transactions;
    readonly Client _client;

    public WatchedKeysTests()
    {
        _transactions = new ClientTransactions(_parts.Keyspace, _parts.Keys, _parts.ClientMemory, _parts.Effects);
        _client = _parts.Connect();
    }

    public void Dispose() => _parts.Dispose();

    WatchedKeys Watched => _transactions.Watched;

    bool IsMarked => _client.Has(ClientFlags.DirtyCas);

    [Theory]
    [InlineData(0, "k", true)]
    [InlineData(1, "k", false)]
    [InlineData(0, "other", false)]
    public void A_change_of_a_watched_key_marks_the_client_which_watches_nothing_from_then_on(int database, string key, bool marked)
    {
        Watched.Watch(_client, "k"u8);
        Watched.Watch(_client, "k"u8);
        Watched.Watch(_client, "l"u8);
        Assert.Equal((1, 2), (Watched.Clients, Watched.Count));
        _parts.Effects.KeyChanged(database, System.Text.Encoding.Latin1.GetBytes(key), KeyspaceEvents.String, "set");
        Assert.Equal(marked, IsMarked);
        Assert.Equal(marked ? (0, 0) : (1, 2), (Watched.Clients, Watched.Count));
    }

    [Theory]
    [InlineData("KeyMiss", "keymiss")]
    [InlineData("New", "new")]
    [InlineData("Stream", "xgroup-create")]
    public void Events_that_change_nothing_do_not_mark(string kind, string name)
    {
        Watched.Watch(_client, "k"u8);
        _parts.Effects.Notify(0, "k"u8, Enum.Parse<KeyspaceEvents>(kind), name);
        Assert.False(IsMarked);
    }

    [Fact]
    public void A_key_that_expires_while_it_is_watched_is_found_so_by_EXEC()
    {
        _parts.Set("k", deadline: _parts.Time.Now + 10);
        Watched.Watch(_client, "k"u8);
        _parts.Advance(TimeSpan.FromMilliseconds(10));
        Assert.False(Watched.HasExpired(_client));
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        Assert.True(Watched.HasExpired(_client));
    }

    [Fact]
    public void A_key_that_had_expired_before_it_was_watched_may_be_deleted_but_not_set()
    {
        _parts.Set("k", deadline: _parts.Time.Now);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        Watched.Watch(_client, "k"u8);
        Assert.False(Watched.HasExpired(_client));
        _parts.Keys.Find(_parts.Keyspace[0], "k"u8);
        Assert.False(IsMarked);
        _parts.Effects.KeyChanged(0, "k"u8, KeyspaceEvents.String, "set");
        Assert.True(IsMarked);
    }

    [Fact]
    public void A_flush_marks_only_who_watches_a_key_that_is_there()
    {
        Watched.Watch(_client, "k"u8);
        _parts.Effects.Flushing(0);
        Assert.False(IsMarked);
        _parts.Set("k");
        _parts.Effects.Flushing(0);
        Assert.True(IsMarked);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    public void An_exchange_of_databases_marks_unless_the_key_is_in_neither(bool inFirst, bool inSecond, bool marked)
    {
        Watched.Watch(_client, "k"u8);
        if (inFirst) _parts.Set("k");
        if (inSecond) _parts.Set("k", database: 1);
        _parts.Keyspace.Swap(0, 1);
        _parts.Effects.Swapped(0, 1);
        Assert.Equal(marked, IsMarked);
    }

    [Fact]
    public void A_transaction_that_holds_nothing_is_used_again()
    {
        Watched.Watch(_client, "k"u8);
        var transaction = _client.Transaction;
        _transactions.Discard(_client);
        Assert.Null(_client.Transaction);
        Assert.Equal(0, Watched.Count);
        Assert.Same(transaction, _transactions.Of(_parts.Connect()));
    }
}
