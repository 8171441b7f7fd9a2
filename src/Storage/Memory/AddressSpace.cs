namespace MiniRedis.Storage.Memory;

/// <summary>Where this process's reservations lie.</summary>
static class AddressSpace
{
    /// <summary>
    /// The bits of all reservations' addresses above the lowest 47: none on x86-64 and macOS, one bit on Linux for arm64, which
    /// places mappings at the top of 48 bits. So 47 bits name a block. Set by <see cref="NativePages"/> before there is a block.
    /// </summary>
    /// <remarks>It has no initializer: code compiled ahead of time would ask at each use whether that has run.</remarks>
    public static nuint Prefix { get; set; }
}
