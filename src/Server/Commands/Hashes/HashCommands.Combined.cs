using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;
using MiniRedis.Storage;

namespace MiniRedis.Server.Commands;

/// <summary>Two steps in one, as Redis 8.0 has them: a field is read and expires, is set and expires, is read and deleted.</summary>
static partial class HashCommands
{
    static readonly Command HGetExSpec = new()
    {
        Name = "HGETEX", Group = CommandGroup.Hash, Since = "8.0.0", Complexity = "O(N) where N is the number of fields",
        Summary = "Reads fields of a hash and changes when they expire.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update).WithNotes("RW and UPDATE because it changes the TTL")],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX"), Arg.Integer("milliseconds").After("PX"),
                Arg.UnixTime("unix-time-seconds").After("EXAT"), Arg.UnixTime("unix-time-milliseconds").After("PXAT"),
                Arg.Token("PERSIST")).Optional(),
            Arg.Block("fields", Arg.Integer("numfields"), Arg.String("field").Multiple()).After("FIELDS"),
        ],
        Propagates = Propagation.AsEffects,
        Run = HGetEx,
    };

    static readonly Command HSetExSpec = new()
    {
        Name = "HSETEX", Group = CommandGroup.Hash, Since = "8.0.0", Complexity = "O(N) where N is the number of fields",
        Summary = "Sets fields of a hash and when they expire.",
        Arity = -6, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update)],
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("condition", Arg.Token("FNX"), Arg.Token("FXX")).Optional(),
            Arg.OneOf("expiration",
                Arg.Integer("seconds").After("EX"), Arg.Integer("milliseconds").After("PX"),
                Arg.UnixTime("unix-time-seconds").After("EXAT"), Arg.UnixTime("unix-time-milliseconds").After("PXAT"),
                Arg.Token("KEEPTTL")).Optional(),
            Arg.Block("fields", Arg.Integer("numfields"), Arg.Block("data", Arg.String("field"), Arg.String("value")).Multiple())
                .After("FIELDS"),
        ],
        Propagates = Propagation.AsEffects,
        Run = HSetEx,
    };

    static readonly Command HGetDelSpec = new()
    {
        Name = "HGETDEL", Group = CommandGroup.Hash, Since = "8.0.0", Complexity = "O(N) where N is the number of fields",
        Summary = "Reads fields of a hash and deletes them.",
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete)],
        Args = [Arg.Key("key"), Arg.Block("fields", Arg.Integer("numfields"), Arg.String("field").Multiple()).After("FIELDS")],
        Propagates = Propagation.AsEffects,
        Run = HGetDel,
    };

    /// <summary>What stands between the key and FIELDS.</summary>
    ref struct FieldOptions
    {
        public ReadOnlySpan<byte> Number;
        public ExpiryKind Kind;
        public bool InSeconds;
        public bool OnlyIfNone;
        public bool OnlyIfAll;

        public readonly bool IsTime => Kind is ExpiryKind.Relative or ExpiryKind.Absolute;
    }

    /// <summary>Reads the options up to FIELDS, or answers what is wrong with them; <paramref name="at"/> is where they end.</summary>
    static bool TryOptions(scoped ref CommandContext c, bool sets, out FieldOptions options, out int at)
    {
        options = default;
        for (at = 2; at < c.Count && !c.IsToken(at, "FIELDS"u8); at++)
        {
            if (sets && (c.IsToken(at, "FNX"u8) || c.IsToken(at, "FXX"u8)))
            {
                if (options.OnlyIfNone || options.OnlyIfAll)
                {
                    c.Fail(Errors.OneFieldCondition);
                    return false;
                }
                options.OnlyIfNone = c.IsToken(at, "FNX"u8);
                options.OnlyIfAll = !options.OnlyIfNone;
                continue;
            }
            var kind = c.IsToken(at, "EX"u8) || c.IsToken(at, "PX"u8) ? ExpiryKind.Relative
                : c.IsToken(at, "EXAT"u8) || c.IsToken(at, "PXAT"u8) ? ExpiryKind.Absolute
                : sets && c.IsToken(at, "KEEPTTL"u8) ? ExpiryKind.Keep
                : !sets && c.IsToken(at, "PERSIST"u8) ? ExpiryKind.Persist
                : ExpiryKind.None;
            if (kind == ExpiryKind.None)
            {
                c.Fail(Errors.UnknownArgument(c.Arg(at)));
                return false;
            }
            if (options.Kind != ExpiryKind.None)
            {
                c.Fail(sets ? Errors.OneTimeOrKeepTtl : Errors.OneTimeOrPersist);
                return false;
            }
            options.Kind = kind;
            if (!options.IsTime) continue;
            options.InSeconds = c.IsToken(at, "EX"u8) || c.IsToken(at, "EXAT"u8);
            if (++at == c.Count) break;
            options.Number = c.Arg(at);
        }
        return true;
    }

    static bool TryOptionsAndFields(scoped ref CommandContext c, bool sets, out FieldOptions options, out FieldList fields, out long deadline)
    {
        deadline = -1;
        fields = default;
        if (!TryOptions(ref c, sets, out options, out var at)) return false;
        if (options.IsTime)
        {
            var baseTime = options.Kind == ExpiryKind.Relative ? c.Now : 0;
            if (!TryDeadline(ref c, options.Number, baseTime, options.InSeconds, out deadline)) return false;
        }
        return FieldList.TryParse(ref c, at, out fields, sets ? 2 : 1, isNewer: true);
    }

    static void HGetEx(ref CommandContext c)
    {
        if (!TryOptionsAndFields(ref c, sets: false, out var options, out var fields, out var deadline)) return;
        if (!TryWrite(ref c, out var at)) return;
        c.Reply.Array(fields.Count);
        if (!at.Found)
        {
            for (var i = 0; i < fields.Count; i++) c.Reply.Null();
            return;
        }
        var hash = Open(ref c, at);
        var outcomes = new FieldOutcomes(stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            var field = c.Arg(fields.ArgOf(i));
            if (hash.Reader.Find(field, c.ExpiredBy, out var spot)) c.Reply.Bulk(hash.Reader.Value(spot));
            else c.Reply.Null();
            outcomes[i] = options.IsTime ? ExpireField(ref c, ref hash, field, FieldCondition.None, deadline)
                : options.Kind == ExpiryKind.Persist ? PersistField(ref c, ref hash, field)
                : FieldOutcome.NotMet;
        }
        if (options.IsTime) TellDeadlines(ref c, hash, fields, outcomes, deadline);
        else if (options.Kind == ExpiryKind.Persist) TellPersisted(ref c, fields, outcomes);
        outcomes.Dispose();
    }

    static void HSetEx(ref CommandContext c)
    {
        if (!TryOptionsAndFields(ref c, sets: true, out var options, out var fields, out var deadline)) return;
        if (!TryWrite(ref c, out var at)) return;
        if (!Meets(ref c, new HashReader(at.Record), options, fields))
        {
            c.Reply.Integer(0);
            return;
        }
        c.Reply.Integer(1);
        // A deadline that has passed: fields set and gone. One that was not there leaves no trace.
        if (options.IsTime && c.IsPast(deadline))
        {
            if (at.Found) DeletePassed(ref c, at, fields);
            return;
        }
        var key = c.Arg(1);
        var hash = Open(ref c, at, at.Found ? 0 : PackedSize(ref c, fields.First));
        SetAll(ref c, ref hash, fields.First, keepDeadlines: options.Kind == ExpiryKind.Keep);
        c.Changed(key, KeyspaceEvents.Hash, "hset");
        c.Server.Effects.Dirty += fields.Count - 1;
        if (options.IsTime)
        {
            for (var i = 0; i < fields.Count; i++) hash.SetDeadline(c.Arg(fields.ArgOf(i)), deadline);
            c.Changed(key, KeyspaceEvents.Hash, "hexpire", countsAsChange: false);
        }
        EmitSetEx(ref c, options, fields, deadline);
    }

    static bool Meets(scoped ref CommandContext c, scoped in HashReader hash, scoped in FieldOptions options, FieldList fields)
    {
        if (!options.OnlyIfNone && !options.OnlyIfAll) return true;
        for (var i = 0; i < fields.Count; i++)
        {
            if (hash.Find(c.Arg(fields.ArgOf(i)), c.ExpiredBy, out _) != options.OnlyIfAll) return false;
        }
        return true;
    }

    static void DeletePassed(scoped ref CommandContext c, in KeyLookup at, FieldList fields)
    {
        var hash = Open(ref c, at);
        var outcomes = new FieldOutcomes(stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            var found = hash.Reader.Find(c.Arg(fields.ArgOf(i)), c.ExpiredBy, out var spot);
            outcomes[i] = found ? FieldOutcome.Deleted : FieldOutcome.NoSuchField;
            if (found) hash.Remove(spot);
        }
        TellDeadlines(ref c, hash, fields, outcomes, deadline: -1);
        outcomes.Dispose();
    }

    /// <summary>With the deadline made absolute, and without the condition, which is met.</summary>
    static void EmitSetEx(scoped ref CommandContext c, scoped in FieldOptions options, FieldList fields, long deadline)
    {
        if (!c.IsPropagating) return;
        var words = options.IsTime ? 2 : options.Kind == ExpiryKind.Keep ? 1 : 0;
        var effect = c.Emit(4 + words + 2 * fields.Count);
        effect.Add("HSETEX"u8);
        effect.Add(c.Arg(1));
        if (words == 1) effect.Add("KEEPTTL"u8);
        if (words == 2)
        {
            effect.Add("PXAT"u8);
            effect.Add(deadline);
        }
        effect.Add("FIELDS"u8);
        effect.Add(fields.Count);
        for (var i = fields.First; i < c.Count; i++) effect.Add(c.Arg(i));
    }

    static void HGetDel(ref CommandContext c)
    {
        if (!FieldList.TryParse(ref c, 2, out var fields, isNewer: true) || !TryWrite(ref c, out var at)) return;
        c.Reply.Array(fields.Count);
        if (!at.Found)
        {
            for (var i = 0; i < fields.Count; i++) c.Reply.Null();
            return;
        }
        var hash = Open(ref c, at);
        var outcomes = new FieldOutcomes(stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            var found = hash.Reader.Find(c.Arg(fields.ArgOf(i)), c.ExpiredBy, out var spot);
            outcomes[i] = found ? FieldOutcome.Deleted : FieldOutcome.NoSuchField;
            if (found)
            {
                c.Reply.Bulk(hash.Reader.Value(spot));
                hash.Remove(spot);
            }
            else c.Reply.Null();
        }
        var deleted = outcomes.Count(FieldOutcome.Deleted);
        if (deleted > 0)
        {
            c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hdel");
            c.Server.Effects.Dirty += deleted - 1;
            if (c.IsPropagating)
            {
                var effect = c.Emit(2 + deleted);
                effect.Add("HDEL"u8);
                effect.Add(c.Arg(1));
                AddFields(ref c, fields, outcomes, FieldOutcome.Deleted);
            }
            DeleteIfEmpty(ref c, hash);
        }
        outcomes.Dispose();
    }
}
