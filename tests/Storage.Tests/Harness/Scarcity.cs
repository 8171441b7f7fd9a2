using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Tests.Harness;

/// <summary>Grants so many blocks, and refuses each after them.</summary>
sealed class Scarcity(int blocks) : MemoryTrial
{
    int _left = blocks;

    public override bool GrantsBlock(nuint bytes) => _left-- > 0;
}
