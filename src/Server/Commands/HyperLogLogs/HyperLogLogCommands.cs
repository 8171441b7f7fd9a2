using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.HyperLogLogs;

/// <summary>Counting different elements approximately: Redis's group "hyperloglog".</summary>
static partial class HyperLogLogCommands
{
    public static IEnumerable<Command> All =>
    [
        PfAddSpec, PfCountSpec, PfMergeSpec,
        // HyperLogLogCommands.Debug.cs
        PfDebugSpec, PfSelfTestSpec,
    ];

    static readonly Command PfAddSpec = new()
    {
        Name = "PFADD", Group = CommandGroup.HyperLogLog, Since = "2.8.9", Complexity = "O(1) for each element",
        Summary = "Adds elements to a HyperLogLog, creating it if need be.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Insert)],
        Args = [Arg.Key("key"), Arg.String("element").Multiple().Optional()],
        Propagates = Propagation.AsEffects,
        Run = PfAdd,
    };

    static readonly Command PfCountSpec = new()
    {
        Name = "PFCOUNT", Group = CommandGroup.HyperLogLog, Since = "2.8.9",
        Complexity = "O(1) for one key, mostly answered from its cache; O(N) with a large constant for N keys",
        Summary = "Estimates how many different elements one HyperLogLog, or several together, have seen.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.MayReplicate,
        Keys =
        [
            KeySpec.Range(1, -1, 1, KeyFlags.RW | KeyFlags.Access)
                .WithNotes("RW because it may change the internal representation of the key, and propagate to replicas"),
        ],
        Args = [Arg.Key("key").Multiple()],
        Propagates = Propagation.Verbatim,
        Run = PfCount,
    };

    static readonly Command PfMergeSpec = new()
    {
        Name = "PFMERGE", Group = CommandGroup.HyperLogLog, Since = "2.8.9", Complexity = "O(N) with a large constant for N keys",
        Summary = "Merges HyperLogLogs into one.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Insert), KeySpec.Range(2, -1, 1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("destkey"), Arg.Key("sourcekey", keySpec: 1).Multiple().Optional()],
        Propagates = Propagation.Verbatim,
        Run = PfMerge,
    };

    static void PfAdd(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (at.Found && !CheckIsOne(ref c, at)) return;
        var editor = new HyperLogLogEditor(c.Database, at, key, c.Encodings.HllSparseMaxBytes);
        if (!at.Found) c.Server.Keys.Created(c.Database, editor.Record, key);
        var changes = at.Found ? 0 : 1;
        var corrupt = false;
        var end = 2;
        for (; end < c.Count; end++)
        {
            var change = editor.Add(c.Arg(end));
            if (change == HyperLogLogChange.Changed) changes++;
            corrupt = change == HyperLogLogChange.Corrupt;
            if (corrupt) break;
        }
        if (changes > 0)
        {
            editor.MarkStale();
            EmitAdded(c, end);
            c.Changed(key, KeyspaceEvents.String, "pfadd");
            // As in Redis, each register that is raised counts as a change.
            c.Server.Effects.Dirty += changes - 1;
        }
        if (corrupt) c.Fail(Errors.CorruptHyperLogLog);
        else c.Reply.Integer(changes > 0 ? 1 : 0);
    }

    /// <summary>
    /// Propagates what was added. Where corrupt registers ended it, that is less than was asked for: the whole command would fail in a
    /// replica. (Redis propagates nothing then, though its registers have changed.)
    /// </summary>
    static void EmitAdded(in CommandContext c, int end)
    {
        if (!c.IsPropagating) return;
        var effects = c.Emit(end);
        effects.Add("PFADD"u8);
        for (var i = 1; i < end; i++) effects.Add(c.Arg(i));
    }

    static void PfCount(ref CommandContext c)
    {
        if (c.Count > 2)
        {
            CountUnion(ref c);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupRead(key);
        if (!at.Found)
        {
            c.Reply.Integer(0);
            return;
        }
        if (!CheckIsOne(ref c, at)) return;
        if (!HyperLogLog.TryGetCachedCount(at.Record.Text, out var count))
        {
            if (!HyperLogLog.TryCount(at.Record.Text, out count))
            {
                c.Fail(Errors.CorruptHyperLogLog);
                return;
            }
            new HyperLogLogEditor(c.Database, at, key, c.Encodings.HllSparseMaxBytes).CacheCount(count);
            // The command only reads, but it has changed the string's bytes. So it counts a change and sends no event.
            c.Changed(key, KeyspaceEvents.None, "pfcount");
        }
        c.Reply.Integer((long)count);
    }

    static void CountUnion(ref CommandContext c)
    {
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        if (TryMerge(ref c, registers, out _)) c.Reply.Integer((long)HyperLogLog.Count(registers));
    }

    static void PfMerge(ref CommandContext c)
    {
        var key = c.Arg(1);
        Span<byte> registers = stackalloc byte[HyperLogLog.Registers];
        if (!TryMerge(ref c, registers, out var anyDense)) return;
        var at = c.LookupWrite(key);
        var editor = new HyperLogLogEditor(c.Database, at, key, c.Encodings.HllSparseMaxBytes);
        editor.Store(registers, anyDense);
        editor.MarkStale();
        if (!at.Found) c.Server.Keys.Created(c.Database, editor.Record, key);
        c.Changed(key, KeyspaceEvents.String, "pfadd");
        c.Reply.Ok();
    }

    /// <summary>
    /// Sets registers, one byte each, to the maximum over all named keys. Answers an error if a value is no HyperLogLog.
    /// </summary>
    static bool TryMerge(scoped ref CommandContext c, scoped Span<byte> registers, out bool anyDense)
    {
        anyDense = false;
        registers.Clear();
        for (var i = 1; i < c.Count; i++)
        {
            var at = c.LookupRead(c.Arg(i));
            if (!at.Found) continue;
            if (!CheckIsOne(ref c, at)) return false;
            anyDense |= HyperLogLog.IsDense(at.Record.Text);
            if (HyperLogLog.TryMerge(at.Record.Text, registers)) continue;
            c.Fail(Errors.CorruptHyperLogLog);
            return false;
        }
        return true;
    }

    /// <summary>Whether a value is a HyperLogLog. Answers an error if not.</summary>
    static bool CheckIsOne(scoped ref CommandContext c, scoped in KeyLookup at)
    {
        if (!c.CheckType(at, ObjectType.String)) return false;
        if (!at.Record.IsInteger && HyperLogLog.IsOne(at.Record.Text)) return true;
        c.Fail(Errors.NotHyperLogLog);
        return false;
    }
}
