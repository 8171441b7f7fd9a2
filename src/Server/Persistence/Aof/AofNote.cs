using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// The first line of a file that was begun before the disk had all of the file before it: how long that one is.
/// <code>
///   #AFTER:1048576 appendonly.aof.3.incr.aof
/// </code>
/// If it is shorter at a start, power has failed, and what follows the line ran on changes that are lost. To every other reader, Redis
/// among them, the line is a comment.
/// </summary>
static class AofNote
{
    /// <summary>Bytes of the longest line: of a name there are at most 255.</summary>
    const int Longest = 300;

    static ReadOnlySpan<byte> Prefix => "#AFTER:"u8;

    /// <summary>The line.</summary>
    /// <param name="path">The file before.</param>
    /// <param name="length">Its bytes.</param>
    public static byte[] After(string path, long length) =>
        [.. Prefix, .. Encoding.ASCII.GetBytes(length.ToString(CultureInfo.InvariantCulture)), (byte)' ', .. NameOf(path), .. "\r\n"u8];

    /// <summary>How long a file was when another was begun; 0 if the other does not say.</summary>
    /// <param name="file">The other, from its begin.</param>
    /// <param name="path">The file before. After a rewrite that is a base, of which the note does not speak.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static long LengthBefore(Stream file, string path)
    {
        Span<byte> line = stackalloc byte[Longest];
        line = line[..file.ReadAtLeast(line, Longest, throwOnEndOfStream: false)];
        var end = line.IndexOf("\r\n"u8);
        if (end < 0 || !line.StartsWith(Prefix) || !Utf8Parser.TryParse(line[Prefix.Length..end], out long length, out var digits)) return 0;
        return line[(Prefix.Length + digits)..end] is [(byte)' ', .. var name] && name.SequenceEqual(NameOf(path)) ? length : 0;
    }

    static byte[] NameOf(string path) => FileNames.ToBytes(Path.GetFileName(path));
}
