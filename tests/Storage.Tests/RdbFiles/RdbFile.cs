using System.Buffers;
using System.Text;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Rdb;
using MiniRedis.Storage.RdbFiles;
using MiniRedis.Storage.RdbValues;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.RdbFiles;

/// <summary>Files as bytes: loaded into keyspaces, written from them.</summary>
static class RdbFile
{
    public static readonly CollectionLimits Limits = new(new(-2, 0), new(512, 128, 64), new(128, 64), new(128, 64));

    public static readonly RdbLoadOptions Options = new() { Limits = Limits, DropExpiredAt = -1, VerifiesChecksum = true };

    sealed class Target : IRdbLoadTarget
    {
        public List<string> Auxiliary { get; } = [];

        public void OnAuxiliary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value) =>
            Auxiliary.Add($"{Encoding.Latin1.GetString(name)}={Encoding.Latin1.GetString(value)}");

        public string? OnFunction(ReadOnlySpan<byte> library)
        {
            Auxiliary.Add("function=" + Encoding.Latin1.GetString(library));
            return null;
        }

        public void OnUnknownMetadata() => Auxiliary.Add("unknown metadata");

        public void OnEmptyKey(ReadOnlySpan<byte> key) => Auxiliary.Add("empty=" + Encoding.Latin1.GetString(key));

        public uint AccessFieldOf(RdbAccess access) => access.IdleSeconds >= 0 ? (uint)access.IdleSeconds : (uint)Math.Max(0, access.Counter);
    }

    /// <summary>Loads a file in slices of <paramref name="step"/> bytes. Returns what it says besides keys.</summary>
    public static IReadOnlyList<string> Load(byte[] file, Keyspace keyspace, RdbLoadOptions? options = null, long step = long.MaxValue / 2)
    {
        var target = new Target();
        using var loader = new RdbLoader(keyspace, new RdbInput(new MemoryStream(file), file.Length), options ?? Options, target);
        while (!loader.Step(step))
        {
        }
        return target.Auxiliary;
    }

    /// <summary>Writes everything a keyspace holds.</summary>
    public static byte[] Write(Keyspace keyspace, bool compress = true)
    {
        var output = new ArrayBufferWriter<byte>();
        var file = new RdbFileWriter(new RdbWriter(output, compress));
        file.Begin(RdbFileWriter.VersionFor(keyspace));
        foreach (var database in keyspace.Databases)
        {
            if (database.Count == 0) continue;
            file.Database(database.Number, database.Count, database.ExpiringCount);
            var keys = RandomChanges.RecordsOf(database);
            foreach (var key in keys.OrderBy(k => Encoding.Latin1.GetString(k.Key), StringComparer.Ordinal)) file.Key(key, RdbAccess.None);
        }
        file.End();
        return WithChecksum(output.WrittenSpan);
    }

    /// <summary>A file of these bytes, its checksum behind them.</summary>
    public static byte[] WithChecksum(ReadOnlySpan<byte> bytes) => [.. bytes, .. BitConverter.GetBytes(Crc64.Append(0, bytes))];

    /// <summary>A file of version 3, which has no checksum, with these bytes between its header and its end.</summary>
    public static byte[] Old(params byte[] body) => [.. "REDIS0003"u8, 0xFE, 0, .. body, 0xFF];
}
