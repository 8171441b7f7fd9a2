namespace MiniRedis.Storage.Packed;

/// <summary>
/// Owns the block in which packed bytes lie, and can make it larger or smaller. Implemented by structs, so that calls are
/// inlined.
/// </summary>
public unsafe interface IPackedOwner
{
    /// <summary>Where the packed bytes begin now.</summary>
    byte* Start { get; }

    /// <summary>
    /// Removes <paramref name="remove"/> bytes at <paramref name="offset"/> and opens a gap of <paramref name="insert"/> bytes
    /// there, with undefined contents. Returns the start, which may have moved.
    /// </summary>
    byte* Splice(int offset, int remove, int insert);
}

/// <summary>An owner that can make room ahead.</summary>
public interface IReservingOwner : IPackedOwner
{
    /// <summary>Makes room for so many more bytes, so that not each of the next splices moves the block. A hint.</summary>
    void Reserve(int moreBytes);
}
