namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Sizes up to which small collections stay packed.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class EncodingSettings
{
    public int ListMaxListpackSize, ListCompressDepth;
    public long HashMaxListpackEntries, HashMaxListpackValue;
    public long SetMaxIntsetEntries, SetMaxListpackEntries, SetMaxListpackValue;
    public long ZSetMaxListpackEntries, ZSetMaxListpackValue;
    public long StreamNodeMaxBytes, StreamNodeMaxEntries, HllSparseMaxBytes;

    /// <summary>
    /// DEBUG QUICKLIST-PACKED-THRESHOLD: a list element of at least this many bytes has a node of its own; 0 for the default. Not
    /// a directive.
    /// </summary>
    public long PackedThreshold { get; set; }
}
