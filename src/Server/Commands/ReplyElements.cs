using MiniRedis.Resp;

namespace MiniRedis.Server.Commands;

/// <summary>Pieces of replies that several families have.</summary>
static class ReplyElements
{
    /// <summary>An element of a listpack, or of what takes its place when it grows, as a bulk string.</summary>
    public static void Bulk(this ReplyWriter reply, in PackedElement element)
    {
        if (element.IsInteger) reply.BulkInteger(element.Integer);
        else reply.Bulk(element.Text);
    }

    /// <summary>A name and a number: one pair of a map.</summary>
    public static void Pair(this ReplyWriter reply, string name, long value)
    {
        reply.Bulk(name);
        reply.Integer(value);
    }
}
