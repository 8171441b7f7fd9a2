using System.Runtime.CompilerServices;

namespace MiniRedis.Storage.Trees;

/// <summary>
/// A place in an <see cref="OrderedTree{TItem}"/>: at an item, before the first, or behind the last. It knows its rank. Any
/// insertion or removal makes it invalid; nothing detects its use.
/// </summary>
unsafe struct TreeCursor<TItem> where TItem : unmanaged
{
    TreeNode* _leaf;
    int _index;
    long _rank;

    internal TreeCursor(TreeNode* leaf, int index, long rank)
    {
        _leaf = leaf;
        _index = index;
        _rank = rank;
    }

    /// <summary>Whether the cursor is at an item.</summary>
    public readonly bool IsValid
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _leaf != null && (uint)_index < _leaf->Count;
    }

    /// <summary>
    /// The number of items before this place: 0 at the first item, the tree's count behind the last, -1 before the first.
    /// </summary>
    public readonly long Rank => _rank;

    /// <summary>The item. The caller may change it if the order stays the same.</summary>
    public readonly ref TItem Item
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref ((TItem*)TreeNode.Elements(_leaf))[_index];
    }

    /// <summary>Moves to the next item; false, and behind the last, if there is none.</summary>
    public bool MoveNext()
    {
        if (_leaf == null || _index >= _leaf->Count) return false;
        _rank++;
        if (++_index < _leaf->Count) return true;
        if (_leaf->Next == null) return false;
        _leaf = _leaf->Next;
        _index = 0;
        return true;
    }

    /// <summary>Moves to the item before; false, and before the first, if there is none.</summary>
    public bool MovePrevious()
    {
        if (_leaf == null || _index < 0) return false;
        _rank--;
        if (--_index >= 0) return true;
        if (_leaf->Previous == null) return false;
        _leaf = _leaf->Previous;
        _index = _leaf->Count - 1;
        return true;
    }
}
