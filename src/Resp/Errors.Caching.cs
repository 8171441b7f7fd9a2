namespace MiniRedis.Resp;

/// <summary>The commands made for caching.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> NumTagsNotPositive => "ERR numtags should be greater than 0"u8;
    public static ReadOnlySpan<byte> NumTagsAboveArguments => "ERR Number of tags can't be greater than number of args"u8;
    public static ReadOnlySpan<byte> TooManyTags => "ERR a key has at most 1024 tags"u8;
    public static ReadOnlySpan<byte> TagLength => "ERR a tag has 1 to 1024 bytes"u8;
    public static ReadOnlySpan<byte> PrefixLength => "ERR a prefix has 1 to 1024 bytes; use FLUSHDB for all keys"u8;
    public static ReadOnlySpan<byte> TooManyPrefixes => "ERR too many prefixes are being purged, try again"u8;
    public static ReadOnlySpan<byte> NegativeNotEmpty => "ERR the value of a negative entry has to be empty"u8;
    public static ReadOnlySpan<byte> NotToken => "ERR a token has 16 hexadecimal digits"u8;
    public static ReadOnlySpan<byte> EarlyNegative => "ERR EARLY must not be negative"u8;
    public static ReadOnlySpan<byte> TooManyRepetitions => "ERR too many purges wait to be made again"u8;
    public static ReadOnlySpan<byte> PurgeChannel => "ERR only servers send to this channel; use CACHE.PURGE"u8;
    public static ReadOnlySpan<byte> VersionAboveClock => "ERR version is above the cache clock"u8;
    public static ReadOnlySpan<byte> VersionNegative => "ERR version is out of range, must not be negative"u8;

    /// <summary>A policy is refused for the reason for which a line of a configuration file is.</summary>
    public static string PolicyRefused(string reason) => $"ERR {reason}";
}
