using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.RdbFiles;

public sealed class RdbLoaderTests : IDisposable
{
    readonly Keyspace _keyspace = new(16, new HashSeed(1, 2));

    public void Dispose() => _keyspace.Dispose();

    /// <summary>A keyspace with every type in its small and its large form, deadlines, and two databases.</summary>
    static void Populate(Keyspace keyspace, int large)
    {
        var random = new Random(3);
        var first = keyspace[0];
        first.SetString(first.Lookup("number"u8), "number"u8, "12345"u8, -1);
        first.SetString(first.Lookup("text"u8), "text"u8, "some text"u8, 99_999_999_999_999);
        first.SetString(first.Lookup("compressible"u8), "compressible"u8, new byte[100], -1);
        foreach (var count in (int[])[3, large])
        {
            var name = Encoding.ASCII.GetBytes($"hash{count}");
            var hash = HashEditor.Create(first, first.Lookup(name), name, 1, RdbFile.Limits.Hashes);
            for (var i = 0; i < count; i++) hash.Set(Text("field", i), Text("value", random.Next()));
            if (count == 3) hash.SetDeadline(Text("field", 1), 99_999_999_999_999);
            name = Encoding.ASCII.GetBytes($"list{count}");
            var list = new ListValue(first, ListValue.Create(first, first.Lookup(name), name), RdbFile.Limits.Lists);
            for (var i = 0; i < count; i++)
            {
                list.Prepare(20, 1);
                list.Push(Text("element", random.Next()), head: false);
            }
            var set = SetEditor.Draft(first, Encoding.ASCII.GetBytes($"set{count}"), asIntset: true, RdbFile.Limits.Sets);
            for (var i = 0; i < count; i++) set.Add(Text("", random.Next()));
            set.Publish();
        }
        var second = keyspace[9];
        for (var i = 0; i < 40; i++) second.SetString(second.Lookup(Text("key", i)), Text("key", i), Text("v", i), i % 2 == 0 ? -1 : 99_999_999_999_999);
    }

    static byte[] Text(string prefix, int number) => Encoding.ASCII.GetBytes(prefix + number);

    static byte[] Sample(int large)
    {
        using var keyspace = new Keyspace(16, new HashSeed(1, 2));
        Populate(keyspace, large);
        return RdbFile.Write(keyspace);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(1 << 30)]
    public void What_was_written_is_loaded_whatever_the_slices(int step)
    {
        // Longer than several chunks of the input.
        var file = Sample(60_000);
        Assert.True(file.Length > 2 << 20);
        RdbFile.Load(file, _keyspace, step: step);
        Assert.Equal(file, RdbFile.Write(_keyspace));
    }

    [Fact]
    public void Strings_longer_than_the_window_are_loaded()
    {
        var database = _keyspace[0];
        var random = new Random(5);
        for (var i = 0; i < 12; i++)
        {
            var value = new byte[(i % 4) * 700_000 + random.Next(100_000)];
            random.NextBytes(value);
            database.SetString(database.Lookup(Text("k", i)), Text("k", i), value, -1);
            var key = new byte[600_000 + i];
            random.NextBytes(key);
            database.SetString(database.Lookup(key), key, value, -1);
        }
        var file = RdbFile.Write(_keyspace, compress: false);
        using var loaded = new Keyspace(16, new HashSeed(7, 8));
        RdbFile.Load(file, loaded);
        Assert.Equal(file, RdbFile.Write(loaded, compress: false));
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_refused_with_the_place()
    {
        var file = Sample(200);
        for (var length = 0; length < file.Length; length++)
        {
            using var keyspace = new Keyspace(16, new HashSeed(7, 8));
            var failure = Assert.Throws<RdbException>(() => RdbFile.Load(file[..length], keyspace));
            Assert.InRange(failure.Offset, 0, length);
            Assert.NotEmpty(failure.Reason);
            Assert.NotEmpty(failure.Reading);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_file_with_a_wrong_bit_is_refused(int seed)
    {
        var file = Sample(200);
        var random = new Random(seed);
        for (var i = 0; i < 1000; i++)
        {
            var damaged = (byte[])file.Clone();
            damaged[random.Next(file.Length - 8)] ^= (byte)(1 << random.Next(8));
            using var keyspace = new Keyspace(16, new HashSeed(7, 8));
            Assert.Throws<RdbException>(() => RdbFile.Load(damaged, keyspace));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damage_that_no_checksum_shows_does_no_harm(int seed)
    {
        var file = Sample(200);
        var random = new Random(seed);
        var refused = 0;
        for (var i = 0; i < 2000; i++)
        {
            var damaged = (byte[])file.Clone();
            for (var n = random.Next(4); n >= 0; n--) damaged[random.Next(9, file.Length)] = (byte)random.Next(256);
            using var keyspace = new Keyspace(16, new HashSeed(7, 8));
            try
            {
                RdbFile.Load(damaged, keyspace, RdbFile.Options with { VerifiesChecksum = false });
            }
            catch (RdbException failure)
            {
                Assert.InRange(failure.Offset, 0, file.Length);
                refused++;
            }
            // What is there can be read and written.
            RdbFile.Write(keyspace);
        }
        Assert.InRange(refused, 100, 1999);
    }

    [Fact]
    public void A_length_that_lies_takes_no_memory()
    {
        // A string of two gigabytes, and RESIZEDB of four billion keys.
        byte[] file = RdbFile.Old(0xFB, 0x80, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 1, (byte)'k', 0x80, 0x7F, 0xFF, 0xFF, 0xFF, 1, 2, 3);
        var failure = Assert.Throws<RdbException>(() => RdbFile.Load(file, _keyspace));
        Assert.Equal("the data end too early at offset 26, reading a key of database 0 whose value is of the form String", failure.Message);
        Assert.InRange(_keyspace.UsedBytes, 0, 1 << 20);
    }

    [Theory]
    [InlineData("REDIT0003", "Wrong signature trying to load DB from file")]
    [InlineData("REDIS00x3", "the version is not a number")]
    [InlineData("REDIS0000", "the version is not a number")]
    [InlineData("REDIS0013", "Can't handle RDB format version 13")]
    [InlineData("REDIS0080", "Can't handle RDB format version 80")]
    [InlineData("VALKEY011", "Can't handle RDB format version 11")]
    [InlineData("VALKEY081", "Can't handle RDB format version 81")]
    public void A_header_that_is_not_known_is_refused(string header, string reason)
    {
        var failure = Assert.Throws<RdbException>(() => RdbFile.Load([.. Encoding.ASCII.GetBytes(header), 0xFF], _keyspace));
        Assert.Equal((reason, "the header"), (failure.Reason, failure.Reading));
    }

    [Fact]
    public void A_version_that_is_not_known_is_read_if_that_is_wanted()
    {
        var file = RdbFile.WithChecksum([.. "REDIS0013"u8, 0, 1, (byte)'k', 1, (byte)'v', 0xFF]);
        RdbFile.Load(file, _keyspace, RdbFile.Options with { AnyVersion = true });
        Assert.Equal(1, _keyspace.Count);
    }

    [Fact]
    public void A_key_that_occurs_twice_is_refused_unless_keys_are_replaced()
    {
        var file = RdbFile.Old(0, 1, (byte)'k', 1, (byte)'a', 0, 1, (byte)'k', 1, (byte)'b');
        var failure = Assert.Throws<RdbException>(() => RdbFile.Load(file, _keyspace));
        Assert.Equal("a key occurs twice", failure.Reason);

        RdbFile.Load(file, _keyspace, RdbFile.Options with { Replaces = true });
        Assert.Equal("b", Encoding.ASCII.GetString(_keyspace[0].Lookup("k"u8).Record.Text));
    }

    [Fact]
    public void Deadlines_of_seconds_and_of_milliseconds_are_read_and_what_has_expired_is_left_out()
    {
        byte[] file = RdbFile.Old(
            0xFD, 2, 0, 0, 0, 0, 1, (byte)'a', 1, (byte)'x',
            0xFC, 0xD1, 7, 0, 0, 0, 0, 0, 0, 0, 1, (byte)'b', 1, (byte)'x',
            0, 1, (byte)'c', 1, (byte)'x');
        RdbFile.Load(file, _keyspace);
        Assert.Equal(2000, _keyspace[0].Lookup("a"u8).Record.ExpireAt);
        Assert.Equal(2001, _keyspace[0].Lookup("b"u8).Record.ExpireAt);
        Assert.Equal(-1, _keyspace[0].Lookup("c"u8).Record.ExpireAt);

        _keyspace.FlushAll();
        RdbFile.Load(file, _keyspace, RdbFile.Options with { DropExpiredAt = 2001 });
        Assert.Equal(2, _keyspace.Count);
        Assert.False(_keyspace[0].Lookup("a"u8).Found);
    }

    [Fact]
    public void What_stands_beside_keys_is_told()
    {
        byte[] file =
        [
            .. "REDIS0012"u8, 0xFA, 9, .. "redis-ver"u8, 5, .. "7.4.0"u8, 0xF5, 3, .. "lib"u8, 0xFE, 0, 0xF4, 1, 2, 3,
            // An empty list of one empty ziplist, as a bug of Redis 6 left it.
            10, 1, (byte)'e', 11, 11, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0xFF,
            0xF8, 60, 0, 1, (byte)'i', 1, (byte)'x', 0xF9, 7, 0, 1, (byte)'f', 1, (byte)'x', 0xFF,
        ];
        Assert.Equal(["redis-ver=7.4.0", "function=lib", "empty=e"], RdbFile.Load(RdbFile.WithChecksum(file), _keyspace));
        Assert.Equal((60u, 7u), (_keyspace[0].Lookup("i"u8).Record.AccessField, _keyspace[0].Lookup("f"u8).Record.AccessField));
    }

    /// <summary>Two classes: one of an integer and a text, one of a float and a double. Both may be ignored.</summary>
    [Fact]
    public void Metadata_of_a_key_of_redis_8_6_are_skipped_where_their_class_allows_it()
    {
        byte[] metadata =
        [
            0xF3, 2, 0x09, 0, 0, 0, 1, 7, 5, 2, .. "ab"u8, 0,
            0x01, 0, 0, 0, 3, 1, 2, 3, 4, 4, 1, 2, 3, 4, 5, 6, 7, 8, 0,
        ];
        byte[] file = [.. "REDIS0012"u8, 0xFE, 0, .. metadata, 0, 1, (byte)'k', 1, (byte)'x', 0xFF];
        RdbFile.Load(RdbFile.WithChecksum(file), _keyspace);
        Assert.True(_keyspace[0].Lookup("k"u8).Found);
    }

    /// <summary>Both have the same number, and only the header tells them apart.</summary>
    [Theory]
    // The class "KMT1", version 1, without flags.
    [InlineData("REDIS0012", "F3-01-08-F5-C4-28", "the file contains metadata of a key that cannot be loaded: no matching class 'KMT1'")]
    [InlineData("REDIS0012", "F3-01-01-00-00-00-09", "metadata of a key hold a value of an unknown kind")]
    [InlineData("VALKEY080", "F3-01-01-00-00-00-00", "the file contains slots whose import was not finished")]
    public void What_modules_keep_of_a_key_is_told_from_slots_on_their_way(string header, string body, string reason)
    {
        byte[] file = [.. System.Text.Encoding.ASCII.GetBytes(header), .. body.Split('-').Select(b => Convert.ToByte(b, 16)), 0, 0, 0xFF];
        Assert.Equal(reason, Assert.Throws<RdbException>(() => RdbFile.Load(RdbFile.WithChecksum(file), _keyspace)).Reason);
    }

    [Fact]
    public void A_database_beyond_those_there_are_is_refused()
    {
        using var one = new Keyspace(1, new HashSeed(1, 2));
        var failure = Assert.Throws<RdbException>(() => RdbFile.Load([.. "REDIS0003"u8, 0xFE, 1, 0, 1, 1, 1, 1, 0xFF], one));
        Assert.Equal("the file holds database 1, and there are only 1", failure.Reason);
    }

    [Theory]
    // Module data of the type "ReJSON-RL", beside a key and as its value.
    [InlineData("F7-81-45-E2-52-38-DF-91-2C-03", "the file contains AUX module data that cannot be loaded: no matching module 'ReJSON-RL'")]
    [InlineData("07-01-6B-81-45-E2-52-38-DF-91-2C-03", "the file contains module data that cannot be loaded: no matching module type 'ReJSON-RL'")]
    [InlineData("F6", "functions in the format of a release candidate are not supported")]
    [InlineData("08-01-6B", "unknown type 8")]
    [InlineData("96", "unknown type 150")]
    public void What_would_be_lost_is_refused(string body, string reason)
    {
        var bytes = body.Split('-').Select(b => Convert.ToByte(b, 16)).ToArray();
        Assert.Equal(reason, Assert.Throws<RdbException>(() => RdbFile.Load(RdbFile.Old(bytes), _keyspace)).Reason);
    }

    [Fact]
    public void Hashes_of_valkey_9_have_their_deadlines_behind_the_values()
    {
        byte[] file =
        [
            .. "VALKEY080"u8, 0xFE, 0, 22, 1, (byte)'h', 2,
            1, (byte)'a', 1, (byte)'1', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            1, (byte)'b', 1, (byte)'2', 0xE8, 3, 0, 0, 0, 0, 0, 0, 0xFF,
        ];
        RdbFile.Load(RdbFile.WithChecksum(file), _keyspace);
        var fields = new HashReader(_keyspace[0].Lookup("h"u8).Record).Fields(HashReader.Everything);
        var deadlines = new List<long>();
        while (fields.Next()) deadlines.Add(fields.ExpireAt);
        deadlines.Sort();
        Assert.Equal([-1, 1000], deadlines);
    }

    [Fact]
    public void Hashes_of_a_release_candidate_have_their_deadlines_in_full()
    {
        byte[] file = RdbFile.WithChecksum([.. "REDIS0012"u8, 22, 1, (byte)'h', 1, 0x43, 0xE9, 1, (byte)'a', 1, (byte)'1', 0xFF]);
        RdbFile.Load(file, _keyspace);
        var fields = new HashReader(_keyspace[0].Lookup("h"u8).Record).Fields(HashReader.Everything);
        Assert.True(fields.Next());
        Assert.Equal(1001, fields.ExpireAt);
    }
}
