using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Expiry;

/// <summary>
/// A min-tree over the expiry bounds of an index's buckets. It leads from the earliest bound of all to the bucket that has it.
/// <code>
///   level 1           [ min ... ]                 a line of 16 bounds: each the minimum of a line of level 0
///   level 0     [ min ... ][ min ... ] ...        each bound: the minimum of 16 buckets
///   buckets     ooooooooooooooooooooo ...         each keeps a bound of its own in its last 4 bytes
/// </code>
/// It takes 4.3 bytes for 16 buckets, a quarter of a byte a bucket, whatever the number of deadlines. Redis draws keys at random
/// until few of them are due: that leaves up to a tenth of all expired keys in memory and costs a second dictionary.
/// <para>
/// Bounds are lower bounds. Setting a deadline lowers the bounds above it and stops at the first that is low enough. A deadline
/// that is removed or postponed changes nothing, so a bound may have passed for no reason. The search finds that out and raises
/// the bound (<see cref="Raise"/>). Each stale bound was paid for by a write that did not touch the tree.
/// </para>
/// </summary>
/// <remarks>
/// Invariants: each slot of level 0 is at most the bounds of its 16 buckets; each slot above is the minimum of its line, exactly;
/// slots beyond the last bucket hold <see cref="ExpiryClock.None"/>.
/// </remarks>
unsafe struct ExpiryTree
{
    const int FanOut = 16;

    // 2^32 buckets: 2^28 groups, then 2^24, 2^20, ... down to one line.
    const int MaxDepth = 7;

    // In the struct, so that the tree of a hash's fields can lie in a block of the arena.
    [InlineArray(MaxDepth)]
    struct Levels
    {
        LineArray _first;
    }

    Levels _levels;
    int _depth;

    /// <summary>Whether any deadline was ever noted. Until then the tree takes no memory.</summary>
    public readonly bool Active => _depth > 0;

    public readonly long Bytes
    {
        get
        {
            long bytes = 0;
            for (var level = 0; level < _depth; level++) bytes += _levels[level].Bytes;
            return bytes;
        }
    }

    /// <summary>The earliest bound of all; no deadline is earlier.</summary>
    public readonly uint Earliest => Active ? Minimum(_depth - 1, 0, out _) : ExpiryClock.None;

    /// <summary>Makes room for buckets up to <paramref name="buckets"/>; new ones have no deadline.</summary>
    public void Cover(Arena arena, uint buckets)
    {
        var slots = buckets;
        for (var level = 0; ; level++)
        {
            slots = Groups(slots);
            if (level == _depth) AddLevel(arena);
            while (_levels[level].Count < Groups(slots)) new Span<byte>(_levels[level].Add(arena), LineArray.LineSize).Fill(0xFF);
            if (slots <= FanOut && level == _depth - 1) return;
        }
    }

    /// <summary>Drops the bounds beyond <paramref name="buckets"/>, after the last bucket has gone.</summary>
    public void Trim(Arena arena, uint buckets)
    {
        var groups = Groups(buckets);
        if (groups / FanOut < _levels[0].Count) Raise(groups, ExpiryClock.None);
        var slots = buckets;
        for (var level = 0; level < _depth; level++)
        {
            slots = Groups(slots);
            while (_levels[level].Count > Math.Max(1, Groups(slots))) _levels[level].RemoveLast(arena);
        }
    }

    public void Clear(Arena arena)
    {
        for (var level = 0; level < _depth; level++) _levels[level].Clear(arena);
        _depth = 0;
    }

    public void MoveBlocks(BlockMover mover)
    {
        for (var level = 0; level < _depth; level++) _levels[level].MoveBlocks(mover);
    }

    /// <summary>A bucket's bound has become <paramref name="tick"/> or less.</summary>
    public readonly void Lower(uint bucket, uint tick)
    {
        for (var level = 0; level < _depth; level++)
        {
            bucket /= FanOut;
            var slot = Slot(level, bucket);
            if (*slot <= tick) return;
            *slot = tick;
        }
    }

    /// <summary>The bound of a group of 16 buckets proved to be <paramref name="tick"/>.</summary>
    public readonly void Raise(uint group, uint tick)
    {
        for (var level = 0; ; level++)
        {
            var slot = Slot(level, group);
            if (*slot == tick) return;
            *slot = tick;
            if (level == _depth - 1) return;
            group /= FanOut;
            tick = Minimum(level, group, out _);
        }
    }

    /// <summary>The group of 16 buckets with the earliest bound, if that has passed at <paramref name="now"/>.</summary>
    public readonly bool TryFindGroup(uint now, out uint group)
    {
        group = 0;
        for (var level = _depth - 1; level >= 0; level--)
        {
            var minimum = Minimum(level, group, out var slot);
            Debug.Assert(level == _depth - 1 || minimum == *Slot(level + 1, group));
            if (minimum > now) return false;
            group = group * FanOut + (uint)slot;
        }
        return true;
    }

    /// <summary>The first group, from one on, that has a bound.</summary>
    public readonly bool TryFindBound(uint from, out uint group)
    {
        group = from;
        // Up, past the rest of each line, until there is one; then down to it.
        for (var level = 0; level < _depth; level++, group = group / FanOut + 1)
        {
            if (group / FanOut >= _levels[level].Count || !TryFindInLine(level, ref group)) continue;
            while (level-- > 0)
            {
                group *= FanOut;
                TryFindInLine(level, ref group);
            }
            return true;
        }
        return false;
    }

    /// <summary>The first slot with a bound from <paramref name="slot"/> to the end of its line.</summary>
    readonly bool TryFindInLine(int level, ref uint slot)
    {
        for (var i = slot; i / FanOut == slot / FanOut; i++)
        {
            if (*Slot(level, i) == ExpiryClock.None) continue;
            slot = i;
            return true;
        }
        return false;
    }

    /// <summary>The bound kept for a group.</summary>
    internal readonly uint BoundAt(int level, uint index) => *Slot(level, index);

    /// <summary>Checks that each bound above level 0 is its line's minimum: for tests.</summary>
    internal readonly void Verify()
    {
        for (var level = 1; level < _depth; level++)
        {
            for (var line = 0u; line < _levels[level - 1].Count; line++)
            {
                Invariant.Require(*Slot(level, line) == Minimum(level - 1, line, out _), "a bound is not its line's minimum");
            }
        }
    }

    void AddLevel(Arena arena)
    {
        new Span<byte>(_levels[_depth].Add(arena), LineArray.LineSize).Fill(0xFF);
        _depth++;
        if (_depth == 1) return;
        for (var line = 0u; line < Math.Min(_levels[_depth - 2].Count, FanOut); line++)
        {
            *Slot(_depth - 1, line) = Minimum(_depth - 2, line, out _);
        }
    }

    readonly uint Minimum(int level, uint line, out int at)
    {
        var slots = (uint*)_levels[level][line];
        at = 0;
        for (var i = 1; i < FanOut; i++)
        {
            if (slots[i] < slots[at]) at = i;
        }
        return slots[at];
    }

    readonly uint* Slot(int level, uint index) => (uint*)_levels[level][index / FanOut] + index % FanOut;

    static uint Groups(uint n) => (uint)(((ulong)n + FanOut - 1) / FanOut);
}
