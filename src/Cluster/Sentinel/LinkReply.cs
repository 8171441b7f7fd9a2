namespace MiniRedis.Cluster.Sentinel;

public enum ReplyKind
{
    Status,
    Error,
    Integer,
    Bulk,
    Array,
    Null,
}

/// <summary>A reply, or a pushed message, that came over a connection to an instance.</summary>
/// <param name="Text">Of a status, an error (without its minus) or a bulk.</param>
/// <param name="Items">Of an array.</param>
public sealed record LinkReply(ReplyKind Kind, string Text = "", long Integer = 0, IReadOnlyList<LinkReply>? Items = null)
{
    public static readonly LinkReply Ok = Status("OK");

    public static LinkReply Status(string text) => new(ReplyKind.Status, text);

    public static LinkReply Error(string text) => new(ReplyKind.Error, text);

    public static LinkReply Number(long value) => new(ReplyKind.Integer, Integer: value);

    public static LinkReply Bulk(string text) => new(ReplyKind.Bulk, text);

    public static LinkReply Array(params IReadOnlyList<LinkReply> items) => new(ReplyKind.Array, Items: items);
}
