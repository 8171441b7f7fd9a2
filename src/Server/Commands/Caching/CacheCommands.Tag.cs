using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.TAG.</summary>
static partial class CacheCommands
{
    static readonly Command TagSpec = new()
    {
        Name = "CACHE.TAG", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(N) where N is the number of tags",
        Summary = "Gives a key of any type more tags.",
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.String("tag").Multiple()],
        Propagates = Propagation.AsEffects,
        Run = Tag,
    };

    static void Tag(ref CommandContext c)
    {
        const int first = 2;
        var count = c.Count - first;
        if (!CheckTags(c, first, count)) return;
        if (count > TagTable.MaxTagsPerKey)
        {
            c.Fail(Errors.TooManyTags);
            return;
        }
        var key = c.Arg(1);
        var at = c.Peek(key);
        if (!at.Found)
        {
            c.Reply.Null();
            return;
        }
        using var room = new Scratch<byte>(c.Database, TagBytes(c, first, count), stackalloc byte[SmallTagBytes]);
        var added = c.Database.AddTags(at, PackTags(c, first, count, room.Span), TouchClock(c));
        if (added < 0)
        {
            c.Fail(Errors.TooManyTags);
            return;
        }
        c.Reply.Integer(added);
        if (added == 0) return;
        // Tags are no part of the value: nobody who watches or caches the key has to hear of them.
        c.Server.Effects.Dirty++;
        c.Server.Keys.SettleAndTell(c.Database, key);
    }
}
