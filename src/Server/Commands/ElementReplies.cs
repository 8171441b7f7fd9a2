using MiniRedis.Resp;
using MiniRedis.Storage;

namespace MiniRedis.Server.Commands;

/// <summary>Elements of collections as replies, straight from where they lie.</summary>
static class ElementReplies
{
    public static void Bulk(this ReplyWriter reply, in PackedElement element)
    {
        if (element.IsInteger) reply.BulkInteger(element.Integer);
        else reply.Bulk(element.Text);
    }
}
