using MiniRedis.Resp;

namespace MiniRedis.Server.Commands;

/// <summary>Replies of what collections hold, straight from where it lies.</summary>
static class ReplyElements
{
    /// <summary>An element of a listpack, or of what takes its place when it grows, as a bulk string.</summary>
    public static void Bulk(this ReplyWriter reply, in PackedElement element)
    {
        if (element.IsInteger) reply.BulkInteger(element.Integer);
        else reply.Bulk(element.Text);
    }
}
