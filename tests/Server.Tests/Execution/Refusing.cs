using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>Refuses each block after so many, or the next one only.</summary>
sealed class Refusing(int granted, bool once = false) : MemoryTrial
{
    int _left = granted;

    public bool HasRefused { get; private set; }

    public override bool GrantsBlock(nuint bytes)
    {
        if (_left-- > 0 || once && HasRefused) return true;
        HasRefused = true;
        return false;
    }
}
