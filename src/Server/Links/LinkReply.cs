using System.Text;

namespace MiniRedis.Server.Links;

enum LinkReplyKind : byte
{
    Status,
    Error,
    Integer,
    Bulk,
    Array,

    /// <summary>A bulk string or an array that is not there.</summary>
    Null,

    /// <summary>An empty line where a reply could begin: a master that prepares its answer sends one now and then.</summary>
    KeepAlive,
}

/// <summary>One reply of another server, whole. Links carry few replies, so they are objects.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Bytes">The text of a status, an error (without the sign) or an integer; the bytes of a bulk string; empty otherwise.</param>
/// <param name="Items">The replies of an array; empty otherwise.</param>
sealed record LinkReply(LinkReplyKind Kind, byte[] Bytes, LinkReply[] Items)
{
    /// <summary>The bytes, one char each.</summary>
    public string Text => Encoding.Latin1.GetString(Bytes);

    /// <summary>0 unless it is an integer that fits.</summary>
    public long Integer => Kind == LinkReplyKind.Integer && long.TryParse(Bytes, out var value) ? value : 0;

    public bool IsError => Kind == LinkReplyKind.Error;

    public override string ToString() => Kind == LinkReplyKind.Array ? $"[{string.Join(", ", Items.AsEnumerable())}]" : $"{Kind} {Text}";
}
