namespace MiniRedis.Scripting.Compilation;

/// <summary>How error texts show where a chunk came from: "=name" and "@name" by their names, source text by its first line.</summary>
internal static class ChunkName
{
    /// <summary>LUA_IDSIZE of Redis. (Debian's redis-server uses the system's Lua, which has 80.)</summary>
    const int Longest = 60;

    public static ReadOnlySpan<byte> Display(ReadOnlySpan<byte> source)
    {
        if (source.Length > 0 && source[0] == '=') return source[1..Math.Min(source.Length, Longest)];
        if (source.Length > 0 && source[0] == '@')
        {
            var name = source[1..];
            const int room = Longest - 8;
            return name.Length <= room ? name : (byte[])[.. "..."u8, .. name[^room..]];
        }
        var end = source.IndexOfAny("\n\r\0"u8);
        var isWhole = end < 0 || source[end] == 0;
        var length = Math.Min(end < 0 ? source.Length : end, Longest - 17);
        isWhole &= length == (end < 0 ? source.Length : end);
        return (byte[])[.. "[string \""u8, .. source[..length], .. isWhole ? ""u8 : "..."u8, .. "\"]"u8];
    }
}
