using MiniRedis.Storage.RdbValues;

namespace MiniRedis.Storage.RdbFiles;

/// <summary>Is told what a file holds besides keys, and makes the decisions that are a server's.</summary>
public interface IRdbLoadTarget
{
    /// <summary>A name and a value about the file, such as <c>redis-ver</c> with "7.0.15".</summary>
    void OnAuxiliary(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>The text of a library of functions. Returns why it cannot be taken; null if it was.</summary>
    string? OnFunction(ReadOnlySpan<byte> library);

    /// <summary>A key was left out because its collection was empty.</summary>
    void OnEmptyKey(ReadOnlySpan<byte> key);

    /// <summary>A key was left out because it had expired.</summary>
    void OnExpiredKey(int database, ReadOnlySpan<byte> key)
    {
    }

    /// <summary>Metadata of keys, tags among them, are damaged or of a newer version, and are left out.</summary>
    void OnUnknownMetadata()
    {
    }

    /// <summary>The access field of a key, for the use that the file tells of it, or if it tells none.</summary>
    uint AccessFieldOf(RdbAccess access);
}

/// <summary>How a file is loaded.</summary>
public readonly record struct RdbLoadOptions
{
    /// <summary>The limits that decide which form collections take.</summary>
    public CollectionLimits Limits { get; init; }

    /// <summary>Keys that have expired by this time are left out, in unix milliseconds; negative to load all keys.</summary>
    public long DropExpiredAt { get; init; }

    /// <summary>Whether a key that exists already is replaced. Otherwise it is an error.</summary>
    public bool Replaces { get; init; }

    /// <summary>Whether a wrong checksum is an error.</summary>
    public bool VerifiesChecksum { get; init; }

    /// <summary>Whether unknown versions are read (rdb-version-check relaxed).</summary>
    public bool AnyVersion { get; init; }
}
