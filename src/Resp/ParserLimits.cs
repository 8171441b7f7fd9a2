namespace MiniRedis.Resp;

/// <summary>The result of one call of <see cref="RequestParser"/>.</summary>
public enum ParseStatus : byte
{
    /// <summary>The request is not complete yet.</summary>
    NeedMore,

    /// <summary>A request was parsed.</summary>
    Request,

    /// <summary>A blank inline line, <c>*0</c> or <c>*-1</c>. It is consumed, and there is nothing to run or to answer.</summary>
    Empty,

    /// <summary>The bytes are not RESP. Answer the error and close the connection: nothing after it can be trusted.</summary>
    ProtocolError,
}

/// <summary>How much a client may send; Redis's own limits by default.</summary>
public struct ParserLimits
{
    /// <summary>Bytes; PROTO_INLINE_MAX_SIZE in Redis. Bounds an inline request and each header line.</summary>
    public const int DefaultMaxInlineSize = 64 * 1024;

    /// <summary>Bytes; the default of <c>proto-max-bulk-len</c>.</summary>
    public const long DefaultMaxBulkLength = 512L * 1024 * 1024;

    /// <summary>Arguments a client may send before it has authenticated (since Redis 6.2.6, CVE-2021-32675).</summary>
    public const int MaxUnauthenticatedArgs = 10;

    /// <summary>Bytes an argument may have before the client has authenticated (same source).</summary>
    public const int MaxUnauthenticatedBulk = 16384;

    /// <summary>
    /// Bytes; the largest bulk this implementation can hold, as one request must fit one span. A higher
    /// <c>proto-max-bulk-len</c> is cut to this.
    /// </summary>
    public const long LargestBulk = int.MaxValue - (1 << 20);

    public ParserLimits()
    {
    }

    /// <summary>Longest inline request and longest header line, in bytes.</summary>
    public int MaxInlineSize = DefaultMaxInlineSize;

    /// <summary>Longest argument in bytes (<c>proto-max-bulk-len</c>).</summary>
    public long MaxBulkLength = DefaultMaxBulkLength;

    /// <summary>False while the client must authenticate and has not: then the tight limits hold.</summary>
    public bool Authenticated = true;
}
