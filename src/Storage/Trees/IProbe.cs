namespace MiniRedis.Storage.Trees;

/// <summary>
/// What is looked for in an <see cref="OrderedTree{TItem}"/>, and the order of its items: a struct, so that the search is compiled
/// with the comparison inside. A probe need not be an item (a score, a score with a member's bytes, an id).
/// </summary>
interface IProbe<TItem> where TItem : unmanaged
{
    /// <summary>Below zero if what is looked for comes before the item, zero if it is the item, above zero if it comes after.</summary>
    int CompareTo(in TItem item);
}

/// <summary>Sees each item of a tree that is being freed, last to first: to free what the item points at.</summary>
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
