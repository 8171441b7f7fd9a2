namespace MiniRedis.Storage.Memory;

/// <summary>
/// Refuses an arena memory: for tests. While an arena has one, it asks at each block, where it otherwise looks at its free lists
/// only; so the n-th block of a command can be refused, whatever happens to be free.
/// </summary>
public abstract class MemoryTrial
{
    /// <summary>Whether the arena gets a block of so many bytes.</summary>
    public virtual bool GrantsBlock(nuint bytes) => true;

    /// <summary>Whether the system gives the arena so many bytes of address space.</summary>
    public virtual bool GrantsPages(nuint bytes) => true;
}
