namespace MiniRedis.Storage.Lists;

/// <summary>
/// How large the nodes of a list become, and which are compressed: the directives list-max-listpack-size and list-compress-depth.
/// A list keeps the limits under which it became a quicklist.
/// </summary>
/// <param name="Fill">
/// -1 to -5: nodes of 4, 8, 16, 32 or 64 KB. 0 and more: so many elements a node (at least one), if they fit
/// <see cref="SafeBytes"/>.
/// </param>
/// <param name="Depth">Nodes at each end that are not compressed; 0 if none is compressed.</param>
/// <param name="PlainFrom">
/// An element of so many bytes or more has a node of its own; 0: one that does not fit a node (DEBUG QUICKLIST-PACKED-THRESHOLD).
/// </param>
public readonly record struct ListLimits(int Fill, int Depth, long PlainFrom = 0)
{
    /// <summary>The most bytes of a node whose elements are counted (SIZE_SAFETY_LIMIT in Redis).</summary>
    public const int SafeBytes = 8192;

    /// <summary>The bytes of a node, by <see cref="Fill"/>, and of a list that is one listpack.</summary>
    public int Bytes => Fill >= 0 ? SafeBytes : 4096 << Math.Min(-(Fill + 1), 4);

    /// <summary>The elements of a node.</summary>
    public int Elements => Fill < 0 ? int.MaxValue : Math.Max(1, Fill);

    /// <summary>Whether a listpack of this size must become nodes.</summary>
    public bool IsExceededBy(long bytes, long count) => bytes > Bytes || count > Elements;

    /// <summary>Whether an element of this length has a node of its own.</summary>
    public bool IsPlain(int length) => PlainFrom != 0 ? length >= PlainFrom : length > Bytes;

    /// <summary>Whether the only node left of a list is small enough for the list to be one listpack again.</summary>
    /// <param name="bytes">The node's bytes.</param>
    /// <param name="count">The node's elements.</param>
    /// <param name="shrinking">Asks for half of the limit, so that a list that changes around the limit is not converted back and
    /// forth.</param>
    public bool FitsListpack(long bytes, long count, bool shrinking)
    {
        var divisor = shrinking ? 2 : 1;
        return Fill < 0 ? bytes <= Bytes / divisor : count <= Elements / divisor;
    }
}
