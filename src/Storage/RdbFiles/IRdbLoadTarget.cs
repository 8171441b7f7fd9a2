using MiniRedis.Storage.RdbValues;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>Who is told what a file holds besides keys, and decides what a server decides.</summary>
public interface IRdbLoadTarget
{
    /// <summary>Something about the file, as <c>redis-ver</c> with "7.0.15".</summary>
    void OnAuxiliary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>The text of a library of functions.</summary>
    void OnFunction(ReadOnlySpan<byte> library);

    /// <summary>A key was left out because its collection was empty.</summary>
    void OnEmptyKey(ReadOnlySpan<byte> key);

    /// <summary>The access field of a key that was used as the file says, or of which it says nothing.</summary>
    uint AccessFieldOf(RdbAccess access);
}

/// <summary>How a file is loaded.</summary>
public readonly record struct RdbLoadOptions
{
    /// <summary>Which form collections take.</summary>
    public CollectionLimits Limits { get; init; }

    /// <summary>Keys that have expired by then are left out, in unix milliseconds; negative to load them all.</summary>
    public long DropExpiredAt { get; init; }

    /// <summary>Whether a key that is there already is replaced; otherwise it is an error.</summary>
    public bool Replaces { get; init; }

    /// <summary>Whether a wrong checksum is an error.</summary>
    public bool VerifiesChecksum { get; init; }

    /// <summary>Whether versions are read that are not known (rdb-version-check relaxed).</summary>
    public bool AnyVersion { get; init; }
}
