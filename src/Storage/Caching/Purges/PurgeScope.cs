namespace MiniRedis.Storage.Caching.Purges;

/// <summary>What a purge overtakes.</summary>
public enum PurgeScope : byte
{
    /// <summary>Keys that have a tag.</summary>
    Tag,

    /// <summary>All keys with metadata.</summary>
    All,

    /// <summary>Keys that begin with a name, those without metadata too.</summary>
    Prefix,
}
