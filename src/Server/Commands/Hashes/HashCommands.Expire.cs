using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Deadlines of fields, as Redis 7.4 has them.</summary>
static partial class HashCommands
{
    /// <summary>
    /// The latest deadlines of fields in unix milliseconds: in a file, which has 48 bits for them, and in a command. Redis keeps
    /// two bits free for later.
    /// </summary>
    const long LatestLoaded = (1L << 48) - 1, LatestGiven = LatestLoaded >> 2;

    /// <summary>Outcomes kept on the stack.</summary>
    const int OutcomesOnStack = 64;

    static Command ExpirySpec(string name, string unit, string summary, bool isTime, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Hash, Since = "7.4.0", Complexity = "O(N) where N is the number of fields",
        Summary = summary,
        Arity = -6, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"), isTime ? Arg.UnixTime(unit) : Arg.Integer(unit),
            Arg.OneOf("condition", Arg.Token("NX"), Arg.Token("XX"), Arg.Token("GT"), Arg.Token("LT")).Optional(),
            Arg.Block("fields", Arg.Integer("numfields"), Arg.String("field").Multiple()).After("FIELDS"),
        ],
        Propagates = Propagation.AsEffects,
        Run = run,
    };

    static readonly Command HExpireSpec = ExpirySpec("HEXPIRE", "seconds", "Makes fields of a hash expire in so many seconds.",
        isTime: false, static (ref CommandContext c) => Expire(ref c, c.Now, inSeconds: true));

    static readonly Command HPExpireSpec = ExpirySpec("HPEXPIRE", "milliseconds", "Makes fields of a hash expire in so many milliseconds.",
        isTime: false, static (ref CommandContext c) => Expire(ref c, c.Now, inSeconds: false));

    static readonly Command HExpireAtSpec = ExpirySpec("HEXPIREAT", "unix-time-seconds", "Makes fields of a hash expire at a unix time.",
        isTime: true, static (ref CommandContext c) => Expire(ref c, 0, inSeconds: true));

    static readonly Command HPExpireAtSpec = ExpirySpec("HPEXPIREAT", "unix-time-milliseconds",
        "Makes fields of a hash expire at a unix time in milliseconds.",
        isTime: true, static (ref CommandContext c) => Expire(ref c, 0, inSeconds: false));

    static readonly Command HPersistSpec = new()
    {
        Name = "HPERSIST", Group = CommandGroup.Hash, Since = "7.4.0", Complexity = "O(N) where N is the number of fields",
        Summary = "Takes the deadlines of fields away.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.Block("fields", Arg.Integer("numfields"), Arg.String("field").Multiple()).After("FIELDS")],
        Propagates = Propagation.AsEffects,
        Run = HPersist,
    };

    enum FieldCondition : byte
    {
        None,
        Nx,
        Xx,
        Gt,
        Lt,
    }

    static FieldCondition ConditionOf(scoped ref CommandContext c) =>
        c.IsToken(3, "NX"u8) ? FieldCondition.Nx
        : c.IsToken(3, "XX"u8) ? FieldCondition.Xx
        : c.IsToken(3, "GT"u8) ? FieldCondition.Gt
        : c.IsToken(3, "LT"u8) ? FieldCondition.Lt
        : FieldCondition.None;

    /// <summary>Whether a field with the deadline <paramref name="current"/> (-1: none, which counts as infinitely late) may get another.</summary>
    static bool Allows(FieldCondition condition, long current, long next) => condition switch
    {
        FieldCondition.Nx => current < 0,
        FieldCondition.Xx => current >= 0,
        FieldCondition.Gt => current >= 0 && next > current,
        FieldCondition.Lt => current < 0 || next < current,
        _ => true,
    };

    /// <summary>Begins a reply of an outcome a field. Without a hash no field is there: then this is the whole reply.</summary>
    static bool TryBeginOutcomes(scoped ref CommandContext c, in KeyLookup at, FieldList fields)
    {
        c.Reply.Array(fields.Count);
        for (var i = 0; i < fields.Count && !at.Found; i++) c.Reply.Integer((int)FieldOutcome.NoSuchField);
        return at.Found;
    }

    static void Expire(scoped ref CommandContext c, long baseTime, bool inSeconds)
    {
        if (!TryWrite(ref c, out var at)) return;
        if (!TryDeadline(ref c, c.Arg(2), baseTime, inSeconds, out var deadline)) return;
        var condition = ConditionOf(ref c);
        if (!FieldList.TryParse(ref c, condition == FieldCondition.None ? 3 : 4, out var fields, setsDeadlines: true)) return;
        if (!TryBeginOutcomes(ref c, at, fields)) return;
        var outcomes = new FieldOutcomes(c.Database, stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        var hash = Open(ref c, at);
        for (var i = 0; i < fields.Count; i++)
        {
            outcomes[i] = ExpireField(ref c, ref hash, c.Arg(fields.ArgOf(i)), condition, deadline);
            c.Reply.Integer((int)outcomes[i]);
        }
        TellDeadlines(ref c, hash, fields, outcomes, deadline, condition == FieldCondition.None ? default : c.Arg(3));
        outcomes.Dispose();
    }

    /// <summary>Reads a field's time and makes it a deadline, or answers an error.</summary>
    static bool TryDeadline(scoped ref CommandContext c, scoped ReadOnlySpan<byte> number, long baseTime, bool inSeconds, out long deadline)
    {
        if (!Numbers.TryParseInt64(number, out deadline))
        {
            c.Fail(Errors.NotInteger);
            return false;
        }
        if (deadline < 0)
        {
            c.Fail(Errors.FieldExpireNegative);
            return false;
        }
        var latest = c.Server.Dataset.IsLoading ? LatestLoaded : LatestGiven;
        // More seconds than this would overflow as milliseconds.
        if (inSeconds) deadline = Math.Min(deadline, latest) * 1000;
        if (deadline > latest - baseTime)
        {
            c.Fail(Errors.InvalidExpireTime(c.Command.FullName));
            return false;
        }
        deadline += baseTime;
        return true;
    }

    /// <summary>Gives a field a deadline, or deletes the field if the deadline has passed.</summary>
    static FieldOutcome ExpireField(
        scoped ref CommandContext c, scoped ref HashEditor hash, scoped ReadOnlySpan<byte> field, FieldCondition condition, long deadline)
    {
        if (!hash.Reader.Find(field, c.ExpiredBy, out var spot)) return FieldOutcome.NoSuchField;
        if (!Allows(condition, hash.Reader.ExpireAt(spot), deadline)) return FieldOutcome.NotMet;
        if (c.IsPast(deadline))
        {
            hash.Remove(spot);
            return FieldOutcome.Deleted;
        }
        hash.SetDeadline(field, deadline);
        return FieldOutcome.Done;
    }

    /// <summary>Events and effects of fields that got a deadline, or were deleted because it has passed.</summary>
    static void TellDeadlines(
        scoped ref CommandContext c, scoped in HashEditor hash, FieldList fields, scoped FieldOutcomes outcomes, long deadline,
        scoped ReadOnlySpan<byte> condition = default)
    {
        var key = c.Arg(1);
        var set = outcomes.Count(FieldOutcome.Done);
        var deleted = outcomes.Count(FieldOutcome.Deleted);
        if (set > 0)
        {
            c.Changed(key, KeyspaceEvents.Hash, "hexpire");
            c.Server.Effects.Dirty += set - 1;
            if (c.IsPropagating)
            {
                var effect = c.Emit((condition.IsEmpty ? 5 : 6) + set);
                effect.Add("HPEXPIREAT"u8);
                effect.Add(key);
                effect.Add(deadline);
                if (!condition.IsEmpty) effect.Add(condition);
                effect.Add("FIELDS"u8);
                effect.Add(set);
                AddFields(ref c, fields, outcomes, FieldOutcome.Done);
            }
        }
        if (deleted == 0) return;
        c.Changed(key, KeyspaceEvents.Hash, "hdel");
        c.Server.Effects.Dirty += deleted - 1;
        EmitDeletions(ref c, fields, outcomes);
        DeleteIfEmpty(ref c, hash);
    }

    /// <summary>Propagates one HDEL for each field, as Redis does if a deadline has passed.</summary>
    static void EmitDeletions(scoped ref CommandContext c, FieldList fields, scoped FieldOutcomes outcomes)
    {
        if (!c.IsPropagating) return;
        for (var i = 0; i < fields.Count; i++)
        {
            if (outcomes[i] != FieldOutcome.Deleted) continue;
            var effect = c.Emit(3);
            effect.Add("HDEL"u8);
            effect.Add(c.Arg(1));
            effect.Add(c.Arg(fields.ArgOf(i)));
        }
    }

    static void EmitDeletion(scoped ref CommandContext c, FieldList fields, scoped FieldOutcomes outcomes)
    {
        var deleted = outcomes.Count(FieldOutcome.Deleted);
        if (deleted == 0 || !c.IsPropagating) return;
        var effect = c.Emit(2 + deleted);
        effect.Add("HDEL"u8);
        effect.Add(c.Arg(1));
        AddFields(ref c, fields, outcomes, FieldOutcome.Deleted);
    }

    /// <summary>Adds the fields of one outcome to the effect that has been begun.</summary>
    static void AddFields(scoped ref CommandContext c, FieldList fields, scoped FieldOutcomes outcomes, FieldOutcome outcome)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (outcomes[i] == outcome) c.Server.Effects.Add(c.Arg(fields.ArgOf(i)));
        }
    }

    static void HPersist(ref CommandContext c)
    {
        if (!TryWrite(ref c, out var at) || !FieldList.TryParse(ref c, 2, out var fields)) return;
        if (!TryBeginOutcomes(ref c, at, fields)) return;
        var outcomes = new FieldOutcomes(c.Database, stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        var hash = Open(ref c, at);
        for (var i = 0; i < fields.Count; i++)
        {
            outcomes[i] = PersistField(ref c, ref hash, c.Arg(fields.ArgOf(i)));
            c.Reply.Integer((int)outcomes[i]);
        }
        TellPersisted(ref c, fields, outcomes);
        outcomes.Dispose();
    }

    static FieldOutcome PersistField(scoped ref CommandContext c, scoped ref HashEditor hash, scoped ReadOnlySpan<byte> field)
    {
        if (!hash.Reader.Find(field, c.ExpiredBy, out var spot)) return FieldOutcome.NoSuchField;
        if (hash.Reader.ExpireAt(spot) < 0) return FieldOutcome.NoDeadline;
        hash.SetDeadline(field, -1);
        return FieldOutcome.Done;
    }

    static void TellPersisted(scoped ref CommandContext c, FieldList fields, scoped FieldOutcomes outcomes)
    {
        var persisted = outcomes.Count(FieldOutcome.Done);
        if (persisted == 0) return;
        c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hpersist");
        c.Server.Effects.Dirty += persisted - 1;
        if (!c.IsPropagating) return;
        var effect = c.Emit(4 + persisted);
        effect.Add("HPERSIST"u8);
        effect.Add(c.Arg(1));
        effect.Add("FIELDS"u8);
        effect.Add(persisted);
        AddFields(ref c, fields, outcomes, FieldOutcome.Done);
    }
}
