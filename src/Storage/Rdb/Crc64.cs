using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace MiniRedis.Storage.Rdb;

/// <summary>
/// The checksum of RDB files and DUMP payloads: CRC-64 with Jones's polynomial (D. T. Jones, "An Improved 64-bit Cyclic
/// Redundancy Check for Protein Sequences", 2002), with reflected bits and starting at zero. Of "123456789" it is
/// e9c6d914c4b8d9ca.
/// <para>
/// Long data are folded by carry-less multiplication, 64 bytes a step (Gopal et al., "Fast CRC Computation for Generic
/// Polynomials Using PCLMULQDQ Instruction", Intel 2009): ten gigabytes a second. The rest, and processors without that
/// instruction, use eight tables, 8 bytes a step (Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance
/// CRC Generation", 2008).
/// </para>
/// <code>
///   a block of 128 bits, D bits before another:      first 64 bits * x^(D + 64)  xor  last 64 bits * x^D
///   has the same remainder at that other's place.    Both are products of 64 by 64 bits once the powers are reduced.
/// </code>
/// </summary>
public static class Crc64
{
    /// <summary>The polynomial ad93d23594c935a9 with its bits reversed.</summary>
    const ulong Polynomial = 0x95AC9329AC4BC9B5;

    /// <summary>Shorter data are not folded.</summary>
    const int LeastFolded = 128;

    static readonly ulong[] s_tables = CreateTables();

    // Factors that move a block by four blocks, and by one.
    static readonly Vector128<ulong> s_byFour = Factors(512), s_byOne = Factors(128);

    /// <summary>
    /// The checksum of bytes that had <paramref name="crc"/> (0 at first), followed by <paramref name="data"/>.
    /// </summary>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> data)
    {
        if (data.Length < LeastFolded || !Pclmulqdq.IsSupported) return AppendByTables(crc, data);
        var blocks = data.Length & ~63;
        return AppendByTables(Fold(crc, data[..blocks]), data[blocks..]);
    }

    /// <summary>As <see cref="Append"/>, on any processor.</summary>
    internal static ulong AppendByTables(ulong crc, ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<ulong> tables = s_tables;
        for (; data.Length >= 8; data = data[8..])
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(data);
            crc = tables[7 * 256 + (int)(crc & 0xFF)] ^ tables[6 * 256 + (int)(crc >> 8 & 0xFF)]
                ^ tables[5 * 256 + (int)(crc >> 16 & 0xFF)] ^ tables[4 * 256 + (int)(crc >> 24 & 0xFF)]
                ^ tables[3 * 256 + (int)(crc >> 32 & 0xFF)] ^ tables[2 * 256 + (int)(crc >> 40 & 0xFF)]
                ^ tables[256 + (int)(crc >> 48 & 0xFF)] ^ tables[(int)(crc >> 56)];
        }
        foreach (var b in data) crc = tables[(int)((crc ^ b) & 0xFF)] ^ crc >> 8;
        return crc;
    }

    /// <summary>Folds whole steps of 64 bytes, at least two.</summary>
    static ulong Fold(ulong crc, ReadOnlySpan<byte> data)
    {
        // The bytes before count as if they had been added to the first eight bytes.
        var a = Block(data, 0) ^ Vector128.CreateScalar(crc);
        var (b, c, d) = (Block(data, 1), Block(data, 2), Block(data, 3));
        var factors = s_byFour;
        for (data = data[64..]; data.Length > 0; data = data[64..])
        {
            a = Move(a, factors) ^ Block(data, 0);
            b = Move(b, factors) ^ Block(data, 1);
            c = Move(c, factors) ^ Block(data, 2);
            d = Move(d, factors) ^ Block(data, 3);
        }
        factors = s_byOne;
        var last = Move(Move(Move(a, factors) ^ b, factors) ^ c, factors) ^ d;
        Span<byte> rest = stackalloc byte[16];
        last.AsByte().CopyTo(rest);
        return AppendByTables(0, rest);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Block(ReadOnlySpan<byte> data, int index) =>
        Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(data), (nuint)index * 16).AsUInt64();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<ulong> Move(Vector128<ulong> block, Vector128<ulong> factors) =>
        Pclmulqdq.CarrylessMultiply(block, factors, 0x00) ^ Pclmulqdq.CarrylessMultiply(block, factors, 0x11);

    /// <summary>
    /// The factors for the first and the last half of a block that moves by so many bits. A product of reflected numbers is one
    /// power higher.
    /// </summary>
    static Vector128<ulong> Factors(int bits) => Vector128.Create(PowerOfX(bits + 63), PowerOfX(bits - 1));

    /// <summary>The remainder of x to a power.</summary>
    static ulong PowerOfX(int exponent)
    {
        var power = 1UL << 63;
        for (; exponent > 0; exponent--) power = power >> 1 ^ ((power & 1) != 0 ? Polynomial : 0);
        return power;
    }

    static ulong[] CreateTables()
    {
        var tables = new ulong[8 * 256];
        for (var i = 0; i < 256; i++)
        {
            var crc = (ulong)i;
            for (var bit = 0; bit < 8; bit++) crc = crc >> 1 ^ ((crc & 1) != 0 ? Polynomial : 0);
            tables[i] = crc;
        }
        for (var i = 256; i < tables.Length; i++) tables[i] = tables[(int)(tables[i - 256] & 0xFF)] ^ tables[i - 256] >> 8;
        return tables;
    }
}
