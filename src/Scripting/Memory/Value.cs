using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Scripting.Memory;

/// <summary>The types of Lua, in the order of lua.h, and behind them those that a script never sees.</summary>
public enum LuaType
{
    Nil = 0, Boolean = 1, LightUserdata = 2, Number = 3, String = 4, Table = 5, Function = 6, Userdata = 7, Thread = 8,

    /// <summary>The code of a function, which closures share.</summary>
    Proto = 9,

    /// <summary>A variable that closures share.</summary>
    UpValue = 10,

    /// <summary>The key of an empty node whose object was collected: it still says where its chain goes on.</summary>
    DeadKey = 11,

    /// <summary>What an argument has where there is none.</summary>
    None = -1,
}

/// <summary>
/// A value of Lua: 16 bytes, eight for the number or the address and eight for the type. It holds no reference that the collector of
/// .NET would have to follow.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public unsafe struct Value
{
    [FieldOffset(0)] internal double Number;
    [FieldOffset(0)] internal long Bits;
    [FieldOffset(0)] internal GcObject* Object;
    [FieldOffset(0)] internal LuaString* String;
    [FieldOffset(0)] internal Table* Table;
    [FieldOffset(0)] internal Closure* Closure;
    [FieldOffset(0)] internal LuaThread* Thread;
    [FieldOffset(0)] internal Userdata* Userdata;
    [FieldOffset(8)] public LuaType Type;

    public static Value Nil => default;

    public static Value From(double number) => new() { Number = number, Type = LuaType.Number };

    public static Value From(bool value) => new() { Bits = value ? 1 : 0, Type = LuaType.Boolean };

    /// <summary>An opaque word, such as the null of cjson. It equals those with the same word.</summary>
    public static Value Light(long word) => new() { Bits = word, Type = LuaType.LightUserdata };

    internal static Value From(LuaString* s) => new() { String = s, Type = LuaType.String };

    internal static Value From(Table* t) => new() { Table = t, Type = LuaType.Table };

    internal static Value From(Closure* c) => new() { Closure = c, Type = LuaType.Function };

    internal static Value From(LuaThread* t) => new() { Thread = t, Type = LuaType.Thread };

    internal static Value From(Userdata* u) => new() { Userdata = u, Type = LuaType.Userdata };

    public readonly bool IsNil => Type == LuaType.Nil;

    public readonly bool IsString => Type == LuaType.String;

    public readonly bool IsTable => Type == LuaType.Table;

    internal readonly bool IsFalse
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Type == LuaType.Nil || (Type == LuaType.Boolean && Bits == 0);
    }

    /// <summary>What a condition makes of the value: only nil and false are false.</summary>
    public readonly bool IsTrue => !IsFalse;

    /// <summary>The number. Only of a number.</summary>
    public readonly double AsNumber => Number;

    /// <summary>The bytes of a string. They stay where they are until a script runs on.</summary>
    public readonly ReadOnlySpan<byte> AsBytes => String->Span;

    internal readonly bool IsCollectable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Type >= LuaType.String;
    }

    /// <summary>Equality without metamethods.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool RawEquals(Value* a, Value* b)
    {
        if (a->Type != b->Type) return false;
        if (a->Type == LuaType.Number) return a->Number == b->Number;
        return a->Type == LuaType.Nil || a->Bits == b->Bits;
    }
}
