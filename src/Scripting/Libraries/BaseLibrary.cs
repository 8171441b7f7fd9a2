using System.Globalization;
using MiniRedis.Scripting.Compilation;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The global functions that Redis leaves to a script.</summary>
internal static unsafe partial class BaseLibrary
{
    public static void Open(LuaMachine m)
    {
        var g = m.Globals;
        m.SetField(g, "_VERSION", m.NewString("Lua 5.1"u8));
        m.AddNative(g, "assert", &Assert);
        m.AddNative(g, "collectgarbage", &CollectGarbage);
        m.AddNative(g, "error", &Error);
        m.AddNative(g, "gcinfo", &GcInfo);
        m.AddNative(g, "getmetatable", &GetMetatable);
        m.AddNative(g, "ipairs", &IPairs);
        m.AddNative(g, "load", &Load);
        m.AddNative(g, "loadstring", &LoadString);
        m.AddNative(g, "next", &Next);
        m.NextFunction = m.GetField(g, "next");
        m.AddNative(g, "pairs", &Pairs);
        m.AddNative(g, "pcall", &PCall);
        m.AddNative(g, "rawequal", &RawEqual);
        m.AddNative(g, "rawget", &RawGet);
        m.AddNative(g, "rawset", &RawSet);
        m.AddNative(g, "select", &Select);
        m.AddNative(g, "setmetatable", &SetMetatable);
        m.AddNative(g, "tonumber", &ToNumber);
        m.AddNative(g, "tostring", &ToString);
        m.AddNative(g, "type", &Type);
        m.AddNative(g, "unpack", &Unpack);
        m.AddNative(g, "xpcall", &XPCall);
    }

    /// <summary>__index of the globals: a name that is not there is a mistake of the script, more often than not a missing "local".</summary>
    public static int MissingGlobal(LuaMachine m)
    {
        // Only a name is worth an error: that is how Redis has it.
        if (m.TypeOf(2) != LuaType.String) return m.Return(Value.Nil);
        m.Fail($"Script attempted to access nonexistent global variable '{m.ShownText(2)}'");
        return 0;
    }

    static int Assert(LuaMachine m)
    {
        m.CheckAny(1);
        if (m.Argument(1)->IsTrue) return m.ArgumentCount;
        var message = m.IsNoneOrNil(2) ? "assertion failed!"u8 : LuaMachine.ToZero(m.CheckString(2));
        m.Throw(m.WithPlace(1, message));
        return 0;
    }

    static int CollectGarbage(LuaMachine m)
    {
        var option = m.IsNoneOrNil(1) ? "collect" : m.ShownText(1);
        switch (option)
        {
            case "count":
                return m.ReturnNumber((m.UsedBytes + m.FixedBytes) / 1024.0);
            case "collect":
                m.Collect();
                return m.ReturnNumber(0);
            case "step":
                m.Collect();
                return m.ReturnBoolean(true);
            case "stop" or "restart" or "setpause" or "setstepmul":
                // The collector has nothing to tune.
                return m.ReturnNumber(0);
            default:
                m.ArgumentError(1, $"invalid option '{option}'");
                return 0;
        }
    }

    static int GcInfo(LuaMachine m) => m.ReturnNumber((m.UsedBytes + m.FixedBytes) / 1024);

    static int Error(LuaMachine m)
    {
        var level = (int)m.OptionalInteger(2, 1);
        var error = m.ArgumentCount == 0 ? Value.Nil : *m.Argument(1);
        if (level > 0 && error.Type is LuaType.String or LuaType.Number && level > 0)
        {
            error = m.WithPlace(level, m.CheckString(1));
        }
        m.Throw(error);
        return 0;
    }

    static int Type(LuaMachine m)
    {
        m.CheckAny(1);
        return m.ReturnString(LuaMachine.TypeNameBytes(m.TypeOf(1)));
    }

    static int GetMetatable(LuaMachine m)
    {
        m.CheckAny(1);
        var metatable = m.MetatableOf(m.Argument(1));
        if (metatable == null) return m.Return(Value.Nil);
        var shield = *metatable->Get(m.Intern("__metatable"u8));
        return m.Return(shield.IsNil ? Value.From(metatable) : shield);
    }

    static int SetMetatable(LuaMachine m)
    {
        var table = m.CheckTable(1);
        if (m.TypeOf(2) is not (LuaType.Nil or LuaType.Table)) m.ArgumentError(2, "nil or table expected");
        if (table->Metatable != null && !table->Metatable->Get(m.Intern("__metatable"u8))->IsNil)
        {
            m.Fail("cannot change a protected metatable");
        }
        if (table->IsReadOnly) m.RunError("Attempt to modify a readonly table");
        table->Metatable = m.Argument(2)->IsNil ? null : m.Argument(2)->Table;
        return m.Return(*m.Argument(1));
    }

    static int RawEqual(LuaMachine m)
    {
        m.CheckAny(1);
        m.CheckAny(2);
        return m.ReturnBoolean(Value.RawEquals(m.Argument(1), m.Argument(2)));
    }

    static int RawGet(LuaMachine m)
    {
        var table = m.CheckTable(1);
        m.CheckAny(2);
        return m.Return(*table->Get(m.Argument(2)));
    }

    static int RawSet(LuaMachine m)
    {
        var table = m.CheckTable(1);
        m.CheckAny(2);
        m.CheckAny(3);
        if (table->IsReadOnly) m.RunError("Attempt to modify a readonly table");
        *m.Place(table, m.Argument(2)) = *m.Argument(3);
        return m.Return(*m.Argument(1));
    }

    static int Next(LuaMachine m)
    {
        var table = m.CheckTable(1);
        var key = stackalloc Value[2];
        key[0] = m.TypeOf(2) == LuaType.None ? Value.Nil : *m.Argument(2);
        switch (m.Next(table, key))
        {
            case 0:
                return m.Return(Value.Nil);
            case -1:
                m.RunError("invalid key to 'next'");
                break;
        }
        m.Push(key[0]);
        m.Push(key[1]);
        return 2;
    }

    static int Pairs(LuaMachine m)
    {
        m.CheckType(1, LuaType.Table);
        m.Push(m.NextFunction);
        m.Push(*m.Argument(1));
        m.Push(Value.Nil);
        return 3;
    }

    static int IPairs(LuaMachine m)
    {
        m.CheckType(1, LuaType.Table);
        m.Push(Value.From(m.NewNative(&IPairsStep, 0)));
        m.Push(*m.Argument(1));
        m.Push(Value.From(0));
        return 3;
    }

    static int IPairsStep(LuaMachine m)
    {
        var index = m.CheckInt(2) + 1;
        var value = *m.CheckTable(1)->Get(index);
        if (value.IsNil) return 0;
        m.Push(Value.From(index));
        m.Push(value);
        return 2;
    }

    static int Select(LuaMachine m)
    {
        var count = m.ArgumentCount;
        if (m.TypeOf(1) == LuaType.String && m.Argument(1)->AsBytes is [(byte)'#', ..]) return m.ReturnNumber(count - 1);
        var index = m.CheckInt(1);
        if (index < 0) index = count + index;
        else if (index > count) index = count;
        if (index < 1) m.ArgumentError(1, "index out of range");
        return count - index;
    }

    static int Unpack(LuaMachine m)
    {
        var table = m.CheckTable(1);
        var from = (int)m.OptionalInteger(2, 1);
        var to = m.IsNoneOrNil(3) ? table->Length() : m.CheckInt(3);
        if (from > to) return 0;
        var count = (long)to - from + 1;
        if (count >= int.MaxValue || m.ArgumentCount + count > LuaMachine.MostNativeSlots) m.Fail("too many results to unpack");
        m.EnsureStack((int)count);
        m.Spend((int)count);
        for (var i = 0; i < count; i++) m.Push(*table->Get(from + i));
        return (int)count;
    }

    /// <summary>
    /// As Redis has it since its errors are tables: a script of older days compares the error with a string, so the text of the table is
    /// what it gets.
    /// </summary>
    static int PCall(LuaMachine m)
    {
        m.CheckAny(1);
        var succeeded = m.ProtectedCall(m.Argument(1), -1, null);
        if (!succeeded && m.Argument(1)->IsTable)
        {
            var text = m.GetField(m.Argument(1)->Table, "err");
            if (text.Type is LuaType.String or LuaType.Number) *m.Argument(1) = text;
        }
        return PutFirst(m, Value.From(succeeded));
    }

    static int XPCall(LuaMachine m)
    {
        m.CheckAny(2);
        // The handler goes below the function, and what else was given is dropped.
        m.Thread->Top = m.Thread->Base + 2;
        (*m.Argument(1), *m.Argument(2)) = (*m.Argument(2), *m.Argument(1));
        var succeeded = m.ProtectedCall(m.Argument(2), -1, m.Argument(1));
        *m.Argument(1) = Value.From(succeeded);
        return m.ArgumentCount;
    }

    /// <summary>Returns everything on the stack behind a first value.</summary>
    static int PutFirst(LuaMachine m, Value first)
    {
        m.Push(Value.Nil);
        for (var slot = m.Thread->Top - 1; slot > m.Thread->Base; slot--) *slot = slot[-1];
        *m.Thread->Base = first;
        return m.ArgumentCount;
    }

    static int LoadString(LuaMachine m)
    {
        var source = m.CheckString(1);
        var name = m.IsNoneOrNil(2) ? source : m.CheckString(2);
        return Compile(m, source, name);
    }

    static int Load(LuaMachine m)
    {
        m.CheckType(1, LuaType.Function);
        var name = m.IsNoneOrNil(2) ? "=(load)"u8 : m.CheckString(2);
        var source = new LuaBuffer(m);
        try
        {
            while (true)
            {
                m.Push(*m.Argument(1));
                if (!m.ProtectedCall(m.Thread->Top - 1, 1, null))
                {
                    m.Push(m.Thread->Top[-1]);
                    m.Thread->Top[-2] = Value.Nil;
                    return 2;
                }
                var piece = m.Thread->Top - 1;
                if (piece->IsNil) break;
                if (piece->Type is not (LuaType.String or LuaType.Number))
                {
                    m.Push(Value.Nil);
                    m.ReturnString("reader function must return a string"u8);
                    return 2;
                }
                m.ToText(piece);
                if (piece->String->Length == 0) break;
                source.Add(piece->AsBytes);
                m.Thread->Top--;
            }
            return Compile(m, source.Written, name);
        }
        finally
        {
            source.Dispose();
        }
    }

    static int Compile(LuaMachine m, ReadOnlySpan<byte> source, ReadOnlySpan<byte> name)
    {
        // A byte costs as much as a call.
        m.Spend(source.Length);
        try
        {
            return m.Return(Value.From(m.CompileInRun(source, name)));
        }
        catch (LuaSyntaxException e)
        {
            m.Push(Value.Nil);
            m.ReturnString(e.Text);
            return 2;
        }
    }

    static int ToNumber(LuaMachine m)
    {
        var radix = (int)m.OptionalInteger(2, 10);
        if (radix == 10)
        {
            m.CheckAny(1);
            var value = *m.Argument(1);
            return m.Return(m.ToNumber(&value) ? value : Value.Nil);
        }
        var text = m.CheckString(1);
        if (radix is < 2 or > 36) m.ArgumentError(2, "base out of range");
        return m.Return(LuaNumbers.TryParseInteger(text, radix, out var number) ? Value.From(number) : Value.Nil);
    }

    public static int ToText(LuaMachine m) => ToString(m);

    static int ToString(LuaMachine m)
    {
        m.CheckAny(1);
        var value = m.Argument(1);
        var metatable = m.MetatableOf(value);
        if (metatable != null && !metatable->Get(m.Intern("__tostring"u8))->IsNil)
        {
            m.Push(*metatable->Get(m.Intern("__tostring"u8)));
            m.Push(*m.Argument(1));
            m.Call(m.Thread->Top - 2, 1);
            return 1;
        }
        switch (value->Type)
        {
            case LuaType.Nil:
                return m.ReturnString("nil"u8);
            case LuaType.Boolean:
                return m.ReturnString(value->IsTrue ? "true"u8 : "false"u8);
            case LuaType.Number or LuaType.String:
                m.CheckString(1);
                return m.Return(*value);
            default:
                var address = value->Bits == 0 ? "(nil)" : string.Create(CultureInfo.InvariantCulture, $"0x{value->Bits:x}");
                return m.ReturnText($"{LuaMachine.TypeName(value->Type)}: {address}");
        }
    }
}
