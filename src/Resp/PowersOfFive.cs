using System.Numerics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Resp;

/// <summary>
/// 5^n, for the decimal exponents that a long double can have: n up to some 10,000. Computed anew one takes longer than all else
/// about a number, and a client may ask for it with the seven bytes "1e-4900"; so each 256th is kept once it was asked for (60 KB
/// if all are), and what is asked for is one multiplication away. Any thread may ask.
/// </summary>
internal static class PowersOfFive
{
    private const int Step = 256;

    // Boxed, as a BigInteger is not written at once: two threads may compute the same one, and either's stays.
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
