using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Hashing;

/// <summary>
/// Secret random numbers without OpenSSL. On Linux, RandomNumberGenerator loads OpenSSL, which costs a server that does no other
/// cryptography 5 MB of resident memory. Guid.NewGuid takes its bits from the same generator of the operating system. 122 of its
/// 128 bits are random, and folding the halves leaves 64 that are.
/// </summary>
public static class SystemRandom
{
    /// <summary>Fills <paramref name="words"/> with numbers that nobody can guess.</summary>
    public static void Fill(Span<ulong> words)
    {
        foreach (ref var word in words)
        {
            var guid = Guid.NewGuid();
            var halves = MemoryMarshal.Cast<Guid, ulong>(new ReadOnlySpan<Guid>(in guid));
            word = halves[0] ^ halves[1];
        }
    }
}
