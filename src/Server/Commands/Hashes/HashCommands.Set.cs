using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Setting and removing fields.</summary>
static partial class HashCommands
{
    static readonly Command HSetSpec = new()
    {
        Name = "HSET", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1) for each field",
        Summary = "Sets fields of a hash; makes the hash if there is none.",
        History = [("4.0.0", "Accepts multiple `field` and `value` arguments.")],
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Block("data", Arg.String("field"), Arg.String("value")).Multiple()],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Set(ref c, answersCount: true),
    };

    static readonly Command HMSetSpec = new()
    {
        Name = "HMSET", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1) for each field",
        Summary = "Sets fields of a hash: the older form of HSET.",
        DeprecatedSince = "4.0.0", ReplacedBy = "`HSET` with multiple field-value pairs",
        Arity = -4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Block("data", Arg.String("field"), Arg.String("value")).Multiple()],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Set(ref c, answersCount: false),
    };

    static readonly Command HSetNxSpec = new()
    {
        Name = "HSETNX", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1)",
        Summary = "Sets a field of a hash unless it is there.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("field"), Arg.String("value")],
        Propagates = Propagation.Verbatim,
        Run = HSetNx,
    };

    static readonly Command HDelSpec = new()
    {
        Name = "HDEL", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(N) where N is the number of fields to be removed",
        Summary = "Removes fields from a hash, and the key with the last of them.",
        History = [("2.4.0", "Accepts multiple `field` arguments.")],
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.String("field").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = HDel,
    };

    static void Set(scoped ref CommandContext c, bool answersCount)
    {
        if (c.Count % 2 == 1)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        if (!TryWrite(ref c, out var at)) return;
        var hash = Open(ref c, at, at.Found ? 0 : PackedSize(ref c, 2));
        var created = SetAll(ref c, ref hash, 2, keepDeadlines: false);
        if (answersCount) c.Reply.Integer(created);
        else c.Reply.Ok();
        c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hset");
        c.Server.Effects.Dirty += (c.Count - 2) / 2 - 1;
    }

    /// <summary>Bytes that a listpack needs for the fields and values from an argument on.</summary>
    static int PackedSize(scoped ref CommandContext c, int first)
    {
        long size = Listpack.EmptySize;
        for (var i = first; i < c.Count; i++) size += Listpack.SizeOf(c.Arg(i));
        return (int)Math.Min(size, int.MaxValue);
    }

    /// <summary>Sets all pairs from an argument on. Returns how many fields are new.</summary>
    static int SetAll(scoped ref CommandContext c, scoped ref HashEditor hash, int first, bool keepDeadlines)
    {
        hash.Expect((c.Count - first) / 2);
        for (var i = first; i < c.Count; i++) hash.ExpectLength(c.Arg(i).Length);
        if (first == c.Count - 2) return hash.Set(c.Arg(first), c.Arg(first + 1), keepDeadlines) ? 1 : 0;

        var created = 0;
        Span<ulong> hashes = stackalloc ulong[CommandContext.PrefetchedKeys];
        for (var i = first; i < c.Count;)
        {
            var batch = Prefetch(ref c, hash.Reader, i, 2, hashes);
            for (var j = 0; j < batch; j++, i += 2)
            {
                var isNew = batch > 1
                    ? hash.Set(c.Arg(i), c.Arg(i + 1), hashes[j], keepDeadlines)
                    : hash.Set(c.Arg(i), c.Arg(i + 1), keepDeadlines);
                if (isNew) created++;
            }
        }
        return created;
    }

    static void HSetNx(ref CommandContext c)
    {
        if (!TryWrite(ref c, FieldList.Of(2, 1), out var at)) return;
        if (at.Found && new HashReader(at.Record).Find(c.Arg(2), c.ExpiredBy, out _))
        {
            c.Reply.Integer(0);
            return;
        }
        var hash = Open(ref c, at, at.Found ? 0 : PackedSize(ref c, 2));
        SetAll(ref c, ref hash, 2, keepDeadlines: false);
        c.Reply.Integer(1);
        c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hset");
    }

    static void HDel(ref CommandContext c)
    {
        if (!TryWrite(ref c, out var at)) return;
        if (!at.Found)
        {
            c.Reply.Integer(0);
            return;
        }
        var hash = Open(ref c, at);
        var removed = 0;
        var left = hash.Count;
        for (var i = 2; i < c.Count && left > 0; i++)
        {
            // As in Redis, an expired field that is not deleted yet counts.
            if (!hash.Reader.Find(c.Arg(i), HashReader.Everything, out var spot)) continue;
            hash.Remove(spot);
            removed++;
            left--;
        }
        if (removed > 0)
        {
            c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hdel");
            c.Server.Effects.Dirty += removed - 1;
            DeleteIfEmpty(ref c, hash);
        }
        c.Reply.Integer(removed);
    }
}
