namespace MiniRedis.Resp;

/// <summary>The replies that consist of others.</summary>
public enum ReplyAggregate : byte
{
    Array,
    Map,
    Set,

    /// <summary>Attributes of the reply behind them. They are no reply.</summary>
    Attribute,
}

/// <summary>
/// Takes replies as values instead of bytes, in the order in which they would be sent: an aggregate is begun, and what it consists of
/// follows. It is told of the protocol beforehand; texts are good until the call returns.
/// </summary>
public abstract class ReplyValues
{
    /// <summary>Whether it takes no more. The reply is cut, as one that is too long for a client.</summary>
    public bool IsOver { get; protected set; }

    public abstract void Status(ReadOnlySpan<byte> text);

    /// <param name="text">Its code in front. Without line ends.</param>
    public abstract void Error(ReadOnlySpan<byte> text);

    public abstract void Integer(long value);

    public abstract void Bulk(ReadOnlySpan<byte> value);

    /// <summary>A bulk string of that many bytes. It follows in parts, then comes <see cref="EndBulk"/>.</summary>
    public abstract void BeginBulk(long length);

    public abstract void BulkPart(ReadOnlySpan<byte> bytes);

    public abstract void EndBulk();

    /// <summary>No value, or no array.</summary>
    public abstract void Null();

    public abstract void Bool(bool value);

    public abstract void Double(double value);

    public abstract void BigNumber(ReadOnlySpan<byte> digits);

    /// <param name="format">Three characters.</param>
    /// <param name="text">The text.</param>
    public abstract void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text);

    /// <summary>An aggregate: so many values follow, of a map and of attributes so many pairs.</summary>
    public abstract void Begin(ReplyAggregate kind, long count);

    /// <summary>An aggregate of which kind and count follow behind its values.</summary>
    public abstract void BeginDeferred();

    public abstract void EndDeferred(ReplyAggregate kind, long count);

    /// <summary>Forgets the values since <see cref="BeginDeferred"/>, and that it was.</summary>
    public abstract void Abandon();

    /// <summary>Forgets everything.</summary>
    public abstract void Reset();
}
