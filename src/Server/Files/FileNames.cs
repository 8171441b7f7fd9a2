using System.Buffers;
using System.Text;

namespace MiniRedis.Server.Files;

/// <summary>
/// Names of files. To the system they are bytes, to the runtime text. A byte that is no part of UTF-8 becomes a lone low
/// surrogate, U+DC80 to U+DCFF, and goes back to what it was (Python's surrogateescape, PEP 383). So a path can be cut and joined
/// as text and still names the same file.
/// </summary>
static class FileNames
{
    const char Escape = '\uDC00';

    /// <summary>The bytes of a name as text.</summary>
    public static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        Span<char> units = stackalloc char[2];
        while (!bytes.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(bytes, out var rune, out var length) == OperationStatus.Done)
            {
                text.Append(units[..rune.EncodeToUtf16(units)]);
            }
            else
            {
                // Of an incomplete sequence every byte is one that has no meaning.
                foreach (var part in bytes[..length]) text.Append((char)(Escape + part));
            }
            bytes = bytes[length..];
        }
        return text.ToString();
    }

    /// <summary>A name's bytes.</summary>
    public static byte[] ToBytes(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(text.Length + 1);
        var rest = text.AsSpan();
        while (!rest.IsEmpty)
        {
            if (rest[0] is > '\uDC7F' and < '\uDD00')
            {
                bytes.Write([(byte)(rest[0] - Escape)]);
                rest = rest[1..];
                continue;
            }
            Rune.DecodeFromUtf16(rest, out var rune, out var length);
            bytes.Advance(rune.EncodeToUtf8(bytes.GetSpan(4)));
            rest = rest[length..];
        }
        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>A name as the system's calls take it: its bytes and a zero.</summary>
    /// <exception cref="DiskException">It has a zero byte, and would end there.</exception>
    public static byte[] ToCall(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal)) throw new DiskException(Errno.Invalid);
        return [.. ToBytes(path), 0];
    }
}
