namespace MiniRedis.Resp;

/// <summary>The answers to bytes that are not RESP, without the leading "-ERR ". The connection is closed after them.</summary>
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

    /// <summary>An unexpected line end is shown as a space, since it would end the error line.</summary>
    public static string ExpectedDollar(byte got) =>
        $"Protocol error: expected '$', got '{(got is (byte)'\r' or (byte)'\n' ? ' ' : (char)got)}'";
}
