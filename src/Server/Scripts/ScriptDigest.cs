using System.Buffers.Binary;
using System.Numerics;

namespace MiniRedis.Server.Scripts;

/// <summary>
/// The SHA-1 of a script, which is its name for EVALSHA. Source: FIPS 180-4. The runtime's own would load OpenSSL: 10 ms at the first EVAL,
/// and some megabytes from then on. Nothing secret depends on it.
/// </summary>
readonly record struct ScriptDigest(uint A, uint B, uint C, uint D, uint E)
{
    /// <summary>Bytes of the digest as hexadecimal text.</summary>
    public const int TextBytes = 40;

    const int BlockBytes = 64;

    /// <summary>The digest of a text.</summary>
    public static ScriptDigest Of(ReadOnlySpan<byte> text)
    {
        var state = new ScriptDigest(0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0);
        Span<uint> words = stackalloc uint[80];
        var rest = text;
        for (; rest.Length >= BlockBytes; rest = rest[BlockBytes..]) state = state.Mix(rest[..BlockBytes], words);
        // The last blocks: what remains, a one bit, zeros, and the length in bits.
        Span<byte> last = stackalloc byte[2 * BlockBytes];
        last.Clear();
        rest.CopyTo(last);
        last[rest.Length] = 0x80;
        var size = rest.Length < BlockBytes - sizeof(ulong) ? BlockBytes : 2 * BlockBytes;
        BinaryPrimitives.WriteUInt64BigEndian(last[(size - sizeof(ulong))..], (ulong)text.Length * 8);
        state = state.Mix(last[..BlockBytes], words);
        return size == BlockBytes ? state : state.Mix(last[BlockBytes..], words);
    }

    ScriptDigest Mix(ReadOnlySpan<byte> block, Span<uint> words)
    {
        for (var i = 0; i < 16; i++) words[i] = BinaryPrimitives.ReadUInt32BigEndian(block[(i * sizeof(uint))..]);
        for (var i = 16; i < 80; i++)
            words[i] = BitOperations.RotateLeft(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
        var (a, b, c, d, e) = this;
        for (var i = 0; i < 20; i++) Round((b & c) | (~b & d), 0x5A827999, words[i], ref a, ref b, ref c, ref d, ref e);
        for (var i = 20; i < 40; i++) Round(b ^ c ^ d, 0x6ED9EBA1, words[i], ref a, ref b, ref c, ref d, ref e);
        for (var i = 40; i < 60; i++) Round((b & c) | (b & d) | (c & d), 0x8F1BBCDC, words[i], ref a, ref b, ref c, ref d, ref e);
        for (var i = 60; i < 80; i++) Round(b ^ c ^ d, 0xCA62C1D6, words[i], ref a, ref b, ref c, ref d, ref e);
        return new(A + a, B + b, C + c, D + d, E + e);
    }

    static void Round(uint f, uint k, uint word, ref uint a, ref uint b, ref uint c, ref uint d, ref uint e)
    {
        var next = BitOperations.RotateLeft(a, 5) + f + e + k + word;
        (e, d, c, b, a) = (d, c, BitOperations.RotateLeft(b, 30), a, next);
    }

    /// <summary>Writes the digest as 40 digits in lower case.</summary>
    public void Format(Span<byte> text)
    {
        Span<byte> bytes = stackalloc byte[TextBytes / 2];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, A);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], B);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], C);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[12..], D);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], E);
        Convert.TryToHexStringLower(bytes, text, out _);
    }

    /// <summary>Reads 40 digits in any case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ScriptDigest digest)
    {
        digest = default;
        Span<byte> bytes = stackalloc byte[TextBytes / 2];
        if (text.Length != TextBytes
            || Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        digest = new(
            BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));
        return true;
    }
}
