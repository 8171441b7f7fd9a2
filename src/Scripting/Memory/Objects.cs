using System.Runtime.InteropServices;

namespace MiniRedis.Scripting.Memory;

/// <summary>
/// What every object of the heap begins with. <see cref="Next"/> links all objects that a sweep visits; of a string it links the
/// bucket of the string table.
/// </summary>
internal unsafe struct GcObject
{
    public GcObject* Next;
    public byte Type;
    public byte Mark;
}

/// <summary>The colours of mark and sweep. A fixed object belongs to the machine, not to a run: no sweep and no mark touches it.</summary>
internal static class GcMark
{
    public const byte White = 0, Black = 1, Fixed = 2;
}

/// <summary>An interned string. Its bytes follow, and a zero byte after them.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal unsafe struct LuaString
{
    public GcObject* Next;
    public byte Type;
    public byte Mark;

    /// <summary>One more than the token of a reserved word; zero for every other string.</summary>
    public byte Reserved;
    public uint Hash;
    public int Length;

    public const int HeaderBytes = 20;

    public static byte* BytesOf(LuaString* s) => (byte*)s + HeaderBytes;

    public readonly ReadOnlySpan<byte> Span
    {
        get
        {
            // Strings lie in native memory, so the address of this struct is that of the string.
            fixed (LuaString* s = &this) return new((byte*)s + HeaderBytes, Length);
        }
    }
}

internal unsafe struct UpValue
{
    public GcObject Header;

    /// <summary>Where the variable is: on a stack while open, in <see cref="Closed"/> afterwards.</summary>
    public Value* Where;
    public Value Closed;

    /// <summary>The coroutine on whose stack an open variable lies. Whoever can reach the variable keeps it.</summary>
    public LuaThread* Owner;

    /// <summary>The next open variable below on the same stack.</summary>
    public UpValue* NextOpen;
}

/// <summary>A function with its environment. Upvalues of native functions are values and follow; those of Lua are addresses.</summary>
internal unsafe struct Closure
{
    public GcObject Header;
    public Table* Environment;

    /// <summary>Null for a native function.</summary>
    public Proto* Proto;

    /// <summary>A native function's code.</summary>
    public void* Native;
    public int UpValueCount;

    /// <summary>What a host registered the function under, or what a library gives a shared function.</summary>
    public int Id;

    public static UpValue** UpValues(Closure* c) => (UpValue**)(c + 1);

    public static Value* Values(Closure* c) => (Value*)(c + 1);
}

/// <summary>What newproxy makes: an identity with a metatable.</summary>
internal unsafe struct Userdata
{
    public GcObject Header;
    public Table* Metatable;
}

/// <summary>A local variable's name, and the instructions between which it lives. For error texts.</summary>
internal unsafe struct LocalName
{
    public LuaString* Name;
    public int From, To;
}

/// <summary>What a function does with extra arguments. Lua 5.1 gives one that has no use for "..." the table "arg", as Lua 5.0 did.</summary>
[Flags]
internal enum VarargFlags : byte { None = 0, HasArg = 1, IsVararg = 2, NeedsArg = 4 }

/// <summary>A compiled function. All arrays belong to it.</summary>
internal unsafe struct Proto
{
    public GcObject Header;
    public uint* Code;
    public int* Lines;
    public Value* Constants;
    public Proto** Protos;
    public LocalName* Locals;
    public LuaString** UpValueNames;
    public LuaString* Source;
    public int CodeCount, ConstantCount, ProtoCount, LocalCount, UpValueNameCount;
    public int LineDefined, LastLineDefined;
    public byte UpValueCount, ParameterCount, MaxStack;
    public VarargFlags Vararg;
}

/// <summary>A call under way.</summary>
internal unsafe struct CallInfo
{
    public Value* Base;
    public Value* Function;
    public Value* Top;
    public uint* SavedPc;

    /// <summary>Results the caller wants; -1 for all.</summary>
    public int Results;

    /// <summary>Set where the loop of the machine that runs the call was entered, and is to be left at its return.</summary>
    public int IsFresh;

    /// <summary>Calls that this one replaced.</summary>
    public int TailCalls;
}

internal enum ThreadStatus { Ready = 0, Yielded = 1, Dead = 2 }

/// <summary>A coroutine, or the run itself: a stack of values and a stack of calls.</summary>
internal unsafe struct LuaThread
{
    public GcObject Header;
    public Value* Top;
    public Value* Base;
    public CallInfo* Call;
    public Value* Stack;
    public Value* StackLast;
    public CallInfo* Calls;
    public int StackSize, CallsSize;
    public UpValue* OpenUpValues;
    public Table* Globals;
    public LuaThread* Resumer;
    public ThreadStatus Status;

    /// <summary>Loops of the machine and native calls of the C# stack at which the coroutine was resumed.</summary>
    public int BaseDepth;
}
