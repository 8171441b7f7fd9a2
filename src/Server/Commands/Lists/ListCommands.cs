using System.Runtime.CompilerServices;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Lists;

/// <summary>Lists: the commands of Redis's group "list".</summary>
static partial class ListCommands
{
    public static IEnumerable<Command> All =>
    [
        // ListCommands.Push.cs
        LPushSpec, RPushSpec, LPushXSpec, RPushXSpec,
        // ListCommands.Pop.cs
        LPopSpec, RPopSpec, LMPopSpec,
        // ListCommands.Read.cs
        LLenSpec, LIndexSpec, LRangeSpec, LPosSpec,
        // ListCommands.Change.cs
        LSetSpec, LInsertSpec, LRemSpec, LTrimSpec,
        // ListCommands.Move.cs
        LMoveSpec, RPopLPushSpec,
        // ListCommands.Blocking.cs
        BLPopSpec, BRPopSpec, BLMPopSpec, BLMoveSpec, BRPopLPushSpec,
    ];

    static Arg LeftOrRight(string name) => Arg.OneOf(name, Arg.Token("LEFT"), Arg.Token("RIGHT"));

    static ListValue Open(scoped in CommandContext c, scoped in KeyLookup at) => new(c.Database, at, c.Encodings.ListLimits());

    /// <summary>A new and empty list, which the caller fills.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    static KeyLookup Create(scoped in CommandContext c, KeyLookup at, scoped ReadOnlySpan<byte> key)
    {
        at = ListValue.Create(c.Database, at, key);
        c.Server.Keys.Created(c.Database, at.Record, key);
        return at;
    }

    /// <summary>Reads LEFT, which is the head, or RIGHT; answers an error for anything else.</summary>
    static bool TryEnd(ref CommandContext c, int index, out bool head)
    {
        head = c.IsToken(index, "LEFT"u8);
        if (head || c.IsToken(index, "RIGHT"u8)) return true;
        c.Fail(Errors.Syntax);
        return false;
    }

    /// <summary>Answers elements from an index on, without a copy.</summary>
    static void ReplyRange(ref CommandContext c, scoped in ListValue list, long index, long count, bool backward)
    {
        c.Reply.Array((int)count);
        var writer = new ElementWriter(c.Reply);
        list.Visit(index, count, backward, ref writer);
    }

    readonly struct ElementWriter(ReplyWriter reply) : IElementVisitor
    {
        public bool Visit(PackedElement element)
        {
            reply.Bulk(element);
            return true;
        }
    }

    /// <summary>
    /// Resolves a range of indices, of which negative ones count from the end, to indices from 0 on. False if it is empty.
    /// </summary>
    static bool TryResolve(long length, ref long start, ref long stop)
    {
        if (start < 0) start = Math.Max(0, start + length);
        if (stop < 0) stop += length;
        stop = Math.Min(stop, length - 1);
        return start <= stop;
    }

    /// <summary>
    /// Ends a command that removed elements of a list: sends its event, and deletes the key if the list is empty.
    /// </summary>
    /// <param name="removed">Each counts as a change.</param>
    static void Removed(ref CommandContext c, scoped ref ListValue list, ReadOnlySpan<byte> key, string name, long removed = 1)
    {
        c.Changed(key, KeyspaceEvents.List, name);
        c.Server.Effects.Dirty += removed - 1;
        if (list.Count == 0) c.Delete(list.At, key, countsAsChange: false);
        else list.TryPack();
    }

    static string PopName(bool head) => head ? "lpop" : "rpop";
}
