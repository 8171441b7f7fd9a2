using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The table "math", with Redis's own random numbers.</summary>
internal static unsafe class MathLibrary
{
    public static void Open(LuaMachine m)
    {
        var t = m.OpenLibrary("math", 28);
        m.AddNative(t, "abs", &Abs);
        m.AddNative(t, "acos", &Acos);
        m.AddNative(t, "asin", &Asin);
        m.AddNative(t, "atan2", &Atan2);
        m.AddNative(t, "atan", &Atan);
        m.AddNative(t, "ceil", &Ceil);
        m.AddNative(t, "cosh", &Cosh);
        m.AddNative(t, "cos", &Cos);
        m.AddNative(t, "deg", &Deg);
        m.AddNative(t, "exp", &Exp);
        m.AddNative(t, "floor", &Floor);
        m.AddNative(t, "fmod", &Fmod);
        m.AddNative(t, "frexp", &Frexp);
        m.AddNative(t, "ldexp", &Ldexp);
        m.AddNative(t, "log10", &Log10);
        m.AddNative(t, "log", &Log);
        m.AddNative(t, "max", &Max);
        m.AddNative(t, "min", &Min);
        m.AddNative(t, "modf", &Modf);
        m.AddNative(t, "pow", &Pow);
        m.AddNative(t, "rad", &Rad);
        m.AddNative(t, "random", &Random);
        m.AddNative(t, "randomseed", &RandomSeed);
        m.AddNative(t, "sinh", &Sinh);
        m.AddNative(t, "sin", &Sin);
        m.AddNative(t, "sqrt", &Sqrt);
        m.AddNative(t, "tanh", &Tanh);
        m.AddNative(t, "tan", &Tan);
        m.SetField(t, "pi", Value.From(Math.PI));
        m.SetField(t, "huge", Value.From(double.PositiveInfinity));
        m.AddNative(t, "mod", &Fmod);
    }

    static int Abs(LuaMachine m) => m.ReturnNumber(Math.Abs(m.CheckNumber(1)));

    static int Acos(LuaMachine m) => m.ReturnNumber(Math.Acos(m.CheckNumber(1)));

    static int Asin(LuaMachine m) => m.ReturnNumber(Math.Asin(m.CheckNumber(1)));

    static int Atan2(LuaMachine m) => m.ReturnNumber(Math.Atan2(m.CheckNumber(1), m.CheckNumber(2)));

    static int Atan(LuaMachine m) => m.ReturnNumber(Math.Atan(m.CheckNumber(1)));

    static int Ceil(LuaMachine m) => m.ReturnNumber(Math.Ceiling(m.CheckNumber(1)));

    static int Cosh(LuaMachine m) => m.ReturnNumber(Math.Cosh(m.CheckNumber(1)));

    static int Cos(LuaMachine m) => m.ReturnNumber(Math.Cos(m.CheckNumber(1)));

    static int Deg(LuaMachine m) => m.ReturnNumber(m.CheckNumber(1) / (Math.PI / 180));

    static int Exp(LuaMachine m) => m.ReturnNumber(Math.Exp(m.CheckNumber(1)));

    static int Floor(LuaMachine m) => m.ReturnNumber(Math.Floor(m.CheckNumber(1)));

    static int Fmod(LuaMachine m) => m.ReturnNumber(m.CheckNumber(1) % m.CheckNumber(2));

    static int Log10(LuaMachine m) => m.ReturnNumber(Math.Log10(m.CheckNumber(1)));

    static int Log(LuaMachine m) => m.ReturnNumber(Math.Log(m.CheckNumber(1)));

    static int Pow(LuaMachine m) => m.ReturnNumber(LuaNumbers.Power(m.CheckNumber(1), m.CheckNumber(2)));

    static int Rad(LuaMachine m) => m.ReturnNumber(m.CheckNumber(1) * (Math.PI / 180));

    static int Sinh(LuaMachine m) => m.ReturnNumber(Math.Sinh(m.CheckNumber(1)));

    static int Sin(LuaMachine m) => m.ReturnNumber(Math.Sin(m.CheckNumber(1)));

    static int Sqrt(LuaMachine m) => m.ReturnNumber(Math.Sqrt(m.CheckNumber(1)));

    static int Tanh(LuaMachine m) => m.ReturnNumber(Math.Tanh(m.CheckNumber(1)));

    static int Tan(LuaMachine m) => m.ReturnNumber(Math.Tan(m.CheckNumber(1)));

    static int Frexp(LuaMachine m)
    {
        var x = m.CheckNumber(1);
        var exponent = 0;
        if (x != 0 && double.IsFinite(x))
        {
            exponent = Math.ILogB(x) + 1;
            x = Math.ScaleB(x, -exponent);
        }
        m.Push(Value.From(x));
        m.Push(Value.From(exponent));
        return 2;
    }

    static int Ldexp(LuaMachine m) => m.ReturnNumber(Math.ScaleB(m.CheckNumber(1), m.CheckInt(2)));

    static int Modf(LuaMachine m)
    {
        var x = m.CheckNumber(1);
        var whole = Math.Truncate(x);
        m.Push(Value.From(whole));
        m.Push(Value.From(double.IsInfinity(x) ? Math.CopySign(0, x) : Math.CopySign(x - whole, x)));
        return 2;
    }

    static int Max(LuaMachine m)
    {
        var best = m.CheckNumber(1);
        for (var i = 2; i <= m.ArgumentCount; i++)
        {
            var x = m.CheckNumber(i);
            if (x > best) best = x;
        }
        return m.ReturnNumber(best);
    }

    static int Min(LuaMachine m)
    {
        var best = m.CheckNumber(1);
        for (var i = 2; i <= m.ArgumentCount; i++)
        {
            var x = m.CheckNumber(i);
            if (x < best) best = x;
        }
        return m.ReturnNumber(best);
    }

    static int Random(LuaMachine m)
    {
        var drawn = m.Random.Next();
        switch (m.ArgumentCount)
        {
            case 0:
                return m.ReturnNumber(drawn);
            case 1:
                var limit = m.CheckInt(1);
                if (limit < 1) m.ArgumentError(1, "interval is empty");
                return m.ReturnNumber(Math.Floor(drawn * limit) + 1);
            case 2:
                var (low, high) = (m.CheckInt(1), m.CheckInt(2));
                if (low > high) m.ArgumentError(2, "interval is empty");
                return m.ReturnNumber(Math.Floor(drawn * unchecked(high - low + 1)) + low);
            default:
                m.Fail("wrong number of arguments");
                return 0;
        }
    }

    static int RandomSeed(LuaMachine m)
    {
        m.Random.Seed(m.CheckInt(1));
        return 0;
    }
}
