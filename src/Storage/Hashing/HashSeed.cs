namespace MiniRedis.Storage.Hashing;

/// <summary>
/// The 128-bit secret of the keyed hash. A client that does not know it cannot choose keys that share a bucket. Tests pass a
/// fixed one.
/// </summary>
public readonly record struct HashSeed(ulong K0, ulong K1)
{
    public static HashSeed Random()
    {
        Span<ulong> words = stackalloc ulong[2];
        SystemRandom.Fill(words);
        return new(words[0], words[1]);
    }
}
