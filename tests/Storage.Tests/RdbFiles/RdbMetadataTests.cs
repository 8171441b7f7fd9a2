using System.Buffers;
using System.Text;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbFiles;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.RdbFiles;

public sealed class RdbMetadataTests : IDisposable
{
    const long Version = 1_700_000_000_000_000;

    readonly Keyspace _keyspace = new(2);
    readonly Keyspace _copy = new(2);

    public void Dispose()
    {
        _keyspace.Dispose();
        _copy.Dispose();
    }

    static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    void Set(string key, CacheMetadata? metadata, string[] tags, int database = 0, long expireAt = -1)
    {
        var (into, name) = (_keyspace[database], Bytes(key));
        into.SetString(into.Lookup(name), name, "value"u8, expireAt);
        if (metadata is not { } given) return;
        var names = new byte[tags.Sum(t => 2 + t.Length)];
        var used = 0;
        foreach (var tag in tags) used += TagNames.Put(names.AsSpan(used), Bytes(tag));
        into.SetMetadata(into.Lookup(name), given, new TagNames(names));
    }

    static string Show(Keyspace keyspace)
    {
        var text = new StringBuilder();
        foreach (var database in keyspace.Databases)
        {
            foreach (var record in RandomChanges.RecordsOf(database).OrderBy(r => Encoding.Latin1.GetString(r.Key), StringComparer.Ordinal))
            {
                text.Append($"{database.Number} {Encoding.Latin1.GetString(record.Key)} {record.ExpireAt}");
                if (database.TryGetMetadata(record, out var metadata)) text.Append($" {metadata}");
                foreach (var tag in database.TagsOf(record)) text.Append($" {Encoding.Latin1.GetString(database.Tags.NameOf(tag))}");
                text.Append('\n');
            }
        }
        return text.ToString();
    }

    /// <summary>Writes a file as SAVE does.</summary>
    static byte[] Write(Keyspace keyspace)
    {
        var output = new ArrayBufferWriter<byte>();
        var file = new RdbFileWriter(new RdbWriter(output, compress: true));
        file.Begin(RdbFileWriter.VersionFor(keyspace));
        RdbMetadata.Clock(file, keyspace);
        var metadata = new RdbMetadata();
        foreach (var database in keyspace.Databases)
        {
            file.Database(database.Number, database.Count, database.ExpiringCount);
            foreach (var record in RandomChanges.RecordsOf(database))
            {
                if (database.IsPurged(record)) continue;
                file.Key(record, RdbAccess.None, database.DeadlineOf(record));
                metadata.Add(database, record);
                if (metadata.IsFull) metadata.Flush(file);
            }
            metadata.Flush(file);
        }
        file.End();
        return RdbFile.WithChecksum(output.WrittenSpan);
    }

    [Fact]
    public void Metadata_and_the_clock_come_back()
    {
        Set("plain", null, []);
        Set("tagged", new() { Created = Version, SlideLimit = -1 }, ["user:7", "posts"]);
        Set("stale", new() { Created = Version + 1, StaleWindow = 300, Cost = 17, SlideLimit = -1 }, ["posts"], expireAt: 9_999_999_999_999);
        Set("session", new() { Created = Version + 2, Slide = 60, SlideLimit = 99 }, [], database: 1, expireAt: 9_999_999_999_999);
        Set("nothing", new() { Created = Version + 3, IsNegative = true, SlideLimit = -1 }, ["a", "b", "c"], database: 1);
        _keyspace.CacheClock.RaiseTo(Version + 10);

        Assert.Empty(RdbFile.Load(Write(_keyspace), _copy));

        Assert.Contains("tagged -1 CacheMetadata", Show(_copy));
        Assert.Equal(Show(_keyspace), Show(_copy));
        Assert.Equal(Version + 10, _copy.CacheClock.Value);
        // What was purged before is not known any more: a value that was begun before that is refused.
        Assert.Equal(Version + 10, _copy[1].Purges.Floor);
    }

    [Theory]
    [InlineData(long.MaxValue / 2)]
    [InlineData(1000)]
    public void Many_keys_take_several_fields(long step)
    {
        for (var i = 0; i < 2500; i++)
        {
            CacheMetadata? metadata = i % 3 == 0 ? null : new() { Created = Version + i, SlideLimit = -1 };
            Set($"key{i}", metadata, [$"tag{i % 50}"], database: i % 2);
        }
        var file = Write(_keyspace);
        Assert.Empty(RdbFile.Load(file, _copy, step: step));
        Assert.Equal(Show(_keyspace), Show(_copy));
        Assert.InRange(Count(file, RdbMetadata.FieldName), 2, 4);
    }

    static int Count(ReadOnlySpan<byte> file, ReadOnlySpan<byte> name)
    {
        var count = 0;
        for (int at; (at = file.IndexOf(name)) >= 0; file = file[(at + name.Length)..]) count++;
        return count;
    }

    [Fact]
    public void What_is_purged_is_not_written_and_what_a_soft_purge_made_stale_has_its_shortened_deadline()
    {
        Set("hard", new() { Created = Version, SlideLimit = -1 }, ["posts"]);
        Set("soft", new() { Created = Version, StaleWindow = 5000, SlideLimit = -1 }, ["users"], expireAt: Version / 1000 + 60_000);
        Set("alive", new() { Created = Version, SlideLimit = -1 }, ["other"]);
        _keyspace[0].Purge(PurgeScope.Tag, "posts"u8, isSoft: false, Version + 1000);
        _keyspace[0].Purge(PurgeScope.Tag, "users"u8, isSoft: true, Version + 2000);

        RdbFile.Load(Write(_keyspace), _copy);

        Assert.DoesNotContain("hard", Show(_copy));
        Assert.Equal(2, _copy[0].Count);
        Assert.Contains($"soft {Version / 1000 + 2 + 5000} ", Show(_copy));
        Assert.False(_copy[0].NeedsSettling(_copy[0].Lookup("soft"u8).Record));
    }

    [Fact]
    public void A_server_without_such_keys_writes_no_field()
    {
        Set("plain", null, []);
        Assert.Equal(0, Count(Write(_keyspace), RdbMetadata.FieldName));
    }

    [Theory]
    [InlineData("mrc1k\u0001")]
    [InlineData("mrc2k\u0001a")]
    [InlineData("")]
    [InlineData("7")]
    public void A_field_that_is_damaged_or_newer_is_passed_over(string payload)
    {
        var output = new ArrayBufferWriter<byte>();
        var file = new RdbFileWriter(new RdbWriter(output, compress: true));
        file.Begin(10);
        file.Auxiliary(RdbMetadata.FieldName, Bytes(payload));
        Set("plain", null, []);
        file.Database(0, 1, 0);
        file.Key(_keyspace[0].Lookup("plain"u8).Record, RdbAccess.None);
        file.End();
        Assert.Equal(["unknown metadata"], RdbFile.Load(RdbFile.WithChecksum(output.WrittenSpan), _copy));
        Assert.Equal(Show(_keyspace), Show(_copy));
    }

    [Fact]
    public void A_key_that_had_expired_is_left_out_with_its_metadata()
    {
        Set("gone", new() { Created = Version, SlideLimit = -1 }, ["posts"], expireAt: 1000);
        Set("there", new() { Created = Version, SlideLimit = -1 }, ["posts"]);
        RdbFile.Load(Write(_keyspace), _copy, RdbFile.Options with { DropExpiredAt = 5000 });
        Assert.Equal(1, _copy[0].Count);
        Assert.Equal(1, _copy[0].Tags.KeysOf("posts"u8));
    }
}
