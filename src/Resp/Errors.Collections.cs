namespace MiniRedis.Resp;

/// <summary>Lists, sets, hashes, sorted sets and SORT.</summary>
public static partial class Errors
{
    // Lists
    public static ReadOnlySpan<byte> RankZero =>
        "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to "u8
        + "start from the end of the list"u8;
    public static ReadOnlySpan<byte> CountNegative => "ERR COUNT can't be negative"u8;
    public static ReadOnlySpan<byte> MaxLenNegative => "ERR MAXLEN can't be negative"u8;
    public static ReadOnlySpan<byte> LimitNegative => "ERR LIMIT can't be negative"u8;

    // Hashes
    public static ReadOnlySpan<byte> HashNotInteger => "ERR hash value is not an integer"u8;
    public static ReadOnlySpan<byte> HashNotFloat => "ERR hash value is not a float"u8;
    public static ReadOnlySpan<byte> NotFinite => "ERR value is NaN or Infinity"u8;

    // Sorted sets
    public static ReadOnlySpan<byte> ScoreNotFinite => "ERR resulting score is not a number (NaN)"u8;
    public static ReadOnlySpan<byte> ZAddNxWithXx => "ERR XX and NX options at the same time are not compatible"u8;
    public static ReadOnlySpan<byte> ZAddGtLtNx => "ERR GT, LT, and/or NX options at the same time are not compatible"u8;
    public static ReadOnlySpan<byte> ZAddIncrPairs => "ERR INCR option supports a single increment-element pair"u8;
    public static ReadOnlySpan<byte> MinMaxNotFloat => "ERR min or max is not a float"u8;
    public static ReadOnlySpan<byte> MinMaxNotLex => "ERR min or max not valid string range item"u8;
    public static ReadOnlySpan<byte> WeightNotFloat => "ERR weight value is not a float"u8;
    public static ReadOnlySpan<byte> LimitNeedsBy =>
        "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"u8;
    public static ReadOnlySpan<byte> WithScoresByLex => "ERR syntax error, WITHSCORES not supported in combination with BYLEX"u8;

    // SORT
    public static ReadOnlySpan<byte> SortNotDouble => "ERR One or more scores can't be converted into double"u8;
    public static ReadOnlySpan<byte> SortByInCluster =>
        "ERR BY option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots."u8;
    public static ReadOnlySpan<byte> SortGetInCluster =>
        "ERR GET option of SORT denied in Cluster mode when keys formed by the pattern may be in different slots."u8;
    public static ReadOnlySpan<byte> SortByPermission => "ERR BY option of SORT denied due to insufficient ACL permissions."u8;
    public static ReadOnlySpan<byte> SortGetPermission => "ERR GET option of SORT denied due to insufficient ACL permissions."u8;
}
