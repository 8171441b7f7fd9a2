using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Deleting keys, and asking whether they exist and what type they have.</summary>
static partial class KeyCommands
{
    static readonly Command DelSpec = new()
    {
        Name = "DEL", Group = CommandGroup.Generic, Since = "1.0.0",
        Complexity = "O(N) where N is the number of keys, and the number of elements of a deleted collection",
        Summary = "Deletes keys.",
        Arity = -2, Flags = CommandFlags.Write,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RM | KeyFlags.Delete)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
        Propagates = Propagation.AsEffects,
        Run = Delete,
    };

    static readonly Command UnlinkSpec = new()
    {
        Name = "UNLINK", Group = CommandGroup.Generic, Since = "4.0.0",
        Complexity = "O(1) for each key; what a collection held is freed later in small steps",
        Summary = "Deletes keys, freeing large values later.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RM | KeyFlags.Delete)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
        Propagates = Propagation.AsEffects,
        Run = Delete,
    };

    static readonly Command ExistsSpec = new()
    {
        Name = "EXISTS", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(N) where N is the number of keys",
        Summary = "Counts which of the keys exist; a key named twice counts twice.",
        History = [("3.0.3", "Accepts multiple `key` arguments.")],
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RO)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
        Run = Exists,
    };

    static readonly Command TouchSpec = new()
    {
        Name = "TOUCH", Group = CommandGroup.Generic, Since = "3.2.1", Complexity = "O(N) where N is the number of keys",
        Summary = "Counts which of the keys exist and renews when they were last used.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RO)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["request_policy:multi_shard", "response_policy:agg_sum"],
        Run = Touch,
    };

    static readonly Command TypeSpec = new()
    {
        Name = "TYPE", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = "O(1)",
        Summary = "Tells the type of a key's value.",
        Arity = 2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Run = Type,
    };

    static void Delete(ref CommandContext c)
    {
        var deleted = 0;
        for (var i = 1; i < c.Count; i++)
        {
            var key = c.Arg(i);
            var at = c.Peek(key);
            if (!at.Found) continue;
            c.Delete(at, key);
            deleted++;
        }
        // The request is propagated as it came: it does no harm that it names missing keys.
        if (deleted > 0 && c.IsPropagating) c.Server.Effects.AddVerbatim(c.Database.Number, c.Request);
        c.Reply.Integer(deleted);
    }

    /// <summary>Deletes a found key, tells so, and propagates a DEL or UNLINK in place of the command.</summary>
    internal static void Delete(ref CommandContext c, in KeyLookup at, scoped ReadOnlySpan<byte> key, bool lazily)
    {
        c.Delete(at, key);
        EmitDelete(ref c, key, lazily);
    }

    /// <summary>Deletes a found key because the deadline that it was to get has passed.</summary>
    internal static void DeletePast(ref CommandContext c, in KeyLookup at, scoped ReadOnlySpan<byte> key) =>
        Delete(ref c, at, key, c.Server.Config.Memory.LazyFreeLazyExpire);

    /// <summary>Ends a command that stores a result, if the result is empty: deletes the destination and answers 0.</summary>
    internal static void StoreNothing(in CommandContext c, int destination)
    {
        var key = c.Arg(destination);
        var at = c.Peek(key);
        if (at.Found) c.Delete(at, key);
        c.Reply.Integer(0);
    }

    static void Exists(ref CommandContext c)
    {
        var count = 0;
        for (var i = 1; i < c.Count; i++)
        {
            if (c.PeekCounted(c.Arg(i)).Found) count++;
        }
        c.Reply.Integer(count);
    }

    static void Touch(ref CommandContext c)
    {
        var count = 0;
        for (var i = 1; i < c.Count; i++)
        {
            // TOUCH renews the access field in spite of CLIENT NO-TOUCH.
            var at = c.PeekCounted(c.Arg(i));
            if (!at.Found) continue;
            c.Server.Keys.Touch(at.Record);
            count++;
        }
        c.Reply.Integer(count);
    }

    static void Type(ref CommandContext c)
    {
        var at = c.PeekCounted(c.Arg(1));
        c.Reply.SimpleString(at.Found ? TypeNames.Of(at.Record.Type) : "none"u8);
    }
}
