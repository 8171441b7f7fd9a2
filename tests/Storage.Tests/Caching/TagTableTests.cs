using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Caching;

public sealed class TagTableTests : IDisposable
{
    readonly Keyspace _keyspace = new(2, new HashSeed(1, 2));

    Database Database => _keyspace[0];

    public void Dispose() => _keyspace.Dispose();

    Record Set(string key, long created, params string[] tags) => Set(key, new CacheMetadata { Created = created }, tags);

    Record Set(string key, CacheMetadata metadata, params string[] tags) =>
        Database.SetCached(Database.Lookup(key), Encoding.UTF8.GetBytes(key), "value"u8, -1, metadata, Pack(tags));

    void Purge(string tag, long version, bool isSoft = false) =>
        Database.Purge(tag == "" ? PurgeScope.All : PurgeScope.Tag, Encoding.UTF8.GetBytes(tag), isSoft, version);

    static TagNames Pack(string[] names)
    {
        var bytes = new byte[names.Sum(name => TagNames.SizeFor(Encoding.UTF8.GetBytes(name)))];
        var end = 0;
        foreach (var name in names) end += TagNames.Put(bytes.AsSpan(end), Encoding.UTF8.GetBytes(name));
        return new(bytes);
    }

    [Fact]
    public void Memory_of_tags_comes_back_as_their_keys_go()
    {
        var baseline = _keyspace.UsedBytes;
        for (var i = 0; i < 20_000; i++) Set($"key:{i}", 1, $"tag:{i}", $"tag:{i / 2}");
        Assert.Equal(20_000, Database.Tags.Count);
        KeyspaceInvariants.Verify(_keyspace);
        var full = Database.Tags.CountBytes();
        for (var i = 19_999; i >= 100; i--) Database.Delete(Database.Lookup($"key:{i}"));
        Assert.Equal(100, Database.Tags.Count);
        KeyspaceInvariants.Verify(_keyspace);
        Assert.True(Database.Tags.CountBytes() < full / 2);
        for (var i = 0; i < 100; i++) Database.Delete(Database.Lookup($"key:{i}"));
        Assert.Equal(baseline, _keyspace.UsedBytes);
    }

    /// <summary>Versions of keys and purges come from the master. That this server's own clock is ahead is for what comes after a failover.</summary>
    [Fact]
    public void Purges_of_a_master_whose_clock_is_behind_overtake_what_is_older_and_nothing_else()
    {
        Purge("x", 1000);
        _keyspace.TakeOver(_keyspace.NewBeside());
        Set("before", 10, "x");
        foreach (var tag in (string[])["x", "y"])
        {
            var purge = new System.Buffers.ArrayBufferWriter<byte>();
            CachePayload.BeginPurge(purge, 11, PurgeScope.Tag, isSoft: false);
            CachePayload.AddName(purge, Encoding.UTF8.GetBytes(tag));
            Assert.True(Database.TryApply(purge.WrittenSpan, out _, isSettled: true));
        }
        Assert.True(Database.IsPurged(Database.Lookup("before").Record));
        Assert.False(Database.IsPurged(Set("after", 11, "x")));
        // Of a tag that no key had, the log knows.
        Assert.True(Database.IsPurged(Set("old", 10, "y")));
        Assert.False(Database.IsPurged(Set("new", 11, "y")));
        Assert.Equal((1000, 1000), (_keyspace.CacheClock.Value, Database.Purges.Floor));
    }

    /// <summary>What another server tells of a key, in one stream with the purges.</summary>
    void Tell(string key, in CacheMetadata metadata, params string[] tags)
    {
        var told = new System.Buffers.ArrayBufferWriter<byte>();
        CachePayload.BeginKeys(told);
        CachePayload.AddKey(told, Encoding.UTF8.GetBytes(key), metadata, Pack(tags));
        Assert.True(Database.TryApply(told.WrittenSpan, out _, isSettled: true));
    }

    public static TheoryData<string, bool, string> ToldOf => new MatrixTheoryData<string, bool, string>(
        ["t", ""], [true, false], ["inline", "many tags", "cost", "slide", "limit", "negative"]);

    /// <summary>A master may have forgotten a purge that its replica remembers: its walk was earlier, or it was restarted. It has the last word.</summary>
    [Theory]
    [MemberData(nameof(ToldOf))]
    public void A_key_that_its_master_tells_of_is_alive_whatever_is_known_of_its_tags(string purged, bool isSoft, string form)
    {
        var metadata = new CacheMetadata { Created = 5 };
        metadata = form switch
        {
            "cost" => metadata with { Cost = 7 },
            "slide" => metadata with { Slide = 60_000, SlideLimit = -1 },
            "limit" => metadata with { Slide = 60_000, SlideLimit = 99_000 },
            "negative" => metadata with { IsNegative = true },
            _ => metadata,
        };
        string[] tags = form == "many tags" ? ["v", "w", "x", "t"] : ["w", "t"];
        var baseline = _keyspace.UsedBytes;
        Set("other", new CacheMetadata { Created = 5, StaleWindow = 100 }, "t");
        Database.SetCached(Database.Lookup("told"), "told"u8, "value"u8, 1000, metadata, Pack(["w"]));
        Purge(purged, 10_000, isSoft);
        Tell("told", metadata, tags);
        Assert.False(Database.IsPurged(Database.Lookup("told").Record));
        Assert.Equal(1000, Database.DeadlineOf(Database.Lookup("told").Record));
        Assert.True(Database.TryGetMetadata(Database.Lookup("told").Record, out var read));
        Assert.Equal((metadata, tags.Length), (read, Database.TagsOf(Database.Lookup("told").Record).Length));
        // It stays so when it slides no more, and wherever it goes in its database.
        Database.SetExpiry(Database.Lookup("told"), 2000);
        Database.CopyTo(Database.Lookup("told"), Database, "copy"u8);
        foreach (var key in (string[])["told", "copy"])
        {
            Assert.False(Database.IsPurged(Database.Lookup(key).Record));
            Assert.Equal(0, Database.TryGetMetadata(Database.Lookup(key).Record, out read) ? read.Slide : -1);
        }
        KeyspaceInvariants.Verify(_keyspace);
        // Of tags that it gets later, and of purges that come, nobody has said a thing.
        Purge("u", 10_500);
        Assert.Equal(1, Database.AddTags(Database.Lookup("copy"), Pack(["u"]), 5));
        Assert.True(Database.IsPurged(Database.Lookup("copy").Record));
        Purge("w", 11_000, isSoft);
        Assert.True(Database.IsPurged(Database.Lookup("told").Record));
        foreach (var key in (string[])["told", "copy", "other"]) Database.Delete(Database.Lookup(key));
        Assert.Equal(baseline, _keyspace.UsedBytes);
    }

    [Fact]
    public void A_number_that_is_used_again_knows_nothing_of_the_tag_that_had_it()
    {
        Set("a", 1, "old");
        Purge("old", 10);
        Assert.True(Database.IsPurged(Database.Lookup("a").Record));
        Database.Delete(Database.Lookup("a"));
        var record = Set("b", 5, "new");
        Assert.Equal(0u, Database.TagsOf(record)[0]);
        Assert.False(Database.IsPurged(record));
        // The old name is remembered, though no key has it.
        Assert.True(Database.IsPurged(Set("c", 5, "old")));
    }

    [Fact]
    public void Purges_of_a_name_that_no_key_has_count_for_one_that_gets_it()
    {
        Purge("hard", 10);
        Purge("soft", 20_000, isSoft: true);
        Assert.True(Database.IsPurged(Set("a", 9, "hard")));
        Assert.False(Database.IsPurged(Set("a", 10, "hard")));
        Assert.True(Database.IsPurged(Set("b", 9, "soft")));
        var stale = Set("c", new CacheMetadata { Created = 9, StaleWindow = 100 }, "soft");
        Assert.False(Database.IsPurged(stale));
        Assert.Equal(120, Database.DeadlineOf(stale));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(300)]
    public void The_first_soft_purge_after_the_value_counts(int purges)
    {
        for (var i = 0; i < purges; i++)
        {
            Set($"key:{i}", new CacheMetadata { Created = i * 1000 + 500, StaleWindow = 1_000_000 }, "tag");
            Purge("tag", (i + 1) * 1000, isSoft: true);
        }
        for (var i = 0; i < Math.Min(purges, 250); i++)
            Assert.Equal(1_000_000 + i + 1, Database.DeadlineOf(Database.Lookup($"key:{i}").Record));
        KeyspaceInvariants.Verify(_keyspace);
        // Where they are too many to be kept, values turn stale late, but they do.
        Assert.InRange(Database.DeadlineOf(Database.Lookup($"key:{purges - 1}").Record), 1_000_000 + purges, 1_000_000 + purges + 1);
    }

    [Fact]
    public void Soft_purges_that_are_written_into_the_keys_are_forgotten()
    {
        Set("a", new CacheMetadata { Created = 1, StaleWindow = 100 }, "x");
        var empty = Database.Tags.CountBytes();
        for (var version = 1000; version <= 10_000; version += 1000) Purge("x", version, isSoft: true);
        Purge("", 11_000, isSoft: true);
        Purge("", 12_000, isSoft: true);
        Assert.Equal(0u, Database.Tags.ForgetSofts(0, 9_500, lines: 10));
        Assert.Equal(110, Database.DeadlineOf(Database.Lookup("a").Record));
        Assert.Equal(0u, Database.Tags.ForgetSofts(0, 12_000, lines: 10));
        Assert.Equal(-1, Database.DeadlineOf(Database.Lookup("a").Record));
        Assert.Equal(empty, Database.Tags.CountBytes());
    }

    [Fact]
    public void A_purge_of_all_concerns_only_what_has_metadata()
    {
        Database.Set("plain", "v");
        Set("a", 5);
        Purge("", 6);
        Assert.False(Database.IsPurged(Database.Lookup("plain").Record));
        Assert.True(Database.IsPurged(Database.Lookup("a").Record));
        Assert.Equal((1, 6), (Database.Cleanup.Keys, Database.Cleanup.Waiting));
    }

    [Fact]
    public void A_wrong_count_is_found()
    {
        Set("a", 1, "x");
        var record = Database.Lookup("a").Record;
        unsafe
        {
            // One key less than the table counts.
            new MetadataCell(record).Tags[0] = 77;
        }
        Assert.Throws<InvalidOperationException>(Database.VerifyTags);
    }
}
