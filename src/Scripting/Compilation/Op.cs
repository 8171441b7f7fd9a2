namespace MiniRedis.Scripting.Compilation;

/// <summary>
/// The instructions of Lua 5.1. R(x) is a register, K(x) a constant, RK(x) either, and a jump counts from the next instruction.
///
///     31        23 22       14 13        6 5      0
///     |    B 9    |    C 9    |    A 8    |  op 6  |
///     |   Bx 18, or sBx with 131071 for 0  |
/// </summary>
internal enum Op
{
    Move, LoadK, LoadBool, LoadNil, GetUpval, GetGlobal, GetTable, SetGlobal, SetUpval, SetTable, NewTable, Self,
    Add, Sub, Mul, Div, Mod, Pow, Unm, Not, Len, Concat, Jmp, Eq, Lt, Le, Test, TestSet, Call, TailCall, Return,
    ForLoop, ForPrep, TForLoop, SetList, Close, Closure, Vararg,
}

/// <summary>Packs and unpacks instructions.</summary>
internal static class Instruction
{
    public const int MaxBx = (1 << 18) - 1, MaxSBx = MaxBx >> 1, MaxB = 511, MaxC = 511, MaxA = 255, ConstantBit = 256;

    /// <summary>Values that one SETLIST stores.</summary>
    public const int FieldsPerFlush = 50;

    public const int NoRegister = MaxA;

    public static uint ABC(Op op, int a, int b, int c) => (uint)op | (uint)a << 6 | (uint)c << 14 | (uint)b << 23;

    public static uint ABx(Op op, int a, int bx) => (uint)op | (uint)a << 6 | (uint)bx << 14;

    public static Op OpOf(uint i) => (Op)(i & 63);

    public static int A(uint i) => (int)(i >> 6 & 255);

    public static int B(uint i) => (int)(i >> 23);

    public static int C(uint i) => (int)(i >> 14 & 511);

    public static int Bx(uint i) => (int)(i >> 14);

    public static int SBx(uint i) => (int)(i >> 14) - MaxSBx;

    public static bool IsConstant(int x) => (x & ConstantBit) != 0;

    public static uint WithA(uint i, int a) => (i & ~(255u << 6)) | (uint)a << 6;

    public static uint WithB(uint i, int b) => (i & ~(511u << 23)) | (uint)b << 23;

    public static uint WithC(uint i, int c) => (i & ~(511u << 14)) | (uint)c << 14;

    public static uint WithSBx(uint i, int sbx) => (i & 0x3FFF) | (uint)(sbx + MaxSBx) << 14;

    /// <summary>Whether the instruction decides if the jump behind it is taken.</summary>
    public static bool IsTest(Op op) => op is Op.Eq or Op.Lt or Op.Le or Op.Test or Op.TestSet or Op.TForLoop;

    /// <summary>Whether the instruction changes its register A. Of a test Lua 5.1 says so too, so its operand has no name in errors.</summary>
    public static bool SetsA(Op op) => op is not (Op.SetGlobal or Op.SetUpval or Op.SetTable or Op.Jmp or Op.Eq or Op.Lt or Op.Le or Op.Return
        or Op.TForLoop or Op.SetList or Op.Close);
}
