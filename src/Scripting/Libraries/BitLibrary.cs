using System.Buffers.Binary;
using System.Numerics;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "bit": Lua BitOp 1.0.2. Results are signed numbers of 32 bits.</summary>
internal static unsafe class BitLibrary
{
    /// <summary>2^52 + 2^51: added to a number it leaves the lowest 32 bits of its integer, rounded to even, at the bottom of the word.</summary>
    const double Magic = 6755399441055744.0;

    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("bit", 12);
        m.AddNative(t, "tobit", &ToBit);
        m.AddNative(t, "bnot", &Not);
        m.AddNative(t, "band", &And);
        m.AddNative(t, "bor", &Or);
        m.AddNative(t, "bxor", &Xor);
        m.AddNative(t, "lshift", &ShiftLeft);
        m.AddNative(t, "rshift", &ShiftRight);
        m.AddNative(t, "arshift", &ShiftRightSigned);
        m.AddNative(t, "rol", &RotateLeft);
        m.AddNative(t, "ror", &RotateRight);
        m.AddNative(t, "bswap", &Swap);
        m.AddNative(t, "tohex", &ToHex);
    }

    static uint Bits(LuaMachine m, int number) => (uint)BitConverter.DoubleToInt64Bits(m.CheckNumber(number) + Magic);

    static int Return(LuaMachine m, uint bits) => m.ReturnNumber((int)bits);

    static int ToBit(LuaMachine m) => Return(m, Bits(m, 1));

    static int Not(LuaMachine m) => Return(m, ~Bits(m, 1));

    // Of several bad arguments the first is named, then the last: that is the order in which BitOp looks at them.

    static int And(LuaMachine m)
    {
        var bits = Bits(m, 1);
        for (var i = m.ArgumentCount; i > 1; i--) bits &= Bits(m, i);
        return Return(m, bits);
    }

    static int Or(LuaMachine m)
    {
        var bits = Bits(m, 1);
        for (var i = m.ArgumentCount; i > 1; i--) bits |= Bits(m, i);
        return Return(m, bits);
    }

    static int Xor(LuaMachine m)
    {
        var bits = Bits(m, 1);
        for (var i = m.ArgumentCount; i > 1; i--) bits ^= Bits(m, i);
        return Return(m, bits);
    }

    // Shifts take the lower five bits of their count, as the operators of C# do.

    static int ShiftLeft(LuaMachine m) => Return(m, Bits(m, 1) << (int)Bits(m, 2));

    static int ShiftRight(LuaMachine m) => Return(m, Bits(m, 1) >> (int)Bits(m, 2));

    static int ShiftRightSigned(LuaMachine m) => Return(m, (uint)((int)Bits(m, 1) >> (int)Bits(m, 2)));

    static int RotateLeft(LuaMachine m) => Return(m, BitOperations.RotateLeft(Bits(m, 1), (int)Bits(m, 2)));

    static int RotateRight(LuaMachine m) => Return(m, BitOperations.RotateRight(Bits(m, 1), (int)Bits(m, 2)));

    static int Swap(LuaMachine m) => Return(m, BinaryPrimitives.ReverseEndianness(Bits(m, 1)));

    static int ToHex(LuaMachine m)
    {
        var bits = Bits(m, 1);
        var wanted = m.TypeOf(2) == LuaType.None ? 8 : (int)Bits(m, 2);
        var digits = wanted < 0 ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        Span<byte> text = stackalloc byte[8];
        var count = (int)Math.Min(8, Math.Abs((long)wanted));
        for (var i = count - 1; i >= 0; i--, bits >>= 4) text[i] = digits[(int)(bits & 15)];
        return m.ReturnString(text[..count]);
    }
}
