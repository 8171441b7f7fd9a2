using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Reading fields that the client does not name: all of them, some in steps, some at random.</summary>
static partial class HashCommands
{
    static Command Whole(string name, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(N) where N is the number of fields",
        Summary = summary,
        Arity = 2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key")],
        Tips = ["nondeterministic_output_order"],
        Run = run,
    };

    static readonly Command HGetAllSpec = Whole("HGETALL", "Reads all fields of a hash with their values.", HGetAll);

    static readonly Command HKeysSpec = Whole("HKEYS", "Lists all fields of a hash.",
        static (ref CommandContext c) => List(ref c, values: false));

    static readonly Command HValsSpec = Whole("HVALS", "Lists the values of all fields of a hash.",
        static (ref CommandContext c) => List(ref c, values: true));

    static readonly Command HScanSpec = new()
    {
        Name = "HSCAN", Group = CommandGroup.Hash, Since = "2.8.0",
        Complexity = "O(1) for every call, O(N) for a full iteration where N is the number of fields",
        Summary = "Iterates over the fields of a hash in small steps.",
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"), Arg.Integer("cursor"), Arg.Pattern("pattern").After("MATCH").Optional(),
            Arg.Integer("count").After("COUNT").Optional(), Arg.Token("NOVALUES").Optional(),
        ],
        Tips = ["nondeterministic_output"],
        Run = HScan,
    };

    static readonly Command HRandFieldSpec = new()
    {
        Name = "HRANDFIELD", Group = CommandGroup.Hash, Since = "6.2.0", Complexity = "O(N) where N is the number of fields answered",
        Summary = "Answers random fields of a hash.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.Block("options", Arg.Integer("count"), Arg.Token("WITHVALUES").Optional()).Optional()],
        Tips = ["nondeterministic_output"],
        Run = HRandField,
    };

    static void HGetAll(ref CommandContext c)
    {
        if (!TryRead(ref c, out var hash)) return;
        c.Reply.Map((int)hash.CountAt(c.ExpiredBy));
        for (var fields = hash.Fields(c.ExpiredBy); fields.Next();)
        {
            c.Reply.Bulk(fields.Field);
            c.Reply.Bulk(fields.Value);
        }
    }

    static void List(scoped ref CommandContext c, bool values)
    {
        if (!TryRead(ref c, out var hash)) return;
        c.Reply.Array((int)hash.CountAt(c.ExpiredBy));
        for (var fields = hash.Fields(c.ExpiredBy); fields.Next();) c.Reply.Bulk(values ? fields.Value : fields.Field);
    }

    /// <summary>Counts the fields of a scan that match; in the second pass, answers them.</summary>
    ref struct ScannedFields(ElementScan scan, ReplyWriter? reply) : IFieldVisitor
    {
        readonly ElementScan _scan = scan;

        public int Matching { get; private set; }

        public void Visit(in PackedElement field, in PackedElement value)
        {
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            var name = field.ToBytes(scratch);
            if (!_scan.Matches(name)) return;
            Matching++;
            if (reply is null) return;
            reply.Bulk(name);
            if (!_scan.NamesOnly) reply.Bulk(value);
        }
    }

    static void HScan(ref CommandContext c)
    {
        if (!ElementScan.TryCursor(ref c, out var cursor) || !TryRead(ref c, out var hash)) return;
        if (hash.Count == 0)
        {
            ElementScan.ReplyEmpty(ref c);
            return;
        }
        if (!ElementScan.TryOptions(ref c, cursor, ObjectType.Hash, out var scan)) return;

        // The scan runs twice, since the reply has the cursor and the count before the fields. Nothing changes in between.
        var counted = new ScannedFields(scan, reply: null);
        long steps = 0, passed = 0;
        do cursor = hash.Scan(cursor, c.ExpiredBy, ref counted, ref passed);
        while (!scan.IsDone(cursor, passed, ref steps));

        ElementScan.ReplyCursor(ref c, scan.Cursor);
        c.Reply.Array(scan.NamesOnly ? counted.Matching : 2 * counted.Matching);
        var answered = new ScannedFields(scan, c.Reply);
        cursor = scan.Start;
        for (var answeredOf = 0L; answeredOf < passed;) cursor = hash.Scan(cursor, c.ExpiredBy, ref answered, ref answeredOf);
    }

    static void HRandField(ref CommandContext c)
    {
        if (c.Count == 2)
        {
            if (!TryReadLive(ref c, out var one)) return;
            if (one.CountAt(c.ExpiredBy) == 0) c.Reply.Null();
            else c.Reply.Bulk(one.Field(Draw(ref c, one)));
            return;
        }
        if (!c.TryInteger(2, out var count)) return;
        if (count == long.MinValue)
        {
            c.Fail(Errors.NotBetween(-long.MaxValue, long.MaxValue));
            return;
        }
        var withValues = c.Count == 4 && c.IsToken(3, "WITHVALUES"u8);
        if (c.Count > 4 || c.Count == 4 && !withValues)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (withValues && count is < -long.MaxValue / 2 or > long.MaxValue / 2)
        {
            c.Fail(Errors.OutOfRange);
            return;
        }
        if (!TryReadLive(ref c, out var hash)) return;
        var size = hash.CountAt(c.ExpiredBy);
        if (size == 0 || count == 0) c.Reply.EmptyArray();
        else if (count < 0) ReplyRepeated(ref c, hash, -count, withValues);
        else if (hash.IsHashed && count <= size / 3) ReplyDistinct(ref c, hash, (int)count, withValues);
        else ReplySample(ref c, hash, Math.Min(count, size), size, withValues);
    }

    /// <summary>As <see cref="TryRead(ref CommandContext, out HashReader)"/>; the fields that have expired are deleted first.</summary>
    static bool TryReadLive(scoped ref CommandContext c, out HashReader hash)
    {
        if (!TryRead(ref c, out hash)) return false;
        if (!hash.MayHaveExpired(c.ExpiredBy)) return true;
        c.Server.Keys.ExpireFields(c.Database, c.Database.Lookup(c.Arg(1)));
        // Read anew even if no field was deleted: the value may have been copied for a snapshot.
        hash = new(c.Database.Lookup(c.Arg(1)).Record);
        return true;
    }

    static HashSpot Draw(scoped ref CommandContext c, scoped in HashReader hash)
    {
        HashSpot spot;
        while (!hash.TryDraw(c.Server.Random, c.ExpiredBy, out spot))
        {
        }
        return spot;
    }

    /// <summary>Begins a reply of so many fields. With values, RESP3 has an array of pairs.</summary>
    static void ReplyCount(scoped ref CommandContext c, long count, bool withValues) =>
        c.Reply.Array((int)(withValues && c.Reply.Protocol == 2 ? 2 * count : count));

    static void ReplyField(scoped ref CommandContext c, scoped in PackedElement field, scoped in PackedElement value, bool withValues)
    {
        if (withValues && c.Reply.Protocol > 2) c.Reply.Array(2);
        c.Reply.Bulk(field);
        if (withValues) c.Reply.Bulk(value);
    }

    static void ReplyRepeated(scoped ref CommandContext c, scoped in HashReader hash, long count, bool withValues)
    {
        if (count > int.MaxValue / 2)
        {
            // No client could take so long a reply.
            c.Fail(Errors.OutOfRange);
            return;
        }
        ReplyCount(ref c, count, withValues);
        for (; count > 0 && !c.Reply.IsCut; count--)
        {
            var spot = Draw(ref c, hash);
            ReplyField(ref c, hash.Field(spot), hash.Value(spot), withValues);
        }
    }

    /// <summary>
    /// Answers distinct random fields in one walk over all fields. Every choice is equally likely (see SRANDMEMBER).
    /// </summary>
    static void ReplySample(scoped ref CommandContext c, scoped in HashReader hash, long wanted, long toCome, bool withValues)
    {
        ReplyCount(ref c, wanted, withValues);
        for (var fields = hash.Fields(c.ExpiredBy); wanted > 0 && fields.Next(); toCome--)
        {
            if (wanted < toCome && c.Server.Random.NextInt64(toCome) >= wanted) continue;
            ReplyField(ref c, fields.Field, fields.Value, withValues);
            wanted--;
        }
    }

    /// <summary>
    /// Answers few distinct fields of a large table. Drawing them, and drawing again after a repetition, is cheaper than a walk.
    /// </summary>
    static void ReplyDistinct(scoped ref CommandContext c, scoped in HashReader hash, int count, bool withValues)
    {
        const int Few = 64;
        ReplyCount(ref c, count, withValues);
        if (count > Few)
        {
            ReplyManyDistinct(ref c, hash, count, withValues);
            return;
        }
        Span<long> drawn = stackalloc long[Few];
        for (var i = 0; i < count;)
        {
            var spot = Draw(ref c, hash);
            if (drawn[..i].Contains(spot.Identity)) continue;
            drawn[i] = spot.Identity;
            ReplyField(ref c, hash.Field(spot), hash.Value(spot), withValues);
            i++;
        }
    }

    static void ReplyManyDistinct(scoped ref CommandContext c, scoped in HashReader hash, int count, bool withValues)
    {
        using var drawn = new ScratchSet(c.Database, count);
        while (count > 0 && !c.Reply.IsCut)
        {
            var spot = Draw(ref c, hash);
            if (!drawn.Add(spot.Identity)) continue;
            ReplyField(ref c, hash.Field(spot), hash.Value(spot), withValues);
            count--;
        }
    }
}
