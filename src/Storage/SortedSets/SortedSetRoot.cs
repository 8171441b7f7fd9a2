using System.Diagnostics;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.ScratchMemory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>
/// A big sorted set. Clients see a "skiplist"; here a tree takes its place. It has the members' blocks, a table that finds them
/// by their bytes, and a tree that has them in order and knows their ranks.
/// <code>
///   table: hash ─► block             block: score, member's bytes
///   tree:  (score, block) in order of score and bytes
/// </code>
/// </summary>
/// <remarks>
/// Lives in a block of the arena, to which the record points. Invariants: table and tree have the same blocks. The score of a
/// tree item is the score in its block.
/// </remarks>
unsafe partial struct SortedSetRoot
{
    /// <summary>The members in order, for reading. Changes go through this struct.</summary>
    public OrderedTree<ScoredMember> Tree;

    MemberTable _table;

    // Bytes of the members' blocks.
    long _memberBytes;

    /// <summary>Creates an empty sorted set in a new block. Its table has room for so many members.</summary>
    public static SortedSetRoot* Create(Arena arena, long expectedMembers)
    {
        var root = (SortedSetRoot*)arena.Allocate((nuint)sizeof(SortedSetRoot));
        *root = default;
        root->_table.Start(arena, expectedMembers);
        return root;
    }

    public readonly long Count => Tree.Count;

    /// <summary>Bytes of the whole structure, without this block.</summary>
    public readonly long AllocatedBytes => Tree.AllocatedBytes + _table.Bytes + _memberBytes;

    public readonly byte* Find(ReadOnlySpan<byte> member, ulong hash) => _table.Find(member, hash);

    /// <summary>Adds a member that the set does not have.</summary>
    public void Add(Arena arena, HashSeed seed, ulong hash, ReadOnlySpan<byte> member, double score)
    {
        var item = new ScoredMember(score, NewBlock(arena, member, score));
        _table.Add(arena, seed, hash, item.Block);
        var inserted = Tree.Insert(arena, item, new MemberProbe(score, item.Text));
        Debug.Assert(inserted);
    }

    /// <summary>
    /// Adds a member that the set does not have to the table alone. <see cref="Order"/> gives it its place in the order later.
    /// </summary>
    public byte* AddUnordered(Arena arena, HashSeed seed, ulong hash, ReadOnlySpan<byte> member, double score)
    {
        var block = NewBlock(arena, member, score);
        _table.Add(arena, seed, hash, block);
        return block;
    }

    /// <summary>Adds an item, whose member <see cref="AddUnordered"/> has added, behind all that are in order already.</summary>
    public void Order(Arena arena, in ScoredMember item) => Tree.Append(arena, item);

    /// <summary>Adds a member that the set does not have and that comes behind all others.</summary>
    public void Append(Arena arena, HashSeed seed, ReadOnlySpan<byte> member, double score) =>
        Order(arena, new(score, AddUnordered(arena, seed, SipHash13.Hash(member, seed), member, score)));

    /// <summary>Changes the score of a member.</summary>
    public void SetScore(Arena arena, byte* block, double score)
    {
        var text = ScoredMember.TextOf(block);
        var updated = Tree.Update(
            arena, new MemberProbe(ScoredMember.ScoreOf(block), text), new ScoredMember(score, block), new MemberProbe(score, text));
        Debug.Assert(updated);
        ScoredMember.ScoreOf(block) = score;
    }

    /// <summary>Removes a member.</summary>
    public void Remove(Arena arena, ulong hash, byte* block)
    {
        _table.Remove(arena, hash, block);
        var removed = Tree.Remove(arena, new MemberProbe(ScoredMember.ScoreOf(block), ScoredMember.TextOf(block)), out _);
        Debug.Assert(removed);
        FreeBlock(arena, block);
    }

    /// <summary>Removes the members of <paramref name="count"/> ranks.</summary>
    public void RemoveRange(Arena arena, HashSeed seed, long rank, long count)
    {
        var cursor = Tree.At(rank);
        for (var left = count; left > 0; left--, cursor.MoveNext())
        {
            var block = cursor.Item.Block;
            _table.Remove(arena, SipHash13.Hash(ScoredMember.TextOf(block), seed), block);
            // The tree reads no member while it removes by rank, and nothing on the way to that needs memory.
            FreeBlock(arena, block);
        }
        Tree.RemoveRange(arena, rank, count);
    }

    public readonly long RankOf(byte* block) => Tree.RankOf(new MemberProbe(ScoredMember.ScoreOf(block), ScoredMember.TextOf(block)));

    /// <inheritdoc cref="MemberTable.Scan"/>
    public readonly ulong Scan(ulong cursor, ref ScratchList<nint> blocks) => _table.Scan(cursor, ref blocks);

    public readonly void Verify(HashSeed seed)
    {
        _table.Verify(seed);
        Tree.Verify(Comparer<ScoredMember>.Create(static (x, y) => new MemberProbe(x.Score, x.Text).CompareTo(y)));
        Invariant.Require(_table.Count == Tree.Count, "tree and table differ in number");
        long bytes = 0;
        if (Count > 0)
        {
            var cursor = Tree.First();
            do
            {
                var block = cursor.Item.Block;
                Invariant.Require(ScoredMember.ScoreOf(block) == cursor.Item.Score, "a block has another score than its item");
                Invariant.Require(_table.Find(cursor.Item.Text, SipHash13.Hash(cursor.Item.Text, seed)) == block, "a member is not in the table");
                bytes += (long)Arena.SizeOf(block);
            }
            while (cursor.MoveNext());
        }
        Invariant.Require(bytes == _memberBytes, "the bytes of members are wrong");
    }

    byte* NewBlock(Arena arena, ReadOnlySpan<byte> member, double score)
    {
        var block = ScoredMember.Allocate(arena, member, score);
        _memberBytes += (long)Arena.SizeOf(block);
        return block;
    }

    void FreeBlock(Arena arena, byte* block)
    {
        _memberBytes -= (long)Arena.SizeOf(block);
        arena.Free(block);
    }

    /// <summary>
    /// Frees about <paramref name="budget"/> members and takes them off the budget. True once the root itself is freed.
    /// </summary>
    public static bool FreeSome(Arena arena, SortedSetRoot* root, ref int budget)
    {
        var freeing = new BlockFreeing(arena);
        if (!root->Tree.FreeSome(arena, ref budget, ref freeing)) return false;
        if (!root->_table.FreeSome(arena, ref budget)) return false;
        arena.Free((byte*)root);
        return true;
    }

    /// <summary>Copies the sorted set. Returns the root of the copy.</summary>
    public static SortedSetRoot* Copy(Arena arena, HashSeed seed, SortedSetRoot* source)
    {
        var copy = Create(arena, source->Count);
        for (var cursor = source->Tree.First(); cursor.IsValid; cursor.MoveNext())
            copy->Append(arena, seed, cursor.Item.Text, cursor.Item.Score);
        return copy;
    }

    readonly struct BlockFreeing(Arena arena) : ITreeVisitor<ScoredMember>
    {
        public void Visit(ref ScoredMember item) => arena.Free(item.Block);
    }
}
