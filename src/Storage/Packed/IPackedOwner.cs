namespace MiniRedis.Storage.Packed;

/// <summary>
/// Who owns the block in which packed bytes lie, and can make it larger or smaller. Implemented by structs, so that calls are
/// inlined.
/// </summary>
public unsafe interface IPackedOwner
{
    /// <summary>Where the packed bytes begin, as of now.</summary>
    byte* Start { get; }

    /// <summary>
    /// Takes <paramref name="remove"/> bytes out at <paramref name="offset"/> and opens a gap of <paramref name="insert"/> bytes
    /// there, its contents undefined. Returns the start, which may be another one.
    /// </summary>
    byte* Splice(int offset, int remove, int insert);

    /// <summary>Makes room for so many more bytes, so that the next splices do not move the block each. A hint.</summary>
    void Reserve(int moreBytes);
}
