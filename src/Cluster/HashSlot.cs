using MiniRedis.Storage.Hashing;

namespace MiniRedis.Cluster;

/// <summary>The hash slots of Redis Cluster; <see cref="KeySlot"/> computes them.</summary>
public static class HashSlot
{
    /// <inheritdoc cref="KeySlot.Count"/>
    public const int Count = KeySlot.Count;

    /// <inheritdoc cref="KeySlot.Of"/>
    public static int Of(ReadOnlySpan<byte> key) => KeySlot.Of(key);

    /// <inheritdoc cref="KeySlot.HashTag"/>
    public static ReadOnlySpan<byte> HashTag(ReadOnlySpan<byte> key) => KeySlot.HashTag(key);

    /// <inheritdoc cref="KeySlot.Crc16"/>
    public static ushort Crc16(ReadOnlySpan<byte> data) => KeySlot.Crc16(data);
}
