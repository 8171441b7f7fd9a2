namespace MiniRedis.Resp;

/// <summary>Fields with deadlines (Redis 7.4), and the commands that came with 8.0.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> FieldsMissing => "ERR Mandatory argument FIELDS is missing or not at the right position"u8;
    public static ReadOnlySpan<byte> NumFieldsNotPositive => "ERR Parameter `numFields` should be greater than 0"u8;
    public static ReadOnlySpan<byte> NumFieldsNotInteger => "ERR Number of fields must be a positive integer"u8;
    public static ReadOnlySpan<byte> NumFieldsMismatch => "ERR The `numfields` parameter must match the number of arguments"u8;
    public static ReadOnlySpan<byte> FieldExpireNegative => "ERR invalid expire time, must be >= 0"u8;
    public static ReadOnlySpan<byte> InvalidNumberOfFields => "ERR invalid number of fields"u8;
    public static ReadOnlySpan<byte> OneTimeOrKeepTtl => "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"u8;
    public static ReadOnlySpan<byte> OneFieldCondition => "ERR Only one of FXX or FNX arguments can be specified"u8;

    public static byte[] UnknownArgument(ReadOnlySpan<byte> argument) => Quote("ERR unknown argument: "u8, argument, ""u8);
}
