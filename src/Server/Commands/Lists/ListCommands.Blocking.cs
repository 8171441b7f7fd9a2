using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>The commands that wait until a list has elements. Blocking/BlockedClients.cs explains how waiting works.</summary>
static partial class ListCommands
{
    static Command BlockingPop(string name, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.List, Since = "2.0.0", Complexity = "O(N) where N is the number of keys",
        Summary = summary,
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Blocking,
        Keys = [KeySpec.Range(1, -2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key").Multiple(), Arg.Double("timeout")],
        History = [("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        Propagates = Propagation.AsEffects,
        Run = run,
    };

    static readonly Command BLPopSpec = BlockingPop("BLPOP", "Takes the first element of the first list that has one, or waits for one.",
        static (ref CommandContext c) => BlockingPop(ref c, head: true));

    static readonly Command BRPopSpec = BlockingPop("BRPOP", "Takes the last element of the first list that has one, or waits for one.",
        static (ref CommandContext c) => BlockingPop(ref c, head: false));

    static readonly Command BLMPopSpec = new()
    {
        Name = "BLMPOP", Group = CommandGroup.List, Since = "7.0.0",
        Complexity = "O(N+M) where N is the number of keys and M the number of elements taken",
        Summary = "Takes elements off an end of the first list that has some, or waits for some.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Blocking,
        Keys = [KeySpec.KeyNum(2, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args =
        [
            Arg.Double("timeout"), Arg.Integer("numkeys"), Arg.Key("key").Multiple(), LeftOrRight("where"),
            Arg.Integer("count").After("COUNT").Optional(),
        ],
        Propagates = Propagation.AsEffects,
        Run = BLMPop,
    };

    static readonly Command BLMoveSpec = new()
    {
        Name = "BLMOVE", Group = CommandGroup.List, Since = "6.2.0", Complexity = "O(1)",
        Summary = "Moves an element from an end of a list to an end of another, or waits for one.",
        Arity = 6, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Blocking,
        Keys = SourceAndDestination,
        Args =
        [
            Arg.Key("source"), Arg.Key("destination", keySpec: 1), LeftOrRight("wherefrom"), LeftOrRight("whereto"), Arg.Double("timeout"),
        ],
        Propagates = Propagation.AsEffects,
        Run = BLMove,
    };

    static readonly Command BRPopLPushSpec = new()
    {
        Name = "BRPOPLPUSH", Group = CommandGroup.List, Since = "2.2.0", Complexity = "O(1)",
        Summary = "Moves the last element of a list to the head of another, or waits for one.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Blocking,
        Keys = SourceAndDestination,
        Args = [Arg.Key("source"), Arg.Key("destination", keySpec: 1), Arg.Double("timeout")],
        History = [("6.0.0", "`timeout` is interpreted as a double instead of an integer.")],
        DeprecatedSince = "6.2.0", ReplacedBy = "`BLMOVE` with the `RIGHT` and `LEFT` arguments",
        Propagates = Propagation.AsEffects,
        Run = static (ref CommandContext c) =>
        {
            if (c.TryTimeout(3, out var deadline)) BlockingMove(ref c, fromHead: false, toHead: true, deadline);
        },
    };

    static void BlockingPop(ref CommandContext c, bool head)
    {
        if (!c.TryTimeout(c.Count - 1, out var deadline)) return;
        for (var i = 1; i < c.Count - 1; i++)
        {
            var key = c.Arg(i);
            var at = c.LookupWrite(key);
            if (!at.Found) continue;
            if (!c.CheckType(at, ObjectType.List)) return;
            c.Reply.Array(2);
            c.Reply.Bulk(key);
            var list = Open(c, at);
            PopOne(ref c, ref list, key, head);
            if (c.IsPropagating)
            {
                var effect = c.Emit(2);
                effect.Add(head ? "LPOP"u8 : "RPOP"u8);
                effect.Add(key);
            }
            return;
        }
        c.Block(first: 1, last: c.Count - 2, ObjectType.List, deadline);
    }

    static void BLMPop(ref CommandContext c)
    {
        if (!TryMPopArguments(ref c, 2, out var keys, out var head, out var count) || !c.TryTimeout(1, out var deadline)) return;
        if (!TryMPop(ref c, 3, keys, head, count)) c.Block(first: 3, last: 2 + keys, ObjectType.List, deadline);
    }

    static void BLMove(ref CommandContext c)
    {
        if (!TryEnd(ref c, 3, out var fromHead) || !TryEnd(ref c, 4, out var toHead) || !c.TryTimeout(5, out var deadline)) return;
        BlockingMove(ref c, fromHead, toHead, deadline);
    }

    static void BlockingMove(ref CommandContext c, bool fromHead, bool toHead, long deadline)
    {
        var changes = c.Server.Effects.Dirty;
        if (!TryMove(ref c, fromHead, toHead))
        {
            // A client that may not wait gets null. One that waits in vain gets the null array.
            if (c.MayBlock) c.Block(first: 1, last: 1, ObjectType.List, deadline);
            else c.Reply.Null();
            return;
        }
        // Propagates the command that does the same without waiting: the request without its timeout.
        if (!c.IsPropagating || c.Server.Effects.Dirty == changes) return;
        var effect = c.Emit(c.Count - 1);
        effect.Add(c.Count == 6 ? "LMOVE"u8 : "RPOPLPUSH"u8);
        for (var i = 1; i < c.Count - 1; i++) effect.Add(c.Arg(i));
    }
}
