using System.Buffers;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbFiles;
using MiniRedis.Storage.Strings;

namespace MiniRedis.Storage.Tests.RdbFiles;

public sealed class RdbFileWriterTests : IDisposable
{
    readonly Keyspace _keyspace = new(16, new HashSeed(1, 2));
    readonly ArrayBufferWriter<byte> _output = new();

    public void Dispose() => _keyspace.Dispose();

    RdbFileWriter File => new(new RdbWriter(_output, compress: true));

    [Fact]
    public void A_file_is_what_redis_7_writes()
    {
        // What redis-server 7.0.15 wrote of the keys "a" (never used for a second, LRU) and "b" (with a deadline as well).
        const string Expected =
            "5245444953303031 30FA0972656469732D76657206372E302E3135FA0A72656469732D62697473C040FA056374696D65" +
            "C2A698016BFA08757365642D6D656DC2E0B50E00FA08616F662D62617365C000" +
            "FE00FB0201F801000161C001FC0C8C4BFEA1010000F801000162C001FFA6F9A524034F5C3D";
        var database = _keyspace[0];
        var first = database.SetString(database.Lookup("a"u8), "a"u8, "1"u8, -1);
        var second = database.SetString(database.Lookup("b"u8), "b"u8, "1"u8, 0x1A1FE4B8C0C);

        File.Begin(RdbFileWriter.VersionFor(_keyspace));
        File.Auxiliary("redis-ver"u8, "7.0.15"u8);
        File.Auxiliary("redis-bits"u8, 64);
        File.Auxiliary("ctime"u8, 0x6B0198A6);
        File.Auxiliary("used-mem"u8, 0x0EB5E0);
        File.Auxiliary("aof-base"u8, 0);
        File.Database(0, database.Count, database.ExpiringCount);
        File.Key(first, RdbAccess.Idle(1));
        File.Key(second, RdbAccess.Idle(1));
        File.End();

        var checksum = BitConverter.GetBytes(Crc64.Append(0, _output.WrittenSpan));
        Assert.Equal(Expected.Replace(" ", ""), Convert.ToHexString(_output.WrittenSpan) + Convert.ToHexString(checksum));
    }

    [Fact]
    public void An_lfu_counter_takes_one_byte_in_front_of_the_key()
    {
        var database = _keyspace[3];
        File.Key(database.SetString(database.Lookup("k"u8), "k"u8, "v"u8, -1), RdbAccess.Frequency(7));

        Assert.Equal("F907" + "00" + "016B" + "0176", Convert.ToHexString(_output.WrittenSpan));
    }

    [Fact]
    public void Only_deadlines_of_fields_need_the_version_of_redis_7_4()
    {
        Assert.Equal(10, RdbFileWriter.VersionFor(_keyspace));

        var database = _keyspace[9];
        var hash = HashEditor.Create(database, database.Lookup("h"u8), "h"u8, 1, new(128, 64));
        hash.Set("field"u8, "value"u8);
        Assert.Equal(10, RdbFileWriter.VersionFor(_keyspace));
        hash.SetDeadline("field"u8, 1000);
        Assert.Equal(12, RdbFileWriter.VersionFor(_keyspace));

        File.Begin(12);
        Assert.Equal("REDIS0012", Encoding.ASCII.GetString(_output.WrittenSpan));
    }
}
