namespace MiniRedis.Scripting.Machine;

/// <summary>
/// The numbers of math.random: drand48's generator, 48 bits of state. Every server begins with the same state and goes on from script to
/// script, as redis-server 7.0.15 does; a script that needs the same numbers each time sets the seed.
/// </summary>
public sealed class MachineRandom
{
    const ulong Mask = (1UL << 48) - 1;

    /// <summary>Redis's first state.</summary>
    ulong _state = 0x1234_ABCD_330E;

    internal void Seed(int seed) => _state = (ulong)(uint)seed << 16 | 0x330E;

    /// <summary>A number from 0 up to, but not including, 1.</summary>
    internal double Next()
    {
        _state = (_state * 0x5DEECE66D + 0xB) & Mask;
        return (int)(_state >> 17) % int.MaxValue / (double)int.MaxValue;
    }
}
