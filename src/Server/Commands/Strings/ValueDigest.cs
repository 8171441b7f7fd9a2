using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>The digest of a string, as DIGEST answers it and IFDEQ takes it: XXH3 of 64 bits, 16 hexadecimal digits.</summary>
static class ValueDigest
{
    /// <summary>Characters of a digest.</summary>
    public const int TextLength = 16;

    public static ulong Of(ReadOnlySpan<byte> value) => XxHash3.HashToUInt64(value);

    /// <summary>Writes lower-case digits with leading zeros.</summary>
    public static void Format(ulong digest, Span<byte> text) => Utf8Formatter.TryFormat(digest, text, out _, new('x', TextLength));

    /// <summary>Reads exactly 16 hexadecimal digits, in either case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong digest)
    {
        digest = 0;
        return text.Length == TextLength && ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out digest);
    }
}
