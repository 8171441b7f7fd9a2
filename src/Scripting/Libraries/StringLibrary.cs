using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "string".</summary>
internal static unsafe partial class StringLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("string", 15);
        m.AddNative(t, "byte", &Byte);
        m.AddNative(t, "char", &Char);
        m.AddNative(t, "dump", &Dump);
        m.AddNative(t, "find", &Find);
        m.AddNative(t, "format", &Format);
        m.AddNative(t, "gfind", &GMatch);
        m.AddNative(t, "gmatch", &GMatch);
        m.AddNative(t, "gsub", &GSub);
        m.AddNative(t, "len", &Len);
        m.AddNative(t, "lower", &Lower);
        m.AddNative(t, "match", &Match);
        m.AddNative(t, "rep", &Rep);
        m.AddNative(t, "reverse", &Reverse);
        m.AddNative(t, "sub", &Sub);
        m.AddNative(t, "upper", &Upper);
    }

    /// <summary>A position that may count from the end.</summary>
    static long FromEnd(long position, int length)
    {
        if (position < 0) position += (long)length + 1;
        return position >= 0 ? position : 0;
    }

    static int Len(LuaMachine m) => m.ReturnNumber(m.CheckString(1).Length);

    static int Sub(LuaMachine m)
    {
        var s = m.CheckString(1);
        var start = Math.Max(1, FromEnd(m.CheckInteger(2), s.Length));
        var end = Math.Min(s.Length, FromEnd(m.OptionalInteger(3, -1), s.Length));
        return m.ReturnString(start <= end ? s[(int)(start - 1)..(int)end] : default);
    }

    static int Byte(LuaMachine m)
    {
        var s = m.CheckString(1);
        var start = FromEnd(m.OptionalInteger(2, 1), s.Length);
        var end = Math.Min(s.Length, FromEnd(m.OptionalInteger(3, start), s.Length));
        start = Math.Max(1, start);
        if (start > end) return 0;
        var count = (int)(end - start + 1);
        m.CheckStack(count, "string slice too long");
        for (var i = 0; i < count; i++) m.Push(Value.From(s[(int)start - 1 + i]));
        return count;
    }

    static int Char(LuaMachine m)
    {
        var count = m.ArgumentCount;
        var bytes = new Span<byte>(m.Scratch(count), count);
        for (var i = 1; i <= count; i++)
        {
            var code = m.CheckInt(i);
            if ((byte)code != code) m.ArgumentError(i, "invalid value");
            bytes[i - 1] = (byte)code;
        }
        return m.ReturnString(bytes);
    }

    /// <summary>Bytecode cannot be loaded, so none is written.</summary>
    /// <summary>
    /// The header of Lua 5.1's bytecode, and no code behind it: nothing in Redis's sandbox loads bytecode, so nothing can tell.
    /// </summary>
    static int Dump(LuaMachine m)
    {
        m.CheckType(1, LuaType.Function);
        if (m.Argument(1)->Closure->Proto == null) m.Fail("unable to dump given function");
        return m.ReturnString("\eLuaQ\0\x01\x04\x08\x04\x08\0"u8);
    }

    static Span<byte> ScratchCopy(LuaMachine m, out int length)
    {
        var s = m.CheckString(1);
        length = s.Length;
        m.Spend(length >> 8);
        var copy = new Span<byte>(m.Scratch(length), length);
        s.CopyTo(copy);
        return copy;
    }

    static int Lower(LuaMachine m)
    {
        var copy = ScratchCopy(m, out _);
        foreach (ref var b in copy) if (b is >= (byte)'A' and <= (byte)'Z') b |= 0x20;
        return m.ReturnString(copy);
    }

    static int Upper(LuaMachine m)
    {
        var copy = ScratchCopy(m, out _);
        foreach (ref var b in copy) if (b is >= (byte)'a' and <= (byte)'z') b &= 0xDF;
        return m.ReturnString(copy);
    }

    static int Reverse(LuaMachine m)
    {
        var copy = ScratchCopy(m, out _);
        copy.Reverse();
        return m.ReturnString(copy);
    }

    static int Rep(LuaMachine m)
    {
        var s = m.CheckString(1);
        var count = m.CheckInt(2);
        if (count <= 0 || s.Length == 0) return m.ReturnString(default);
        var length = (long)s.Length * count;
        if (length > int.MaxValue / 2) throw new LuaMemoryException();
        m.Spend((int)(length >> 8));
        var target = new Span<byte>(m.Scratch((int)length), (int)length);
        s.CopyTo(target);
        // What is written doubles until it is enough.
        for (var written = s.Length; written < length;)
        {
            var part = Math.Min(written, (int)length - written);
            target[..part].CopyTo(target[written..]);
            written += part;
        }
        return m.ReturnString(target);
    }
}
