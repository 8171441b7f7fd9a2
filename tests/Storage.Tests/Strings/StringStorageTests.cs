using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Strings;
using MiniRedis.Storage.Tests.Harness;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Tests.Strings;

public class StringStorageTests
{
    [Theory]
    [InlineData("12345", "int")]
    [InlineData("-9223372036854775808", "int")]
    [InlineData("9223372036854775808", "embstr")]
    [InlineData("007", "embstr")]
    [InlineData("", "embstr")]
    [InlineData("01234567890123456789012345678901234567890123", "embstr")]
    [InlineData("012345678901234567890123456789012345678901234", "raw")]
    public void The_encoding_is_the_one_OBJECT_ENCODING_shows(string value, string encoding)
    {
        using var keyspace = new Keyspace();
        var record = keyspace[0].Set("k", value);
        Assert.Equal(encoding, Encoding.ASCII.GetString(record.EncodingName));
        Assert.Equal(value, keyspace[0].Get("k"));
        Assert.Equal(value.Length, record.StringLength);
        Assert.Equal(ObjectType.String, record.Type);
    }

    [Fact]
    public void An_appended_string_is_raw_though_short()
    {
        using var keyspace = new Keyspace();
        keyspace[0].Set("k", "12");
        var bytes = keyspace[0].MutableString(keyspace[0].Lookup("k"), "k"u8, 3, out var record);
        bytes[2] = (byte)'3';
        Assert.Equal("raw"u8, record.EncodingName);
        Assert.Equal("123", keyspace[0].Get("k"));
        Assert.Equal("int"u8, keyspace[0].Set("k", "123").EncodingName);
    }

    [Theory]
    [InlineData(16, 64, -1, 88)]
    [InlineData(16, 64, 5, 96)]
    [InlineData(300, 20, -1, 8 + 4 + 300 + 20 + 20 /* the class above 332 */)]
    public void A_record_takes_what_its_parts_take(int key, int value, long expireAt, int bytes)
    {
        using var keyspace = new Keyspace();
        Assert.Equal(bytes, keyspace[0].Set(new string('k', key), new string('v', value), expireAt).AllocatedBytes);
    }

    [Fact]
    public void A_database_of_ten_small_keys_takes_a_kilobyte_and_an_unused_one_nothing()
    {
        using var keyspace = new Keyspace();
        Assert.Equal(0, keyspace.UsedBytes);
        for (var i = 0; i < 10; i++) keyspace[0].Set($"key:{i}", "some value");
        Assert.InRange(keyspace.UsedBytes, 1, 1024);
        Assert.Equal(keyspace.UsedBytes / 10, keyspace.BytesPerKey);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(700)]
    [InlineData(5_000)]
    [InlineData(3_000_000)]
    public void A_value_may_be_a_span_of_the_very_record_it_replaces(int length)
    {
        using var keyspace = new Keyspace();
        var text = string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + i % 26)));
        foreach (var expireAt in new long[] { -1, 77 })
        {
            keyspace[0].Set("k", text);
            var at = keyspace[0].Lookup("k");
            keyspace[0].SetString(at, at.Record.Key, at.Record.Text[3..], expireAt);
            Assert.Equal(text[3..], keyspace[0].Get("k"));

            at = keyspace[0].Lookup("k");
            keyspace[0].SetString(at, at.Record.Key, at.Record.Text[..2], -1);
            Assert.Equal(text[3..5], keyspace[0].Get("k"));
        }
    }

    [Fact]
    public void A_value_may_be_a_span_of_another_record()
    {
        using var keyspace = new Keyspace();
        keyspace[0].Set("a", "value of a");
        keyspace[0].SetString(keyspace[0].Lookup("b"), "b"u8, keyspace[0].Lookup("a").Record.Text, -1);
        Assert.Equal("value of a", keyspace[0].Get("b"));
        var at = keyspace[0].Lookup("a");
        keyspace[0].Rename(at, keyspace[0].Lookup("b").Record.Key);
        Assert.Equal(1, keyspace[0].Count);
        Assert.Equal("value of a", keyspace[0].Get("b"));
    }

    [Fact]
    public void Appending_byte_by_byte_copies_a_string_a_few_times_only()
    {
        using var keyspace = new Keyspace();
        var database = keyspace[0];
        database.Set("k", "");
        var moves = 0;
        var address = 0UL;
        for (var length = 1; length <= 3_000_000; length++)
        {
            var bytes = database.MutableString(database.Lookup("k"), "k"u8, length, out var record);
            bytes[^1] = (byte)length;
            var now = record.IsExternal ? record.AllocatedBytes : (long)record.Address;
            if ((ulong)now != address) moves++;
            address = (ulong)now;
        }
        Assert.InRange(moves, 1, 60);
        var text = database.Lookup("k").Record.Text;
        for (var i = 0; i < text.Length; i += 997) Assert.Equal((byte)(i + 1), text[i]);
    }

    [Fact]
    public void New_bytes_are_zero_even_where_others_lay_before()
    {
        using var keyspace = new Keyspace();
        var database = keyspace[0];
        for (var i = 0; i < 50; i++) database.Set($"{i}", new string('x', 100));
        for (var i = 0; i < 50; i++) database.Delete(database.Lookup($"{i}"));
        Assert.Equal(-1, database.MutableString(database.Lookup("k"), "k"u8, 100, out _).IndexOfAnyExcept((byte)0));
        database.MutableString(database.Lookup("k"), "k"u8, 100, out _).Fill(1);
        database.MutableString(database.Lookup("k"), "k"u8, 10, out _);
        Assert.Equal(-1, database.MutableString(database.Lookup("k"), "k"u8, 100, out _)[10..].IndexOfAnyExcept((byte)0));
    }

    [Fact]
    public void The_access_field_has_24_bits_beside_the_type_and_survives_a_new_value()
    {
        using var keyspace = new Keyspace();
        var record = keyspace[0].Set("k", "v");
        record.AccessField = 0xFFABCDEF;
        Assert.Equal(0xABCDEFu, record.AccessField);
        Assert.Equal(ObjectEncoding.EmbeddedString, record.Encoding);
        Assert.Equal(0xABCDEFu, keyspace[0].Set("k", new string('v', 500)).AccessField);
    }

    [Fact]
    public void The_layout_s_table_says_what_the_flags_say()
    {
        for (var flags = 0; flags < 16; flags++)
        {
            var f = (RecordFlags)flags;
            var offset = RecordLayout.HeaderSize + (f.HasFlag(RecordFlags.HasExpiry) ? 8 : 0);
            Assert.Equal(offset, RecordLayout.PayloadOffset(f));
            offset += (f.HasFlag(RecordFlags.Integer) ? 8 : 0) + (f.HasFlag(RecordFlags.External) ? 16 : 0);
            Assert.Equal(offset + (f.HasFlag(RecordFlags.LongKey) ? 4 : 0), RecordLayout.KeyOffset(f));
        }
    }
}
