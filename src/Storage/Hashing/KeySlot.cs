using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Hashing;

/// <summary>
/// Maps a key to one of the 16384 slots of Redis Cluster (Redis Cluster Specification, "Key distribution model"). It stands here
/// because a cluster node keeps its keys by slot.
/// </summary>
public static class KeySlot
{
    /// <summary>Number of slots: the cluster bus carries a node's slots as a bitmap of 2 KB, hence 16384.</summary>
    public const int Count = 16384;

    /// <summary>Bits of a slot's number.</summary>
    public const int Bits = 14;

    /// <summary>Bytes that one step of <see cref="Crc16"/> takes.</summary>
    const int Slice = 8;

    static readonly ushort[] s_tables = BuildTables();

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

    /// <summary>
    /// CRC-16/XMODEM: polynomial 0x1021, initial value 0, neither reflected nor inverted. Eight bytes at a time ("slicing-by-8",
    /// Kounavis and Berry 2005): a byte at a time waits for each look-up before it can begin the next, and a cluster node hashes every key.
    /// </summary>
    public static ushort Crc16(ReadOnlySpan<byte> data)
    {
        ref var table = ref MemoryMarshal.GetArrayDataReference(s_tables);
        ref var at = ref MemoryMarshal.GetReference(data);
        var left = data.Length;
        uint crc = 0;
        for (; left >= Slice; left -= Slice, at = ref Unsafe.Add(ref at, Slice))
        {
            crc = Look(ref table, 7, at ^ crc >> 8) ^ Look(ref table, 6, Unsafe.Add(ref at, 1) ^ crc & 0xFF)
                ^ Look(ref table, 5, Unsafe.Add(ref at, 2)) ^ Look(ref table, 4, Unsafe.Add(ref at, 3))
                ^ Look(ref table, 3, Unsafe.Add(ref at, 4)) ^ Look(ref table, 2, Unsafe.Add(ref at, 5))
                ^ Look(ref table, 1, Unsafe.Add(ref at, 6)) ^ Look(ref table, 0, Unsafe.Add(ref at, 7));
        }
        for (; left > 0; left--, at = ref Unsafe.Add(ref at, 1)) crc = crc << 8 & 0xFFFF ^ Look(ref table, 0, crc >> 8 ^ at);
        return (ushort)crc;
    }

    /// <summary>What a byte becomes that so many bytes of zero follow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static uint Look(ref ushort table, int zeros, uint value) => Unsafe.Add(ref table, (nuint)(zeros * 256 + value));

    static ushort[] BuildTables()
    {
        var tables = new ushort[Slice * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = i << 8;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            tables[i] = (ushort)crc;
        }
        for (var i = 256; i < tables.Length; i++)
        {
            var before = tables[i - 256];
            tables[i] = (ushort)(before << 8 ^ tables[before >> 8]);
        }
        return tables;
    }
}
