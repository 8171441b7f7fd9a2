namespace MiniRedis.Storage.Memory;

/// <summary>Checks for the Verify methods of structures, which only tests call.</summary>
static class Invariant
{
    /// <exception cref="InvalidOperationException">The invariant does not hold; the message says which.</exception>
    public static void Require(bool holds, string violation)
    {
        if (!holds) throw new InvalidOperationException(violation);
    }
}
