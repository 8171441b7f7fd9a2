using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Resp;

/// <summary>
/// 5^n for the decimal exponents of a long double: n up to some 10,000. Computing a power takes longer than all other work on a
/// number, and a client may ask for one with the seven bytes "1e-4900". So each 256th power is kept once it was needed (60 KB for
/// all), and any other one is a multiplication away. Any thread may ask.
/// </summary>
internal static class PowersOfFive
{
    private const int Step = 256;

    // Boxed, since a BigInteger is not written atomically. Two threads may compute the same power; either result may stay.
    private static readonly StrongBox<BigInteger>?[] s_steps = new StrongBox<BigInteger>?[48];

    public static BigInteger Of(int n)
    {
        (int step, int rest) = Math.DivRem(n, Step);
        BigInteger small = BigInteger.Pow(5, rest);
        if (step == 0) return small;
        StrongBox<BigInteger> large = s_steps[step] ??= new StrongBox<BigInteger>(BigInteger.Pow(5, step * Step));
        return large.Value * small;
    }
}
