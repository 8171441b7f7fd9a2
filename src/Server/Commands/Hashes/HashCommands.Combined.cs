using MiniRedis.Resp;
using MiniRedis.Server.Commands.Strings;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>
/// The commands of Redis 8.0 that combine two steps: read and expire (HGETEX), set and expire (HSETEX), read and delete
/// (HGETDEL).
/// </summary>
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

    /// <summary>The options between the key and FIELDS.</summary>
    struct FieldOptions
    {
        public long Deadline;
        public ExpiryKind Kind;
        public bool OnlyIfNone;
        public bool OnlyIfAll;

        public readonly bool IsTime => Kind is ExpiryKind.Relative or ExpiryKind.Absolute;
    }

    /// <summary>Whether an argument is the option of a time, and of which kind.</summary>
    static bool IsTimeToken(scoped ref CommandContext c, int at, out ExpiryKind kind, out bool inSeconds)
    {
        inSeconds = c.IsToken(at, "EX"u8) || c.IsToken(at, "EXAT"u8);
        kind = c.IsToken(at, "EX"u8) || c.IsToken(at, "PX"u8) ? ExpiryKind.Relative
            : inSeconds || c.IsToken(at, "PXAT"u8) ? ExpiryKind.Absolute
            : ExpiryKind.None;
        return kind != ExpiryKind.None;
    }

    static bool TryTime(scoped ref CommandContext c, int at, bool inSeconds, ref FieldOptions options) =>
        TryDeadline(ref c, c.Arg(at), options.Kind == ExpiryKind.Relative ? c.Now : 0, inSeconds, out options.Deadline);

    /// <summary>
    /// Begins the reply of a command that answers the fields it names, and deletes those that have expired. Without a hash every
    /// answer is null: then this is the whole reply.
    /// </summary>
    static bool TryBeginReply(scoped ref CommandContext c, ref KeyLookup at, FieldList fields)
    {
        if (at.Found) at = ExpireNamed(ref c, at, fields);
        c.Reply.Array(fields.Count);
        for (var i = 0; i < fields.Count && !at.Found; i++) c.Reply.Null();
        return at.Found;
    }

    static void HGetEx(ref CommandContext c)
    {
        if (!TryWrite(ref c, out var at)) return;
        // There is one option at most. A second one stands where FIELDS is expected, and is refused there.
        var options = default(FieldOptions);
        var end = 2;
        if (IsTimeToken(ref c, 2, out options.Kind, out var inSeconds))
        {
            if (!TryTime(ref c, 3, inSeconds, ref options)) return;
            end = 4;
        }
        else if (c.IsToken(2, "PERSIST"u8))
        {
            options.Kind = ExpiryKind.Persist;
            end = 3;
        }
        if (!FieldList.TryParse(ref c, end, out var fields)) return;
        if (!TryBeginReply(ref c, ref at, fields)) return;
        var outcomes = new FieldOutcomes(c.Database, stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        var hash = Open(ref c, at);
        for (var i = 0; i < fields.Count; i++)
        {
            var field = c.Arg(fields.ArgOf(i));
            if (hash.Reader.Find(field, c.ExpiredBy, out var spot)) c.Reply.Bulk(hash.Reader.Value(spot));
            else c.Reply.Null();
            outcomes[i] = options.IsTime ? ExpireField(ref c, ref hash, field, FieldCondition.None, options.Deadline)
                : options.Kind == ExpiryKind.Persist ? PersistField(ref c, ref hash, field)
                : FieldOutcome.NotMet;
        }
        if (options.IsTime) TellDeadlines(ref c, hash, fields, outcomes, options.Deadline);
        else if (options.Kind == ExpiryKind.Persist) TellPersisted(ref c, fields, outcomes);
        outcomes.Dispose();
    }

    /// <summary>Reads HSETEX's options, in any order, and its fields, or answers an error.</summary>
    static bool TrySetOptions(scoped ref CommandContext c, out FieldOptions options, out FieldList fields)
    {
        options = default;
        fields = default;
        // A request has six arguments at least, and all options together take three. So FIELDS, or something unknown, comes
        // before the end.
        for (var at = 2; ; at++)
        {
            if (c.IsToken(at, "FIELDS"u8)) return FieldList.TryParsePairs(ref c, at, out fields);
            if (c.IsToken(at, "FNX"u8) || c.IsToken(at, "FXX"u8))
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
            var isTime = IsTimeToken(ref c, at, out var kind, out var inSeconds);
            if (!isTime && !c.IsToken(at, "KEEPTTL"u8))
            {
                c.Fail(Errors.UnknownArgument(c.Arg(at)));
                return false;
            }
            if (options.Kind != ExpiryKind.None)
            {
                c.Fail(Errors.OneTimeOrKeepTtl);
                return false;
            }
            options.Kind = isTime ? kind : ExpiryKind.Keep;
            if (isTime && !TryTime(ref c, ++at, inSeconds, ref options)) return false;
        }
    }

    static void HSetEx(ref CommandContext c)
    {
        if (!TrySetOptions(ref c, out var options, out var fields) || !TryWrite(ref c, fields, out var at)) return;
        if (!Meets(ref c, new HashReader(at.Record), options, fields))
        {
            c.Reply.Integer(0);
            return;
        }
        c.Reply.Integer(1);
        if (options.IsTime && c.IsPast(options.Deadline))
        {
            SetPassed(ref c, at, fields);
            return;
        }
        var key = c.Arg(1);
        var hash = Open(ref c, at, at.Found ? 0 : PackedSize(ref c, fields.First));
        SetAll(ref c, ref hash, fields.First, keepDeadlines: options.Kind == ExpiryKind.Keep);
        c.Changed(key, KeyspaceEvents.Hash, "hset");
        c.Server.Effects.Dirty += fields.Count - 1;
        if (options.IsTime)
        {
            for (var i = 0; i < fields.Count; i++) hash.SetDeadline(c.Arg(fields.ArgOf(i)), options.Deadline);
            c.Changed(key, KeyspaceEvents.Hash, "hexpire", countsAsChange: false);
        }
        EmitSetEx(ref c, options, fields);
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

    /// <summary>
    /// Sets fields to a deadline that has passed: they are gone at once. As in Redis the events tell of all fields and of the
    /// key, even if they did not exist. Only the deletion of those that existed is propagated.
    /// </summary>
    static void SetPassed(scoped ref CommandContext c, in KeyLookup at, FieldList fields)
    {
        var key = c.Arg(1);
        c.Changed(key, KeyspaceEvents.Hash, "hset");
        c.Changed(key, KeyspaceEvents.Hash, "hdel", countsAsChange: false);
        c.Server.Effects.Dirty += fields.Count - 1;
        if (!at.Found)
        {
            c.Changed(key, KeyspaceEvents.Generic, "del", countsAsChange: false);
            return;
        }
        var hash = Open(ref c, at);
        var outcomes = new FieldOutcomes(c.Database, stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        for (var i = 0; i < fields.Count; i++)
        {
            var found = hash.Reader.Find(c.Arg(fields.ArgOf(i)), c.ExpiredBy, out var spot);
            outcomes[i] = found ? FieldOutcome.Deleted : FieldOutcome.NoSuchField;
            if (found) hash.Remove(spot);
        }
        EmitDeletion(ref c, fields, outcomes);
        DeleteIfEmpty(ref c, hash);
        outcomes.Dispose();
    }

    /// <summary>Propagates with an absolute deadline, and without the condition, which is met.</summary>
    static void EmitSetEx(scoped ref CommandContext c, scoped in FieldOptions options, FieldList fields)
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
            effect.Add(options.Deadline);
        }
        effect.Add("FIELDS"u8);
        effect.Add(fields.Count);
        for (var i = fields.First; i < c.Count; i++) effect.Add(c.Arg(i));
    }

    static void HGetDel(ref CommandContext c)
    {
        if (!TryWrite(ref c, out var at) || !FieldList.TryParse(ref c, 2, out var fields)) return;
        if (!TryBeginReply(ref c, ref at, fields)) return;
        var outcomes = new FieldOutcomes(c.Database, stackalloc FieldOutcome[OutcomesOnStack], fields.Count);
        var hash = Open(ref c, at);
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
            EmitDeletion(ref c, fields, outcomes);
            DeleteIfEmpty(ref c, hash);
        }
        outcomes.Dispose();
    }
}
