using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Reading fields that the client names.</summary>
static partial class HashCommands
{
    static readonly Command HGetSpec = new()
    {
        Name = "HGET", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1)",
        Summary = "Reads a field of a hash.",
        Arity = 3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("field")],
        Run = HGet,
    };

    static readonly Command HMGetSpec = new()
    {
        Name = "HMGET", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(N) where N is the number of fields asked for",
        Summary = "Reads several fields of a hash.",
        Arity = -3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("field").Multiple()],
        Run = HMGet,
    };

    static readonly Command HLenSpec = new()
    {
        Name = "HLEN", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1)",
        Summary = "Counts the fields of a hash.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = HLen,
    };

    static readonly Command HExistsSpec = new()
    {
        Name = "HEXISTS", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1)",
        Summary = "Tells whether a hash has a field.",
        Arity = 3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key"), Arg.String("field")],
        Run = HExists,
    };

    static readonly Command HStrLenSpec = new()
    {
        Name = "HSTRLEN", Group = CommandGroup.Hash, Since = "3.2.0", Complexity = "O(1)",
        Summary = "Tells the length of a field's value in bytes.",
        Arity = 3, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key"), Arg.String("field")],
        Run = HStrLen,
    };

    static void HGet(ref CommandContext c)
    {
        if (!TryRead(ref c, FieldList.Of(2, 1), out var hash)) return;
        if (hash.Find(c.Arg(2), c.ExpiredBy, out var spot)) c.Reply.Bulk(hash.Value(spot));
        else c.Reply.Null();
    }

    static void HMGet(ref CommandContext c)
    {
        if (!TryRead(ref c, FieldList.Of(2, c.Count - 2), out var hash)) return;
        c.Reply.Array(c.Count - 2);
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = 2; i < c.Count;)
        {
            var batch = Prefetch(ref c, hash, i, 1, hashes);
            for (var j = 0; j < batch; j++, i++)
            {
                var found = batch > 1 ? hash.Find(c.Arg(i), hashes[j], c.ExpiredBy, out var spot) : hash.Find(c.Arg(i), c.ExpiredBy, out spot);
                if (found) c.Reply.Bulk(hash.Value(spot));
                else c.Reply.Null();
            }
        }
    }

    static void HLen(ref CommandContext c)
    {
        if (TryRead(ref c, out var hash)) c.Reply.Integer(hash.Count);
    }

    static void HExists(ref CommandContext c)
    {
        if (TryRead(ref c, FieldList.Of(2, 1), out var hash)) c.Reply.Integer(hash.Find(c.Arg(2), c.ExpiredBy, out _) ? 1 : 0);
    }

    static void HStrLen(ref CommandContext c)
    {
        if (!TryRead(ref c, FieldList.Of(2, 1), out var hash)) return;
        c.Reply.Integer(hash.Find(c.Arg(2), c.ExpiredBy, out var spot) ? hash.Value(spot).Length : 0);
    }
}
