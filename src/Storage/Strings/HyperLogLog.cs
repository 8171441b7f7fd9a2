using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// HyperLogLog (Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog: the analysis of a near-optimal cardinality estimation
/// algorithm", 2007; with 64-bit hashes as in Heule, Nunkesser, Hall: "HyperLogLog in Practice", 2013). Each element is hashed.
/// 14 bits of the hash choose one of 16,384 registers, which keeps the longest run of zeros seen in the other 50 bits, plus one.
/// The value is an ordinary string, byte for byte as Redis makes it, so GET, DUMP and files may carry it anywhere:
/// <code>
///   0       4     5       8                    16
///   +-------+-----+-------+--------------------+---------- - -
///   | HYLL  | enc | zeros | cached cardinality | registers
///   +-------+-----+-------+--------------------+---------- - -
///            0 dense       little-endian; the    dense:  6 bits each, lowest bits first, 12,288 bytes
///            1 sparse      top bit says stale    sparse: runs, see HyperLogLog.Sparse.cs
/// </code>
/// This file has the header and the hash. HyperLogLog.Dense.cs has registers of 6 bits, HyperLogLog.Estimate.cs the estimate.
/// <see cref="HyperLogLogEditor"/> changes a key's value. Unlike Redis, no method trusts the bytes, since a client can SET
/// anything: a run that leaves the registers is an answer ("corrupt").
/// </summary>
public static partial class HyperLogLog
{
    public const int Registers = 1 << IndexBits;

    internal const int HeaderSize = 16;
    internal const int DenseSize = HeaderSize + Registers * RegisterBits / 8;

    const int IndexBits = 14;
    const int RegisterBits = 6;
    const int HashBits = 64 - IndexBits;
    const int EncodingAt = 4, CountAt = 8;
    const byte Dense = 0, Sparse = 1;
    const ulong Stale = 1UL << 63;
    const ulong Seed = 0xadc83b19;

    /// <summary>Whether the header is that of a HyperLogLog. Sparse registers may still be corrupt.</summary>
    public static bool IsOne(ReadOnlySpan<byte> value) =>
        value.Length >= HeaderSize && value.StartsWith("HYLL"u8) && value[EncodingAt] <= Sparse
        && (value[EncodingAt] == Sparse || value.Length == DenseSize);

    public static bool IsDense(ReadOnlySpan<byte> value) => value[EncodingAt] == Dense;

    /// <summary>The cardinality that an earlier count found, if nothing has changed since.</summary>
    public static bool TryGetCachedCount(ReadOnlySpan<byte> value, out ulong count)
    {
        count = BinaryPrimitives.ReadUInt64LittleEndian(value[CountAt..]);
        return (count & Stale) == 0;
    }

    public static void CacheCount(Span<byte> value, ulong count) => BinaryPrimitives.WriteUInt64LittleEndian(value[CountAt..], count);

    internal static void MarkStale(Span<byte> value) => value[CountAt + 7] |= 0x80;

    /// <summary>Fills a new value of <see cref="EmptySize"/> bytes: sparse, one run of zeros, nothing counted.</summary>
    internal static void WriteEmpty(Span<byte> value)
    {
        value.Clear();
        "HYLL"u8.CopyTo(value);
        value[EncodingAt] = Sparse;
        WriteZeros(value[HeaderSize..], Registers);
    }

    /// <summary>Makes the header of a dense value from that of a sparse one.</summary>
    internal static void StartDense(ReadOnlySpan<byte> sparse, Span<byte> value)
    {
        sparse[..HeaderSize].CopyTo(value);
        value[EncodingAt] = Dense;
    }

    internal const int EmptySize = HeaderSize + 2;

    /// <summary>The register of an element, and the value to which the element raises it: 1 to 51.</summary>
    internal static (int Index, byte Run) Place(ReadOnlySpan<byte> element)
    {
        var hash = Murmur64A(element);
        // The bit set above the last one ends a run of 50 zeros.
        return ((int)(hash & (Registers - 1)), (byte)(BitOperations.TrailingZeroCount(hash >> IndexBits | 1UL << HashBits) + 1));
    }

    /// <summary>MurmurHash64A (Austin Appleby, 2008), always little-endian.</summary>
    internal static ulong Murmur64A(ReadOnlySpan<byte> data)
    {
        const ulong multiplier = 0xc6a4a7935bd1e995;
        const int shift = 47;
        var hash = Seed ^ (ulong)data.Length * multiplier;
        ref var p = ref MemoryMarshal.GetReference(data);
        var words = data.Length / 8;
        for (var i = 0; i < words; i++)
        {
            var word = ReadWord(ref p, i * 8) * multiplier;
            word = (word ^ word >> shift) * multiplier;
            hash = (hash ^ word) * multiplier;
        }
        var rest = data[(words * 8)..];
        if (!rest.IsEmpty)
        {
            ulong tail = 0;
            for (var i = rest.Length - 1; i >= 0; i--) tail = tail << 8 | rest[i];
            hash = (hash ^ tail) * multiplier;
        }
        hash = (hash ^ hash >> shift) * multiplier;
        return hash ^ hash >> shift;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static ulong ReadWord(ref byte p, int offset)
    {
        var word = Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref p, offset));
        return BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word);
    }
}
