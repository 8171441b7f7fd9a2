using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Keys;

public sealed class KeyAccessTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly Client _client;

    public KeyAccessTests() => _client = _parts.Connect();

    public void Dispose() => _parts.Dispose();

    bool Find() => _parts.Keys.FindToRead(_client, _parts.Keyspace[0], "k"u8, _parts.Keyspace[0].HashOf("k"u8)).Found;

    [Fact]
    public void A_key_lives_through_the_millisecond_of_its_deadline()
    {
        _parts.Set("k", deadline: _parts.Time.Now + 100);
        _parts.Advance(TimeSpan.FromMilliseconds(100));
        Assert.True(Find());
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(Find());
        Assert.False(_parts.Lookup("k").Found);
        Assert.Equal(["expired@0 k", "keymiss@0 k"], _parts.Recorded.Events);
        _parts.Effects.EndUnit();
        Assert.Equal(["DEL k"], _parts.Recorded.Commands);
        Assert.Equal((1, 1, 1), (_parts.Statistics.KeyspaceHits, _parts.Statistics.KeyspaceMisses, _parts.Statistics.ExpiredKeys));
        Assert.Equal(0, _parts.Effects.Dirty);
    }

    [Fact]
    public void While_writes_are_paused_an_expired_key_is_gone_for_readers_but_stays_unless_a_command_writes()
    {
        _parts.Set("k", deadline: _parts.Time.Now);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        _parts.Pause.Start(_parts.Time.Now + 1000, writesOnly: true);
        Assert.False(Find());
        Assert.True(_parts.Lookup("k").Found);
        _parts.Running.Enter(LoneParts.Command("SET"), _client);
        Assert.False(Find());
        Assert.False(_parts.Lookup("k").Found);
    }

    [Fact]
    public void Nothing_expires_while_the_AOF_is_loaded()
    {
        _parts.Set("k", deadline: _parts.Time.Now);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        _parts.Dataset.IsLoading = true;
        Assert.True(Find());
        _parts.Dataset.IsLoading = false;
        Assert.False(Find());
    }

    [Fact]
    public void In_import_mode_an_expired_key_is_there_for_the_source_and_deleted_by_nobody()
    {
        _parts.Config.Process.ImportMode = true;
        _parts.Set("k", deadline: _parts.Time.Now);
        _parts.Advance(TimeSpan.FromMilliseconds(1));
        var outer = _parts.Running.Enter(LoneParts.Command("GET"), _client);
        Assert.False(Find());
        _client.Flags |= ClientFlags.ImportSource;
        Assert.True(Find());
        _parts.Running.Leave(outer);
        Assert.True(_parts.Lookup("k").Found);
    }

    [Fact]
    public void A_client_that_does_not_touch_leaves_a_key_as_idle_as_it_was()
    {
        var record = _parts.Set("k");
        record.AccessField = _parts.AccessFields.Initial;
        _parts.Advance(TimeSpan.FromSeconds(10));
        _client.Flags |= ClientFlags.NoTouch;
        Assert.True(Find());
        Assert.Equal(10u, _parts.AccessFields.IdleSeconds(record));
        _client.Flags = ClientFlags.None;
        Assert.True(Find());
        Assert.Equal(0u, _parts.AccessFields.IdleSeconds(record));
    }

    [Theory]
    [InlineData(true, "UNLINK k")]
    [InlineData(false, "DEL k")]
    public void An_evicted_key_is_told_as_a_deletion_and_is_no_change(bool lazy, string command)
    {
        _parts.Config.Memory.LazyFreeLazyEviction = lazy;
        _parts.Set("k");
        _parts.Keys.Evict(_parts.Keyspace[0], _parts.Lookup("k"));
        _parts.Effects.EndUnit();
        Assert.Equal(["evicted@0 k"], _parts.Recorded.Events);
        Assert.Equal([command], _parts.Recorded.Commands);
        Assert.Equal((1, 0), (_parts.Statistics.EvictedKeys, _parts.Effects.Dirty));
    }
}
