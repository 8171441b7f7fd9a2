namespace MiniRedis.Resp;

/// <summary>Strings, bitmaps and HyperLogLogs.</summary>
public static partial class Errors
{
    // Strings
    public static ReadOnlySpan<byte> StringTooLong => "ERR string exceeds maximum allowed size (proto-max-bulk-len)"u8;
    public static ReadOnlySpan<byte> OffsetOutOfRange => "ERR offset is out of range"u8;
    public static ReadOnlySpan<byte> IncrementOverflow => "ERR increment or decrement would overflow"u8;
    public static ReadOnlySpan<byte> DecrementOverflow => "ERR decrement would overflow"u8;
    public static ReadOnlySpan<byte> IncrementNotFinite => "ERR increment would produce NaN or Infinity"u8;

    // INCREX
    public static ReadOnlySpan<byte> IncrementNotInteger => "ERR Increment is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> IncrementNotFloat => "ERR Increment is not a valid float"u8;
    public static ReadOnlySpan<byte> IncrementInfinite => "ERR BYFLOAT increment cannot be Infinity"u8;
    public static ReadOnlySpan<byte> LowerBoundNotInteger => "ERR LBOUND is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> UpperBoundNotInteger => "ERR UBOUND is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> LowerBoundNotFloat => "ERR LBOUND is not a valid float"u8;
    public static ReadOnlySpan<byte> UpperBoundNotFloat => "ERR UBOUND is not a valid float"u8;
    public static ReadOnlySpan<byte> BoundsCross => "ERR LBOUND can't be greater than UBOUND"u8;
    public static ReadOnlySpan<byte> EnxWithoutExpiry => "ERR ENX flag requires an expiration"u8;
    public static ReadOnlySpan<byte> ValueInfinite => "ERR value cannot be Infinity"u8;
    public static ReadOnlySpan<byte> AppliedOverflow => "ERR applied increment would overflow"u8;
    public static ReadOnlySpan<byte> AppliedInfinite => "ERR applied increment would be Infinity"u8;

    // CL.THROTTLE
    public static ReadOnlySpan<byte> RateTooHigh => "ERR rate is too high"u8;
    public static ReadOnlySpan<byte> ThrottleTooLarge => "ERR max_burst, period or quantity is too large"u8;

    public static ReadOnlySpan<byte> DelExNeedsString => "ERR Key should be of string type if conditions are specified"u8;
    public static ReadOnlySpan<byte> DelExCondition => "ERR Invalid condition. Use IFEQ, IFNE, IFDEQ, or IFDNE"u8;
    public static ReadOnlySpan<byte> LcsNeedsStrings => "ERR The specified keys must contain string values"u8;
    public static ReadOnlySpan<byte> LcsLenWithIdx => "ERR If you want both the length and indexes, please just use IDX."u8;
    public static ReadOnlySpan<byte> LcsTooMuchMemory =>
        "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"u8;

    // Bitmaps
    public static ReadOnlySpan<byte> BitOffset => "ERR bit offset is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> BitValue => "ERR bit is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> BitArgument => "ERR The bit argument must be 1 or 0."u8;
    public static ReadOnlySpan<byte> BitOpNot => "ERR BITOP NOT must be called with a single source key."u8;
    public static ReadOnlySpan<byte> BitFieldType =>
        "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."u8;
    public static ReadOnlySpan<byte> BitFieldOverflow => "ERR Invalid OVERFLOW type specified"u8;
    public static ReadOnlySpan<byte> BitFieldReadOnly => "ERR BITFIELD_RO only supports the GET subcommand"u8;

    /// <param name="operation">In upper case.</param>
    public static byte[] BitOpTwoSources(ReadOnlySpan<byte> operation) =>
        Quote("ERR BITOP "u8, operation, " must be called with at least two source keys."u8);

    // HyperLogLogs
    public static ReadOnlySpan<byte> NotHyperLogLog => "WRONGTYPE Key is not a valid HyperLogLog string value."u8;
    public static ReadOnlySpan<byte> CorruptHyperLogLog => "INVALIDOBJ Corrupted HLL object detected"u8;
    public static ReadOnlySpan<byte> HyperLogLogNoKey => "ERR The specified key does not exist"u8;
    public static ReadOnlySpan<byte> HyperLogLogNotSparse => "ERR HLL encoding is not sparse"u8;

    public static ReadOnlySpan<byte> TestFailedNotSparse => "ERR TESTFAILED sparse encoding not used"u8;
    public static ReadOnlySpan<byte> TestFailedDisagree => "ERR TESTFAILED dense/sparse disagree"u8;

    /// <summary>PFSELFTEST's estimate of a cardinality is off by more than chance allows.</summary>
    public static string TestFailedTooBigError(long cardinality, long error) =>
        $"ERR TESTFAILED Too big error. card:{cardinality} abserr:{error}";

    /// <summary>PFDEBUG with a subcommand it does not know.</summary>
    public static byte[] UnknownPfDebug(ReadOnlySpan<byte> subcommand) => Quote("ERR Unknown PFDEBUG subcommand '"u8, subcommand, "'"u8);
}
