namespace MiniRedis.Storage.Lists;

/// <summary>
/// How large the nodes of a list become, and which are compressed: the directives list-max-listpack-size and
/// list-compress-depth. A list keeps those under which it became a quicklist.
/// </summary>
/// <param name="Fill">
/// -1 to -5: nodes of 4, 8, 16, 32 or 64 KB; 0 and more: so many elements a node (at least one), as long as they fit
/// <see cref="SafeBytes"/>.
/// </param>
/// <param name="Depth">Nodes at each end that are not compressed; 0: none is compressed.</param>
/// <param name="PlainFrom">
/// Bytes from which on an element has a node of its own; 0: what does not fit a node (DEBUG QUICKLIST-PACKED-THRESHOLD).
/// </param>
public readonly record struct ListLimits(int Fill, int Depth, long PlainFrom = 0)
{
    /// <summary>The most bytes of a node whose elements are counted (Redis's SIZE_SAFETY_LIMIT).</summary>
    public const int SafeBytes = 8192;

    /// <summary>Bytes of a node by <see cref="Fill"/>, and of a list that is one listpack.</summary>
    public int Bytes => Fill >= 0 ? SafeBytes : 4096 << Math.Min(-(Fill + 1), 4);

    /// <summary>Elements of a node.</summary>
    public int Elements => Fill < 0 ? int.MaxValue : Math.Max(1, Fill);

    /// <summary>Whether a listpack of that size must become nodes, or more of them.</summary>
    public bool IsExceededBy(long bytes, long count) => bytes > Bytes || count > Elements;

    /// <summary>Whether an element of that length has a node of its own.</summary>
    public bool IsPlain(int length) => PlainFrom != 0 ? length >= PlainFrom : length > Bytes;

    /// <summary>Whether one node that is left of a list is small enough for it to be one listpack again.</summary>
    /// <param name="bytes">The node's bytes.</param>
    /// <param name="count">Its elements.</param>
    /// <param name="shrinking">Half of the limit: a list that changes around it must not be converted back and forth.</param>
    public bool FitsListpack(long bytes, long count, bool shrinking)
    {
        var divisor = shrinking ? 2 : 1;
        return Fill < 0 ? bytes <= Bytes / divisor : count <= Elements / divisor;
    }
}
