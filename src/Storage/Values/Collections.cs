using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.SortedSets;
using MiniRedis.Storage.Streams;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Values;

/// <summary>
/// What the keyspace does with native structures: it frees, copies, moves and counts them. One line each, so that the keyspace
/// does not know them.
/// </summary>
static unsafe class Collections
{
    /// <summary>
    /// Frees about <paramref name="budget"/> elements and takes them off the budget. True once the root itself is freed. Until
    /// then the structure may only be freed further.
    /// </summary>
    public static bool FreeSome(Arena arena, ObjectType type, ObjectEncoding encoding, byte* root, ref int budget) => (type, encoding) switch
    {
        (ObjectType.List, _) => QuickList.FreeSome(arena, root, ref budget),
        (_, ObjectEncoding.HashTable) => ((PackedTable*)root)->FreeSome(arena, ref budget),
        (ObjectType.Stream, _) => new StreamValue(arena, root).FreeSome(ref budget),
        (ObjectType.SortedSet, ObjectEncoding.SkipList) => SortedSetRoot.FreeSome(arena, (SortedSetRoot*)root, ref budget),
        _ => throw new UnreachableException($"no native {type} is encoded as {encoding}"),
    };

    /// <summary>Copies the structure and all that it holds. Returns the root of the copy.</summary>
    public static byte* Copy(Arena arena, HashSeed seed, ObjectType type, ObjectEncoding encoding, byte* root) => (type, encoding) switch
    {
        (ObjectType.List, _) => QuickList.Copy(arena, root),
        (_, ObjectEncoding.HashTable) => (byte*)((PackedTable*)root)->Copy(arena),
        (ObjectType.Stream, _) => new StreamValue(arena, root).Copy().Root,
        (ObjectType.SortedSet, ObjectEncoding.SkipList) => (byte*)SortedSetRoot.Copy(arena, seed, (SortedSetRoot*)root),
        _ => throw new UnreachableException($"no native {type} is encoded as {encoding}"),
    };

    /// <summary>
    /// Moves the structure's blocks, without the root, as far as they are to be moved, for one step of a walk. True at its end.
    /// See <see cref="BlockMover"/>.
    /// </summary>
    public static bool MoveSome(
        BlockMover mover, HashSeed seed, ObjectType type, ObjectEncoding encoding, byte* root, ref MovePosition position) => (type, encoding) switch
    {
        (ObjectType.List, _) => QuickList.MoveSome(mover, (ListRoot*)root, ref position),
        (_, ObjectEncoding.HashTable) => ((PackedTable*)root)->MoveSome(mover, ref position),
        (ObjectType.Stream, _) => new StreamValue(mover.Arena, root).MoveSome(mover, ref position),
        (ObjectType.SortedSet, ObjectEncoding.SkipList) => ((SortedSetRoot*)root)->MoveSome(mover, seed, ref position),
        _ => throw new UnreachableException($"no native {type} is encoded as {encoding}"),
    };

    /// <summary>As <see cref="AllocatedBytes"/>, but quick for a list of any length: it takes the nodes for full.</summary>
    public static long RoughBytes(ObjectType type, ObjectEncoding encoding, byte* root) => type == ObjectType.List
        ? ((ListRoot*)root)->Nodes * (long)ListLimits.SafeBytes
        : AllocatedBytes(type, encoding, root);

    /// <summary>Bytes of the arena that the structure takes, its root included.</summary>
    public static long AllocatedBytes(ObjectType type, ObjectEncoding encoding, byte* root) => (long)Arena.SizeOf(root) + (type, encoding) switch
    {
        (ObjectType.List, _) => QuickList.AllocatedBytes(root),
        (_, ObjectEncoding.HashTable) => ((PackedTable*)root)->AllocatedBytes,
        (ObjectType.Stream, _) => StreamValue.BytesOf(root),
        (ObjectType.SortedSet, ObjectEncoding.SkipList) => ((SortedSetRoot*)root)->AllocatedBytes,
        _ => throw new UnreachableException($"no native {type} is encoded as {encoding}"),
    };
}
