namespace MiniRedis.Cluster;

/// <summary>Maps a key to one of the 16384 hash slots of Redis Cluster (Redis Cluster Specification, "Key distribution model").</summary>
public static class HashSlot
{
    /// <summary>Number of slots: the cluster bus carries a node's slots as a bitmap of 2 KB, hence 16384.</summary>
    public const int Count = 16384;

    static readonly ushort[] Table = BuildTable();

    /// <summary>The slot of <paramref name="key"/>, 0 to 16383. Only the hash tag counts where the key has one.</summary>
    public static int Of(ReadOnlySpan<byte> key) => Crc16(HashTag(key)) & (Count - 1);

    /// <summary>
    /// What lies between the first '{' and the first '}' after it, if that is not empty; else the whole key.
    /// So <c>{user1}.cart</c> and <c>{user1}.name</c> share a slot, while <c>{}x</c> hashes whole.
    /// </summary>
    public static ReadOnlySpan<byte> HashTag(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        if (open < 0) return key;
        var rest = key[(open + 1)..];
        var close = rest.IndexOf((byte)'}');
        return close <= 0 ? key : rest[..close];
    }

    /// <summary>CRC-16/XMODEM: polynomial 0x1021, initial value 0, neither reflected nor inverted.</summary>
    public static ushort Crc16(ReadOnlySpan<byte> data)
    {
        ushort crc = 0;
        foreach (var b in data) crc = (ushort)((crc << 8) ^ Table[(byte)(crc >> 8) ^ b]);
        return crc;
    }

    static ushort[] BuildTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
            table[i] = (ushort)crc;
        }
        return table;
    }
}
