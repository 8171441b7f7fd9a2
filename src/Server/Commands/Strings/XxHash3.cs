using System.Buffers.Binary;
using System.Numerics;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>
/// XXH3, 64 bits, seed 0: the hash behind DIGEST and IFDEQ, which clients compute on their side too. Written after the xxHash
/// specification (Yann Collet, "XXH3 algorithm overview"); System.IO.Hashing has it, but is not in reach of every build.
/// </summary>
static class XxHash3
{
    const ulong Prime32A = 0x9E3779B1, Prime32B = 0x85EBCA77, Prime32C = 0xC2B2AE3D;
    const ulong Prime64A = 0x9E3779B185EBCA87, Prime64B = 0xC2B2AE3D27D4EB4F, Prime64C = 0x165667B19E3779F9,
        Prime64D = 0x85EBCA77C2B2AE63, Prime64E = 0x27D4EB2F165667C5;
    const ulong PrimeMixA = 0x165667919E3779F9, PrimeMixB = 0x9FB21C651E98DF25;

    const int StripeBytes = 64, SecretConsumed = 8, Lanes = 8, MinSecret = 136;

    /// <summary>The specification's default secret of 192 bytes.</summary>
    static ReadOnlySpan<byte> Secret =>
    [
        0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c, 0xde, 0xd4, 0x6d, 0xe9,
        0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f, 0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78,
        0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21, 0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6,
        0x81, 0x3a, 0x26, 0x4c, 0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3, 0x71,
        0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8, 0xa8, 0xfa, 0x76, 0x3f, 0xe3,
        0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d, 0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8,
        0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64, 0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa,
        0x13, 0x63, 0xeb, 0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e, 0x2b,
        0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce, 0x45, 0xcb, 0x3a, 0x8f, 0x95,
        0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
    ];

    public static ulong Hash64(ReadOnlySpan<byte> data) => data.Length switch
    {
        0 => Avalanche64(U64(Secret, 56) ^ U64(Secret, 64)),
        <= 3 => UpTo3(data),
        <= 8 => UpTo8(data),
        <= 16 => UpTo16(data),
        <= 128 => UpTo128(data),
        <= 240 => UpTo240(data),
        _ => Long(data),
    };

    static ulong UpTo3(ReadOnlySpan<byte> data)
    {
        var combined = (uint)data[0] << 16 | (uint)data[data.Length >> 1] << 24 | data[^1] | (uint)data.Length << 8;
        return Avalanche64(combined ^ (ulong)(U32(Secret, 0) ^ U32(Secret, 4)));
    }

    static ulong UpTo8(ReadOnlySpan<byte> data)
    {
        var flip = U64(Secret, 8) ^ U64(Secret, 16);
        var keyed = (U32(data, data.Length - 4) + ((ulong)U32(data, 0) << 32)) ^ flip;
        keyed ^= BitOperations.RotateLeft(keyed, 49) ^ BitOperations.RotateLeft(keyed, 24);
        keyed *= PrimeMixB;
        keyed ^= (keyed >> 35) + (ulong)data.Length;
        keyed *= PrimeMixB;
        return keyed ^ (keyed >> 28);
    }

    static ulong UpTo16(ReadOnlySpan<byte> data)
    {
        var low = U64(data, 0) ^ U64(Secret, 24) ^ U64(Secret, 32);
        var high = U64(data, data.Length - 8) ^ U64(Secret, 40) ^ U64(Secret, 48);
        return Avalanche((ulong)data.Length + BinaryPrimitives.ReverseEndianness(low) + high + Fold(low, high));
    }

    static ulong UpTo128(ReadOnlySpan<byte> data)
    {
        var sum = (ulong)data.Length * Prime64A;
        for (var i = (data.Length - 1) / 32; i >= 0; i--)
        {
            sum += Mix16(data[(16 * i)..], Secret[(32 * i)..]);
            sum += Mix16(data[(data.Length - 16 * (i + 1))..], Secret[(32 * i + 16)..]);
        }
        return Avalanche(sum);
    }

    static ulong UpTo240(ReadOnlySpan<byte> data)
    {
        var sum = (ulong)data.Length * Prime64A;
        for (var i = 0; i < 8; i++) sum += Mix16(data[(16 * i)..], Secret[(16 * i)..]);
        sum = Avalanche(sum);
        for (var i = 8; i < data.Length / 16; i++) sum += Mix16(data[(16 * i)..], Secret[(16 * (i - 8) + 3)..]);
        return Avalanche(sum + Mix16(data[^16..], Secret[(MinSecret - 17)..]));
    }

    static ulong Long(ReadOnlySpan<byte> data)
    {
        Span<ulong> lanes = [Prime32C, Prime64A, Prime64B, Prime64C, Prime64D, Prime32B, Prime64E, Prime32A];
        var stripesPerBlock = (Secret.Length - StripeBytes) / SecretConsumed;
        var blockBytes = stripesPerBlock * StripeBytes;
        var blocks = (data.Length - 1) / blockBytes;
        for (var block = 0; block < blocks; block++)
        {
            Accumulate(lanes, data.Slice(block * blockBytes, blockBytes));
            Scramble(lanes, Secret[^StripeBytes..]);
        }
        // The last byte is always left for the last stripe, which overlaps what came before it.
        var rest = data[(blocks * blockBytes)..];
        Accumulate(lanes, rest[..((rest.Length - 1) / StripeBytes * StripeBytes)]);
        Stripe(lanes, data[^StripeBytes..], Secret[(Secret.Length - StripeBytes - 7)..]);

        var result = (ulong)data.Length * Prime64A;
        for (var i = 0; i < 4; i++)
            result += Fold(lanes[2 * i] ^ U64(Secret, 11 + 16 * i), lanes[2 * i + 1] ^ U64(Secret, 11 + 16 * i + 8));
        return Avalanche(result);
    }

    static void Accumulate(Span<ulong> lanes, ReadOnlySpan<byte> stripes)
    {
        for (var i = 0; i * StripeBytes < stripes.Length; i++)
            Stripe(lanes, stripes.Slice(i * StripeBytes, StripeBytes), Secret[(i * SecretConsumed)..]);
    }

    static void Stripe(Span<ulong> lanes, ReadOnlySpan<byte> stripe, ReadOnlySpan<byte> secret)
    {
        for (var i = 0; i < Lanes; i++)
        {
            var value = U64(stripe, i * 8);
            var key = value ^ U64(secret, i * 8);
            lanes[i ^ 1] += value;
            lanes[i] += (uint)key * (key >> 32);
        }
    }

    static void Scramble(Span<ulong> lanes, ReadOnlySpan<byte> secret)
    {
        for (var i = 0; i < Lanes; i++) lanes[i] = (lanes[i] ^ (lanes[i] >> 47) ^ U64(secret, i * 8)) * Prime32A;
    }

    static ulong Mix16(ReadOnlySpan<byte> data, ReadOnlySpan<byte> secret) =>
        Fold(U64(data, 0) ^ U64(secret, 0), U64(data, 8) ^ U64(secret, 8));

    static ulong Fold(ulong a, ulong b)
    {
        var high = Math.BigMul(a, b, out var low);
        return low ^ high;
    }

    static ulong Avalanche(ulong hash)
    {
        hash ^= hash >> 37;
        hash *= PrimeMixA;
        return hash ^ (hash >> 32);
    }

    /// <summary>The finalizer of XXH64, which the shortest inputs use.</summary>
    static ulong Avalanche64(ulong hash)
    {
        hash ^= hash >> 33;
        hash *= Prime64B;
        hash ^= hash >> 29;
        hash *= Prime64C;
        return hash ^ (hash >> 32);
    }

    static uint U32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    static ulong U64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[offset..]);
}
