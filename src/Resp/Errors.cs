namespace MiniRedis.Resp;

/// <summary>Every error text that a client can see, with its code and without the leading '-'. This file: what any command may answer.</summary>
public static partial class Errors
{
    // Types and syntax
    public static ReadOnlySpan<byte> WrongType => "WRONGTYPE Operation against a key holding the wrong kind of value"u8;
    public static ReadOnlySpan<byte> Syntax => "ERR syntax error"u8;
    public static ReadOnlySpan<byte> NoSuchKey => "ERR no such key"u8;
    public static ReadOnlySpan<byte> NotListpack => "ERR Not a listpack encoded object."u8;
    public static ReadOnlySpan<byte> SameObject => "ERR source and destination objects are the same"u8;
    public static ReadOnlySpan<byte> BusyKey => "BUSYKEY Target key name already exists."u8;

    // Numbers
    public static ReadOnlySpan<byte> NotInteger => "ERR value is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> NotFloat => "ERR value is not a valid float"u8;
    public static ReadOnlySpan<byte> OutOfRange => "ERR value is out of range"u8;
    public static ReadOnlySpan<byte> MustBePositive => "ERR value is out of range, must be positive"u8;
    public static ReadOnlySpan<byte> IndexOutOfRange => "ERR index out of range"u8;
    public static ReadOnlySpan<byte> TimeoutNotInteger => "ERR timeout is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> TimeoutNotFloat => "ERR timeout is not a float or out of range"u8;
    public static ReadOnlySpan<byte> TimeoutNegative => "ERR timeout is negative"u8;
    public static ReadOnlySpan<byte> TimeoutOutOfRange => "ERR timeout is out of range"u8;
    public static ReadOnlySpan<byte> NumKeysNotPositive => "ERR numkeys should be greater than 0"u8;
    public static ReadOnlySpan<byte> TooManyKeys => "ERR Number of keys can't be greater than number of args"u8;
    public static ReadOnlySpan<byte> NegativeKeys => "ERR Number of keys can't be negative"u8;
    public static ReadOnlySpan<byte> CountNotPositive => "ERR count should be greater than 0"u8;
    public static ReadOnlySpan<byte> CountBelowMinusOne => "ERR count should be greater than or equal to -1"u8;

    // Databases and cursors
    public static ReadOnlySpan<byte> DbIndexOutOfRange => "ERR DB index is out of range"u8;
    public static ReadOnlySpan<byte> InvalidFirstDbIndex => "ERR invalid first DB index"u8;
    public static ReadOnlySpan<byte> InvalidSecondDbIndex => "ERR invalid second DB index"u8;
    public static ReadOnlySpan<byte> InvalidCursor => "ERR invalid cursor"u8;
    public static ReadOnlySpan<byte> NoValuesOnlyInHscan => "ERR NOVALUES option can only be used in HSCAN"u8;
    public static ReadOnlySpan<byte> NoScoresOnlyInZscan => "ERR NOSCORES option can only be used in ZSCAN"u8;
    public static ReadOnlySpan<byte> SelectInCluster => "ERR SELECT is not allowed in cluster mode"u8;
    public static ReadOnlySpan<byte> MoveInCluster => "ERR MOVE is not allowed in cluster mode"u8;
    public static ReadOnlySpan<byte> SwapDbInCluster => "ERR SWAPDB is not allowed in cluster mode"u8;
    public static ReadOnlySpan<byte> ClusterDisabled => "ERR This instance has cluster support disabled"u8;

    // Expiry and payloads
    public static ReadOnlySpan<byte> ExpireNxWithOthers =>
        "ERR NX and XX, GT or LT options at the same time are not compatible"u8;
    public static ReadOnlySpan<byte> ExpireGtWithLt => "ERR GT and LT options at the same time are not compatible"u8;
    public static ReadOnlySpan<byte> InvalidTtl => "ERR Invalid TTL value, must be >= 0"u8;
    public static ReadOnlySpan<byte> InvalidIdleTime => "ERR Invalid IDLETIME value, must be >= 0"u8;
    public static ReadOnlySpan<byte> InvalidFreq => "ERR Invalid FREQ value, must be >= 0 and <= 255"u8;
    public static ReadOnlySpan<byte> BadPayload => "ERR DUMP payload version or checksum are wrong"u8;
    public static ReadOnlySpan<byte> BadDataFormat => "ERR Bad data format"u8;

    // OBJECT and MEMORY
    public static ReadOnlySpan<byte> LfuNotSelected =>
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when "u8
        + "switching between policies at runtime LRU and LFU data will take some time to adjust."u8;
    public static ReadOnlySpan<byte> LfuSelected =>
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between "u8
        + "policies at runtime LRU and LFU data will take some time to adjust."u8;

    /// <summary>A number outside the bounds that its command names (the missing "be" is Redis's).</summary>
    public static string NotBetween(long min, long max) => $"ERR value is out of range, value must between {min} and {max}";

    /// <param name="command">The command's full name in lower case, as "object|encoding".</param>
    public static string WrongArity(string command) => $"ERR wrong number of arguments for '{command}' command";

    /// <inheritdoc cref="WrongArity"/>
    public static string InvalidExpireTime(string command) => $"ERR invalid expire time in '{command}' command";

    /// <inheritdoc cref="WrongArity"/>
    public static string NoInputKey(string command) => $"ERR at least 1 input key is needed for '{command}' command";

    public static byte[] UnsupportedOption(ReadOnlySpan<byte> option) => Quote("ERR Unsupported option "u8, option, ""u8);

    public static byte[] UnknownTypeName(ReadOnlySpan<byte> name) => Quote("ERR unknown type name '"u8, name, "'"u8);

    /// <summary>
    /// An unknown command. The text shows at most 128 bytes of its name, and as many arguments as fit 128 bytes with their
    /// quotes. Source: commandCheckExistence.
    /// </summary>
    public static byte[] UnknownCommand(in Request request)
    {
        var text = new List<byte>(320);
        text.AddRange("ERR unknown command '"u8);
        text.AddRange(CText(request[0], 128));
        text.AddRange("', with args beginning with: "u8);
        int start = text.Count;
        for (int i = 1; i < request.Count && text.Count - start < 128; i++)
        {
            ReadOnlySpan<byte> argument = CText(request[i], 128 - (text.Count - start));
            text.Add((byte)'\'');
            text.AddRange(argument);
            text.AddRange("' "u8);
        }

        return [.. text];
    }

    /// <param name="subcommand">As the client wrote it; 128 bytes of it show.</param>
    /// <param name="container">The container's name in upper case.</param>
    public static byte[] UnknownSubcommand(ReadOnlySpan<byte> subcommand, string container) =>
        Quote("ERR unknown subcommand '"u8, CText(subcommand, 128), Utf8($"'. Try {container} HELP."));

    /// <inheritdoc cref="UnknownSubcommand"/>
    public static byte[] UnknownSubcommandOrArity(ReadOnlySpan<byte> subcommand, string container) =>
        Quote("ERR unknown subcommand or wrong number of arguments for '"u8, CText(subcommand, 128), Utf8($"'. Try {container} HELP."));

    /// <summary>What C's "%.{max}s" prints of a client's bytes: up to the first NUL.</summary>
    private static ReadOnlySpan<byte> CText(ReadOnlySpan<byte> bytes, int max)
    {
        int end = bytes.IndexOf((byte)0);
        if (end >= 0) bytes = bytes[..end];
        return bytes[..Math.Min(bytes.Length, Math.Max(max, 0))];
    }

    private static byte[] Quote(ReadOnlySpan<byte> before, ReadOnlySpan<byte> argument, ReadOnlySpan<byte> after) =>
        [.. before, .. CText(argument, int.MaxValue), .. after];

    private static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
}
