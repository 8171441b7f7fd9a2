using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Moves blocks out of slabs that are to be emptied. Each structure shows it the pointers that it owns, one by one. When a block
/// moves, the mover changes that pointer; the structure itself updates all others that lead to the block.
/// </summary>
/// <remarks>
/// A structure's method that works in steps is called MoveSome. It goes on from a <see cref="MovePosition"/>, returns false when
/// <see cref="IsSpent"/> says so, and true at its end. Between steps the structure may change in any way, or be replaced by
/// another, so no position may do harm. A walk may therefore miss a block or two.
/// </remarks>
sealed unsafe class BlockMover(Arena arena)
{
    /// <summary>Moving so many bytes costs as much of the budget as looking at a block.</summary>
    const int BytesPerLook = 256;

    long _left;

    public Arena Arena => arena;

    /// <summary>
    /// Whether every block is moved and its old place made unreadable, to find out who keeps an address too long.
    /// </summary>
    public bool MovesAll { get; init; }

    /// <summary>Blocks moved.</summary>
    public long Hits { get; private set; }

    /// <summary>Blocks looked at and not moved.</summary>
    public long Misses { get; private set; }

    /// <summary>Whether the step has used up its budget.</summary>
    public bool IsSpent => _left <= 0;

    /// <summary>Begins a step with a budget of about so many blocks.</summary>
    public void BeginStep(long blocks) => _left = blocks;

    /// <summary>Takes work that moves no block off the budget.</summary>
    public void Spend(int blocks) => _left -= blocks;

    /// <summary>Moves a block, if it is to be moved, and sets the pointer to its new place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMove(ref byte* block)
    {
        _left--;
        if ((MovesAll || Arena.IsEvacuating(block)) && Move(ref block)) return true;
        Misses++;
        return false;
    }

    /// <inheritdoc cref="TryMove(ref byte*)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMove<T>(ref T* block) where T : unmanaged
    {
        var bytes = (byte*)block;
        if (!TryMove(ref bytes)) return false;
        block = (T*)bytes;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    bool Move(ref byte* block)
    {
        var moved = MovesAll ? arena.Displace(block) : arena.Evacuate(block);
        if (moved == null) return false;
        block = moved;
        _left -= (long)Arena.SizeOf(moved) / BytesPerLook;
        Hits++;
        return true;
    }
}

/// <summary>
/// How far a walk over the blocks of a structure has come. Each structure says what the numbers mean; all zero is the beginning.
/// </summary>
struct MovePosition
{
    /// <summary>The part of the structure that the walk is in.</summary>
    public int Stage;

    /// <summary>A cursor of a table's scan.</summary>
    public ulong Cursor;

    /// <summary>A rank in a tree.</summary>
    public long Rank;

    /// <summary>Ranks of a group and of a consumer.</summary>
    public long Group, Consumer;

    public void GoTo(int stage)
    {
        Stage = stage;
        Cursor = 0;
        Rank = 0;
    }
}
