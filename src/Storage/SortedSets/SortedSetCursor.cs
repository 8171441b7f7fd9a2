using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>Walks the members of a sorted set, up or down. Valid until the set changes.</summary>
public unsafe struct SortedSetCursor
{
    readonly bool _down;
    readonly byte* _lp;
    int _offset;
    TreeCursor<ScoredMember> _tree;

    internal SortedSetCursor(byte* lp, int offset, bool down)
    {
        _lp = lp;
        _offset = offset;
        _down = down;
    }

    internal SortedSetCursor(TreeCursor<ScoredMember> tree, bool down)
    {
        _tree = tree;
        _down = down;
    }

    /// <summary>Whether the cursor is at a member.</summary>
    public readonly bool IsValid => _lp != null ? _offset >= 0 : _tree.IsValid;

    /// <summary>The member, in place.</summary>
    public readonly PackedElement Member => _lp != null ? Listpack.Get(_lp, _offset) : new(_tree.Item.Text);

    public readonly double Score => _lp != null ? PackedSortedSet.ScoreOf(_lp, _offset) : _tree.Item.Score;

    public void Move()
    {
        if (_lp != null) _offset = _down ? PackedSortedSet.Previous(_lp, _offset) : PackedSortedSet.Next(_lp, _offset);
        else if (_down) _tree.MovePrevious();
        else _tree.MoveNext();
    }
}
