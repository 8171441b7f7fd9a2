namespace MiniRedis.Resp;

/// <summary>Streams and their consumer groups.</summary>
public static partial class Errors
{
    // Ids
    public static ReadOnlySpan<byte> InvalidStreamId => "ERR Invalid stream ID specified as stream command argument"u8;
    public static ReadOnlySpan<byte> InvalidIntervalStart => "ERR invalid start ID for the interval"u8;
    public static ReadOnlySpan<byte> InvalidIntervalEnd => "ERR invalid end ID for the interval"u8;

    // XADD, XTRIM
    public static ReadOnlySpan<byte> XAddIdZero => "ERR The ID specified in XADD must be greater than 0-0"u8;
    public static ReadOnlySpan<byte> XAddIdTooSmall =>
        "ERR The ID specified in XADD is equal or smaller than the target stream top item"u8;
    public static ReadOnlySpan<byte> StreamExhausted => "ERR The stream has exhausted the last possible ID, unable to add more items"u8;
    public static ReadOnlySpan<byte> StreamElementsTooLarge => "ERR Elements are too large to be stored"u8;
    public static ReadOnlySpan<byte> TrimTwice =>
        "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"u8;
    public static ReadOnlySpan<byte> TrimMaxLenNegative => "ERR The MAXLEN argument must be >= 0."u8;
    public static ReadOnlySpan<byte> TrimLimitNegative => "ERR The LIMIT argument must be >= 0."u8;
    public static ReadOnlySpan<byte> TrimLimitAlone =>
        "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"u8;
    public static ReadOnlySpan<byte> TrimLimitExact => "ERR syntax error, LIMIT cannot be used without the special ~ option"u8;
    public static ReadOnlySpan<byte> TrimNothing => "ERR syntax error, XTRIM must be called with a trimming strategy"u8;

    // XDELEX, XACKDEL
    public static ReadOnlySpan<byte> NumIdsNotPositive => "ERR Number of IDs must be a positive integer"u8;
    public static ReadOnlySpan<byte> NumIdsMismatch => "ERR The `numids` parameter must match the number of arguments"u8;

    // XSETID
    public static ReadOnlySpan<byte> XSetIdEntriesAdded => "ERR entries_added must be positive"u8;
    public static ReadOnlySpan<byte> XSetIdBelowGivenDeleted =>
        "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"u8;
    public static ReadOnlySpan<byte> XSetIdBelowDeleted =>
        "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id"u8;
    public static ReadOnlySpan<byte> XSetIdBelowTop => "ERR The ID specified in XSETID is smaller than the target stream top item"u8;
    public static ReadOnlySpan<byte> XSetIdBelowLength =>
        "ERR The entries_added specified in XSETID is smaller than the target stream length"u8;

    // XREAD, XREADGROUP
    public static ReadOnlySpan<byte> GroupNeedsXReadGroup =>
        "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."u8;
    public static ReadOnlySpan<byte> NoAckNeedsXReadGroup =>
        "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."u8;
    public static ReadOnlySpan<byte> MissingGroup => "ERR Missing GROUP option for XREADGROUP"u8;
    public static ReadOnlySpan<byte> NewIdNeedsXReadGroup =>
        "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."u8;

    /// <param name="id">'$' or '+', which say something about a stream, not about what a group has read of it.</param>
    public static string MeaninglessInGroup(char id) =>
        $"ERR The {id} ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying "
        + "a proper ID, or use the > ID to get new messages. The " + id + " ID would just return an empty result set.";

    /// <param name="command">The command's full name in lower case.</param>
    /// <param name="symbol">What may stand for an id.</param>
    public static string UnbalancedStreams(string command, char symbol) =>
        $"ERR Unbalanced '{command}' list of streams: for each stream key an ID or '{symbol}' must be specified.";

    // Groups
    public static ReadOnlySpan<byte> GroupExists => "BUSYGROUP Consumer Group name already exists"u8;
    public static ReadOnlySpan<byte> EntriesReadNegative => "ERR value for ENTRIESREAD must be positive or -1"u8;
    public static ReadOnlySpan<byte> XGroupNeedsKey =>
        "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create "u8
        + "an empty stream automatically."u8;

    public static byte[] NoGroupForKey(ReadOnlySpan<byte> group, ReadOnlySpan<byte> key) =>
        [.. Quote("NOGROUP No such consumer group '"u8, group, "' for key name '"u8), .. Quote(""u8, key, "'"u8)];

    public static byte[] NoKeyOrGroup(ReadOnlySpan<byte> key, ReadOnlySpan<byte> group) =>
        [.. Quote("NOGROUP No such key '"u8, key, "' or consumer group '"u8), .. Quote(""u8, group, "'"u8)];

    public static byte[] NoKeyOrGroupInRead(ReadOnlySpan<byte> key, ReadOnlySpan<byte> group) =>
        [.. NoKeyOrGroup(key, group), .. " in XREADGROUP with GROUP option"u8];

    // XCLAIM, XAUTOCLAIM
    public static ReadOnlySpan<byte> CountNotAboveZero => "ERR COUNT must be > 0"u8;

    /// <param name="argument">"min-idle-time", or the option that the number belongs to.</param>
    /// <param name="command">In upper case.</param>
    public static string InvalidClaimArgument(string argument, string command) => $"ERR Invalid {argument} argument for {command}";

    public static byte[] UnrecognizedXClaim(ReadOnlySpan<byte> option) => Quote("ERR Unrecognized XCLAIM option '"u8, option, "'"u8);
}
