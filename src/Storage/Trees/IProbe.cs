namespace MiniRedis.Storage.Trees;

/// <summary>
/// What a search in an <see cref="OrderedTree{TItem}"/> looks for, and the order of the items. It is a struct, so that the
/// comparison is compiled into the search. A probe need not be an item: it may be a score, a score with a member's bytes, or an
/// id.
/// </summary>
interface IProbe<TItem> where TItem : unmanaged
{
    /// <summary>Below zero if the probe comes before the item, zero if it is the item, above zero if it comes after.</summary>
    int CompareTo(in TItem item);
}

/// <summary>Sees each item of a tree that is being freed, last to first, to free what the item points at.</summary>
interface ITreeVisitor<TItem> where TItem : unmanaged
{
    void Visit(ref TItem item);
}

/// <summary>For trees whose items own nothing.</summary>
struct NoVisitor<TItem> : ITreeVisitor<TItem> where TItem : unmanaged
{
    public readonly void Visit(ref TItem item)
    {
    }
}
