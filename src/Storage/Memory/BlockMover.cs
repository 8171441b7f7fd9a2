using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Memory;

/// <summary>
/// Moves blocks out of slabs that are to be emptied. Each structure shows it the pointers it owns, one by one; where a block moved, the
/// pointer is changed, and whoever else points there is for the structure to tell.
/// </summary>
/// <remarks>
/// A structure's method that does so is called MoveSome if it does it in steps: it goes on from a <see cref="MovePosition"/>,
/// returns false when <see cref="IsSpent"/> says so, and true at its end. Between steps the structure may change in any way, even be another:
/// whatever a position says must then be harmless. That a block or two are passed over for it is.
/// </remarks>
sealed unsafe class BlockMover(Arena arena)
{
    /// <summary>Moving so many bytes counts as much as looking at a block.</summary>
    const int BytesPerLook = 256;

    long _left;

    public Arena Arena => arena;

    /// <summary>Every block is moved, and its old place made unreadable: for finding who keeps an address too long.</summary>
    public bool MovesAll { get; init; }

    /// <summary>Blocks moved.</summary>
    public long Hits { get; private set; }

    /// <summary>Blocks looked at and left.</summary>
    public long Misses { get; private set; }

    /// <summary>Whether a step has done what it may.</summary>
    public bool IsSpent => _left <= 0;

    /// <summary>Begins a step of about so many blocks.</summary>
    public void BeginStep(long blocks) => _left = blocks;

    /// <summary>Notes work that is none on blocks.</summary>
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

/// <summary>How far a walk over the blocks of a structure has come. What the numbers mean each structure says; all zero is the beginning.</summary>
struct MovePosition
{
    /// <summary>Which of its parts the walk is in.</summary>
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
