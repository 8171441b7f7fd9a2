using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Acl;

/// <summary>ACL LOG.</summary>
static partial class AclCommands
{
    static Command LogSpec => new()
    {
        Name = "LOG", Group = CommandGroup.Server, Since = "6.0.0", Complexity = "O(N) where N is the number of entries shown",
        Summary = "Lists the latest refusals, or forgets them.",
        History = [("7.2.0", "Shows the entry's id, and when it was made and last changed.")],
        Arity = -2, Flags = OfAdmin,
        Args = [Arg.OneOf("operation", Arg.Integer("count"), Arg.Token("RESET")).Optional()],
        Run = Log,
    };

    static void Log(ref CommandContext c)
    {
        const long DefaultCount = 10;
        if (c.Count > 3)
        {
            c.Fail(Errors.UnknownSubcommandOrArity(c.Arg(1), "ACL"));
            return;
        }
        var log = c.Server.AclLog;
        var count = DefaultCount;
        if (c.Count == 3)
        {
            if (c.IsToken(2, "RESET"u8))
            {
                log.Clear();
                c.Reply.Ok();
                return;
            }
            if (!c.TryInteger(2, out count)) return;
        }
        var shown = (int)Math.Clamp(count, 0, log.Count);
        c.Reply.Array(shown);
        foreach (var entry in log.Entries.Take(shown)) Write(c.Reply, entry, c.Now);
    }

    static void Write(ReplyWriter reply, AclLog.Entry entry, long now)
    {
        const double MillisecondsPerSecond = 1000;
        reply.Map(10);
        reply.Bulk("count"u8);
        reply.Integer(entry.Times);
        reply.Bulk("reason"u8);
        reply.Bulk(entry.Reason switch
        {
            DenialReason.Command => "command"u8,
            DenialReason.Key => "key"u8,
            DenialReason.Channel => "channel"u8,
            DenialReason.Auth => "auth"u8,
            DenialReason.Certificate => "tls-cert"u8,
            _ => "database"u8,
        });
        reply.Bulk("context"u8);
        reply.Bulk(entry.Context switch
        {
            AclContext.Multi => "multi"u8,
            AclContext.Lua => "lua"u8,
            _ => "toplevel"u8,
        });
        reply.Bulk("object"u8);
        reply.Bulk(entry.Object);
        reply.Bulk("username"u8);
        reply.Bulk(entry.User);
        reply.Bulk("age-seconds"u8);
        reply.Double((now - entry.UpdatedAt) / MillisecondsPerSecond);
        reply.Bulk("client-info"u8);
        reply.Bulk(entry.Client);
        reply.Bulk("entry-id"u8);
        reply.Integer(entry.Id);
        reply.Bulk("timestamp-created"u8);
        reply.Integer(entry.CreatedAt);
        reply.Bulk("timestamp-last-updated"u8);
        reply.Integer(entry.UpdatedAt);
    }
}
