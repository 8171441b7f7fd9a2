namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Sizes up to which small collections stay packed.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class EncodingsSettings
{
    public int ListMaxListpackSize, ListCompressDepth;
    public long HashMaxListpackEntries, HashMaxListpackValue;
    public long SetMaxIntsetEntries, SetMaxListpackEntries, SetMaxListpackValue;
    public long ZSetMaxListpackEntries, ZSetMaxListpackValue;
    public long StreamNodeMaxBytes, StreamNodeMaxEntries, HllSparseMaxBytes;
}
