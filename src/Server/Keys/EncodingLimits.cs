using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Keys;

/// <summary>The sizes up to which collections stay packed, in the form that Storage takes.</summary>
static class EncodingLimits
{
    public static ListLimits ListLimits(this EncodingSettings settings) =>
        new(settings.ListMaxListpackSize, settings.ListCompressDepth, settings.PackedThreshold);

    public static SetLimits SetLimits(this EncodingSettings settings) =>
        new(settings.SetMaxIntsetEntries, settings.SetMaxListpackEntries, settings.SetMaxListpackValue);

    public static SortedSetLimits SortedSetLimits(this EncodingSettings settings) =>
        new(settings.ZSetMaxListpackEntries, settings.ZSetMaxListpackValue);

    public static HashLimits HashLimits(this EncodingSettings settings) => new(settings.HashMaxListpackEntries, settings.HashMaxListpackValue);

    /// <summary>All limits, for collections that are loaded or restored.</summary>
    public static CollectionLimits CollectionLimits(this EncodingSettings settings) =>
        new(settings.ListLimits(), settings.SetLimits(), settings.SortedSetLimits(), settings.HashLimits());
}
