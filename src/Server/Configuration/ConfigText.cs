using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Configuration;

/// <summary>
/// The form of configuration text. A value is raw bytes, since a password or a path need not be UTF-8. Every string in this
/// namespace holds them as Latin-1, one char per byte, which loses nothing in either direction. Text that arrives as .NET strings
/// (the command line) or leaves as such (a path for the file system) is converted through UTF-8 here.
/// </summary>
internal static class ConfigText
{
    public static string FromBytes(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    public static byte[] ToBytes(string text) => Encoding.Latin1.GetBytes(text);

    /// <summary>A string of the runtime (UTF-16) as configuration text: its UTF-8 bytes.</summary>
    public static string FromUnicode(string text) => FromBytes(FileNames.ToBytes(text));

    /// <summary>
    /// Configuration text as a string of the runtime: the form of file and host names. Bytes that are no UTF-8 survive in it.
    /// </summary>
    public static string ToUnicode(string text) => FileNames.FromBytes(ToBytes(text));
}
