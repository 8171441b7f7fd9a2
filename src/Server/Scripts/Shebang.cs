using MiniRedis.Resp;

namespace MiniRedis.Server.Scripts;

/// <summary>The first line of a script or library: "#!lua name=mylib flags=no-writes".</summary>
static class Shebang
{
    /// <summary>
    /// Reads the flags of a script. A script without such a line has <see cref="ScriptFlags.Undeclared"/>.
    /// </summary>
    /// <param name="body">The script.</param>
    /// <param name="flags">The flags.</param>
    /// <param name="length">Bytes of the line, without its end.</param>
    /// <returns>The error; null if there is none.</returns>
    public static byte[]? ReadScript(ReadOnlySpan<byte> body, out ScriptFlags flags, out int length)
    {
        (flags, length) = (ScriptFlags.Undeclared, 0);
        if (!body.StartsWith("#!"u8)) return null;
        length = body.IndexOf((byte)'\n');
        if (length < 0) return Errors.InvalidShebang.ToArray();
        var words = new ArgBuffer();
        if (!InlineRequest.TrySplit(body[..length], words)) return Errors.InvalidShebangEngine.ToArray();
        var parts = words.Build();
        if (!parts[0].SequenceEqual("#!lua"u8)) return Errors.UnexpectedShebangEngine(parts[0]);
        flags = ScriptFlags.None;
        for (var i = 1; i < parts.Count; i++)
        {
            if (!parts[i].StartsWith("flags="u8)) return Errors.UnknownShebangOption(parts[i]);
            if (ReadFlags(parts[i]["flags=".Length..], ref flags) is { } error) return error;
        }
        return null;
    }

    static byte[]? ReadFlags(ReadOnlySpan<byte> list, ref ScriptFlags flags)
    {
        foreach (var range in list.Split((byte)','))
        {
            var word = list[range];
            var flag = ScriptFlagNames.Find(word);
            if (flag == ScriptFlags.None && (word.Length > 0 || list.Length > 0)) return Errors.UnexpectedShebangFlag(word);
            flags |= flag;
        }
        return null;
    }

    /// <summary>Reads what a library says of itself.</summary>
    /// <param name="code">The library.</param>
    /// <param name="name">Its name.</param>
    /// <param name="length">Bytes of the line, without its end.</param>
    /// <returns>The error; null if there is none.</returns>
    public static byte[]? ReadLibrary(ReadOnlySpan<byte> code, out byte[] name, out int length)
    {
        (name, length) = ([], 0);
        if (!code.StartsWith("#!"u8)) return Errors.MissingLibraryMetadata.ToArray();
        length = code.IndexOf((byte)'\n');
        var words = new ArgBuffer();
        if (length < 0 || !InlineRequest.TrySplit(code[..length], words)) return Errors.InvalidLibraryMetadata.ToArray();
        var parts = words.Build();
        var isNamed = false;
        for (var i = 1; i < parts.Count; i++)
        {
            var part = parts[i];
            if (part.Length < 5 || !Text.Ascii.EqualsIgnoreCase(part[..5], "NAME="u8)) return Errors.InvalidLibraryArgument(part);
            if (isNamed) return Errors.RepeatedLibraryName.ToArray();
            isNamed = true;
            name = part[5..].ToArray();
        }
        if (!isNamed) return Errors.MissingLibraryName.ToArray();
        if (!IsName(name)) return Errors.InvalidLibraryName.ToArray();
        var engine = parts[0][2..];
        return Text.Ascii.EqualsIgnoreCase(engine, "LUA"u8) ? null : Errors.UnknownEngine(engine);
    }

    /// <summary>Whether a library or function may be called so.</summary>
    public static bool IsName(ReadOnlySpan<byte> name)
    {
        foreach (var b in name)
        {
            if (!char.IsAsciiLetterOrDigit((char)b) && b != '_') return false;
        }
        return name.Length > 0;
    }
}
