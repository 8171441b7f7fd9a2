using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Hashing;

/// <summary>
/// The address of a block together with some bits of its key's hash, in 8 bytes: the entry of a hash table that tells most keys
/// apart before it touches a block.
/// <code>
///   | block address / 8 (44 bits) | hash bits 12 to 31 (20 bits): the fragment |     0: none
/// </code>
/// The bits of an address above the 47th are the same in all of a process's mappings (<see cref="AddressSpace.Prefix"/>),
/// so they need not be stored.
/// </summary>
static unsafe class HashedPointer
{
    public const ulong FragmentMask = 0xFFFFF;

    /// <summary>The lowest bit of the hash that is in the fragment.</summary>
    public const int FragmentShift = 12;

    const int BlockShift = 17;

    /// <summary>A block under its key's hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(byte* block, ulong hash) => (ulong)block << BlockShift | FragmentOf(hash);

    /// <summary>The same hash bits with another address, for a block that has moved.</summary>
    public static ulong Redirect(ulong pointer, byte* block) => (ulong)block << BlockShift | pointer & FragmentMask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte* BlockOf(ulong pointer) => (byte*)(pointer >> BlockShift & ~7UL | AddressSpace.Prefix);

    /// <summary>The bits of a hash that a pointer keeps.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong FragmentOf(ulong hash) => hash >> FragmentShift & FragmentMask;
}
