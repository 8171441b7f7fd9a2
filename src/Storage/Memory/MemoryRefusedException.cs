namespace MiniRedis.Storage.Memory;

/// <summary>
/// The system refused memory that the arena asked for, or a test did. An <see cref="OutOfMemoryException"/>: whoever can tell how
/// far a command has come decides what it means (<see cref="Arena.TryGiveUp"/>), and nobody else must take it for a bug.
/// </summary>
public sealed class MemoryRefusedException(nuint bytes) : OutOfMemoryException($"The system refused {bytes} bytes of memory.")
{
    /// <summary>Bytes that were asked for.</summary>
    public nuint Bytes { get; } = bytes;
}
