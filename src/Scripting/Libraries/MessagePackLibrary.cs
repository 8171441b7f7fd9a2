using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "cmsgpack": lua-cmsgpack 0.4.0.</summary>
internal static unsafe class MessagePackLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("cmsgpack", 0);
        m.AddNative(t, "pack", &Pack);
        m.AddNative(t, "unpack", &Unpack);
        m.AddNative(t, "unpack_one", &UnpackOne);
        m.AddNative(t, "unpack_limit", &UnpackLimit);
        m.SetField(t, "_NAME", m.NewString("cmsgpack"u8));
        m.SetField(t, "_VERSION", m.NewString("lua-cmsgpack 0.4.0"u8));
        m.SetField(t, "_COPYRIGHT", m.NewString("Copyright (C) 2012, Redis Ltd."u8));
        m.SetField(t, "_DESCRIPTION", m.NewString("MessagePack C implementation for Lua"u8));
    }

    static int Pack(LuaMachine m)
    {
        var count = m.ArgumentCount;
        if (count == 0) m.ArgumentError(0, "MessagePack pack needs input.");
        // The original keeps each argument's bytes on Lua's stack until all are packed.
        if (2 * count > LuaMachine.MostNativeSlots) m.ArgumentError(0, "Too many arguments for MessagePack pack.");
        var writer = new MessagePackWriter(m);
        try
        {
            for (var i = 1; i <= count; i++) writer.Write(m.Argument(i), 0);
            return m.ReturnString(writer.Written);
        }
        finally
        {
            writer.Dispose();
        }
    }

    static int Unpack(LuaMachine m) => Unpack(m, 0, 0);

    static int UnpackOne(LuaMachine m)
    {
        var offset = m.OptionalInteger(2, 0);
        KeepOneArgument(m);
        return Unpack(m, 1, offset);
    }

    static int UnpackLimit(LuaMachine m)
    {
        var limit = m.CheckInteger(2);
        var offset = m.OptionalInteger(3, 0);
        KeepOneArgument(m);
        return Unpack(m, limit, offset);
    }

    static void KeepOneArgument(LuaMachine m)
    {
        if (m.ArgumentCount > 1) m.Thread->Top = m.Thread->Base + 1;
    }

    /// <summary>
    /// Unpacks so many values from an offset on. Without either all are unpacked; otherwise the offset of the rest comes first, -1 at
    /// the end of the text.
    /// </summary>
    static int Unpack(LuaMachine m, long limit, long offset)
    {
        var text = m.CheckString(1);
        if (offset < 0 || limit < 0)
        {
            // The length stands where the limit should: that is the original's text.
            m.Fail($"Invalid request to unpack with offset of {(int)offset} and limit of {text.Length}.");
        }
        if (offset > text.Length) m.Fail($"Start offset {(int)offset} greater than input length {text.Length}.");
        var takesAll = limit == 0 && offset == 0;
        var first = m.ArgumentCount;
        var reader = new MessagePackReader(m, m.Argument(1)->String, (int)offset);
        try
        {
            for (var count = 0L; !reader.IsAtEnd && (takesAll || count < limit); count++) reader.PushValue();
            if (!takesAll) InsertOffset(m, first, reader.IsAtEnd ? -1 : reader.Position);
            return m.ArgumentCount - first;
        }
        finally
        {
            reader.Dispose();
        }
    }

    static void InsertOffset(LuaMachine m, int first, int offset)
    {
        m.CheckStack(1, "in function mp_unpack_full");
        m.Push(Value.Nil);
        for (var slot = m.Thread->Top - 1; slot > m.Thread->Base + first; slot--) *slot = slot[-1];
        m.Thread->Base[first] = Value.From(offset);
    }
}
