namespace MiniRedis.Resp;

/// <summary>What is answered to bytes that are not RESP, without the leading "-ERR "; the connection is closed after it.</summary>
public static partial class Errors
{
    public const string TooBigInlineRequest = "Protocol error: too big inline request";
    public const string UnbalancedQuotes = "Protocol error: unbalanced quotes in request";
    public const string TooBigMultibulkCount = "Protocol error: too big mbulk count string";
    public const string InvalidMultibulkLength = "Protocol error: invalid multibulk length";
    public const string UnauthenticatedMultibulkLength = "Protocol error: unauthenticated multibulk length";
    public const string TooBigBulkCount = "Protocol error: too big bulk count string";
    public const string InvalidBulkLength = "Protocol error: invalid bulk length";
    public const string UnauthenticatedBulkLength = "Protocol error: unauthenticated bulk length";

    /// <summary>A line end among the unexpected would break the error line itself, so it shows as a space.</summary>
    public static string ExpectedDollar(byte got) =>
        $"Protocol error: expected '$', got '{(got is (byte)'\r' or (byte)'\n' ? ' ' : (char)got)}'";
}
