using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tests.Harness;
using static MiniRedis.Storage.Tests.Harness.RandomChanges;

namespace MiniRedis.Storage.Tests.Snapshots;

/// <summary>Frozen values, and the copies of them that commands get to change, where memory is refused.</summary>
public sealed class SnapshotRefusalTests : IDisposable
{
    readonly Keyspace _keyspace = new(1, new HashSeed(1, 2));

    Database Database => _keyspace[0];

    public void Dispose() => _keyspace.Dispose();

    [Theory]
    [InlineData("set", true)]
    [InlineData("set", false)]
    [InlineData("string", true)]
    [InlineData("string", false)]
    public void A_copy_outlives_the_command_that_is_given_up(string key, bool isDraft)
    {
        var before = BeginSnapshot();
        _keyspace.Snapshot!.WalkOn();
        _keyspace.Arena.BeginAttempt();
        // A draft of the command's own goes with the command, unless a copy has become the value of a key meanwhile.
        if (isDraft) _keyspace.Arena.BeginDraft();
        Database.Seize(Database.Lookup(key));
        Assert.Equal(!isDraft, _keyspace.Arena.TryGiveUp());

        // Blocks that are free by mistake get another content.
        for (var i = 0; i < 1000; i++) Database.Set($"other:{i}", new string('y', i * 10));
        for (var i = 0; i < 1000; i++) Database.Delete(Database.Lookup($"other:{i}"));
        Assert.Equal(before, Contents(_keyspace));
        End();
        Assert.Equal(before, Contents(_keyspace));
    }

    [Fact]
    public void A_copy_that_is_refused_in_its_middle_leaves_nothing_behind()
    {
        var before = BeginSnapshot();
        _keyspace.Snapshot!.WalkOn();
        var used = _keyspace.UsedBytes;
        _keyspace.Arena.BeginAttempt();
        _keyspace.Arena.Trial = new Scarcity(blocks: 5);
        Assert.Throws<MemoryRefusedException>(() => Database.Seize(Database.Lookup("set")));
        Assert.True(_keyspace.Arena.TryGiveUp());
        _keyspace.Arena.Trial = null;
        Assert.Equal(used, _keyspace.UsedBytes);
        Assert.Equal(before, Contents(_keyspace));
        End();
    }

    [Fact]
    public void What_is_frozen_for_a_command_that_makes_a_draft_cannot_be_given_up_with_it()
    {
        BeginSnapshot();
        _keyspace.Arena.BeginAttempt();
        _keyspace.Arena.BeginDraft();
        Assert.Equal(Readiness.Frozen, Database.Prepare(Database.Lookup("string")));
        Assert.False(_keyspace.Arena.TryGiveUp());
        End();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_key_is_deleted_though_the_snapshot_has_no_memory_for_it(int blocks)
    {
        BeginSnapshot();
        Database.SetMetadata(Database.Lookup("string"), new() { Created = 1 }, default);
        End();
        var snapshot = _keyspace.BeginSnapshot();
        var used = _keyspace.UsedBytes;
        _keyspace.Arena.Trial = new Scarcity(blocks);
        Database.Delete(Database.Lookup("string"));
        _keyspace.Arena.Trial = null;
        Assert.False(Database.Lookup("string").Found);
        Assert.InRange(_keyspace.UsedBytes, 0, used - (2 << 20));
        Assert.True(snapshot.Refused);
        Assert.True(snapshot.IsAbandoned);
        End();
    }

    /// <summary>Begins a snapshot of two keys whose values it freezes. Returns what the keyspace holds.</summary>
    Dictionary<string, string> BeginSnapshot()
    {
        for (var i = 0; i < 8000; i++) AddToSet(Database, "set"u8, Bytes($"member:{i}"), new(0, 0, 0));
        Database.Set("string", new string('x', 2 << 20));
        var before = Contents(_keyspace);
        _keyspace.BeginSnapshot();
        return before;
    }

    void End()
    {
        _keyspace.Snapshot!.Finish();
        KeyspaceInvariants.Verify(_keyspace);
    }
}
