using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Streams;

/// <summary>Adding entries, and trimming the old ones away.</summary>
static partial class StreamCommands
{
    static readonly Arg s_references = Arg.OneOf("condition", Arg.Token("KEEPREF"), Arg.Token("DELREF"), Arg.Token("ACKED"))
        .Optional().AddedIn("8.2.0");

    static readonly Arg s_trim = Arg.Block("trim",
        Arg.OneOf("strategy", Arg.Token("MAXLEN"), Arg.Token("MINID").AddedIn("6.2.0")),
        Arg.OneOf("operator", Arg.Token("=", "equal"), Arg.Token("~", "approximately")).Optional(),
        Arg.String("threshold"),
        Arg.Integer("count").After("LIMIT").Optional().AddedIn("6.2.0"));

    static readonly Command XAddSpec = new()
    {
        Name = "XADD", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(1) when adding an entry, O(N) when trimming, where N is the number of entries evicted",
        Summary = "Adds an entry to a stream, creating it if need be.",
        History =
        [
            ("6.2.0", "Added the `NOMKSTREAM` option, `MINID` trimming strategy and the `LIMIT` option."),
            ("7.0.0", "Added support for the `<ms>-*` explicit ID form."),
            ("8.2.0", "Added the `KEEPREF`, `DELREF` and `ACKED` options."),
        ],
        Arity = -5, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Update).WithNotes("UPDATE instead of INSERT because of the optional trimming feature")],
        Args =
        [
            Arg.Key("key"),
            Arg.Token("NOMKSTREAM").Optional().AddedIn("6.2.0"),
            s_references,
            s_trim.Optional(),
            Arg.OneOf("id-selector", Arg.Token("*", "auto-id"), Arg.String("id")),
            Arg.Block("data", Arg.String("field"), Arg.String("value")).Multiple(),
        ],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = XAdd,
    };

    static readonly Command XTrimSpec = new()
    {
        Name = "XTRIM", Group = CommandGroup.Stream, Since = "5.0.0",
        Complexity = "O(N), with N being the number of evicted entries, a hundred of which or so are released at a time",
        Summary = "Deletes entries from the beginning of a stream.",
        History =
        [
            ("6.2.0", "Added the `MINID` trimming strategy and the `LIMIT` option."),
            ("8.2.0", "Added the `KEEPREF`, `DELREF` and `ACKED` options."),
        ],
        Arity = -4, Flags = CommandFlags.Write,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Delete)],
        Args = [Arg.Key("key"), s_trim, s_references],
        Tips = ["nondeterministic_output"],
        Propagates = Propagation.AsEffects,
        Run = XTrim,
    };

    /// <summary>The options that XADD and XTRIM share, and their places among the arguments.</summary>
    struct TrimOptions
    {
        public StreamTrim Trim;
        public bool IsGiven, NoMakeStream;

        /// <summary>The argument after the options: XADD's id.</summary>
        public int Next;

        /// <summary>The number or id of MAXLEN or MINID.</summary>
        public int Threshold;

        /// <summary>The argument LIMIT; 0 if there is none.</summary>
        public int Limit;

        /// <summary>XADD's id, unless it is "*".</summary>
        public StreamId Id;
        public bool IsIdGiven, IsSeqGiven;
    }

    static bool TryTrimOptions(ref CommandContext c, bool isAdd, out TrimOptions options)
    {
        options = default;
        options.IsSeqGiven = true;
        var trim = default(StreamTrim);
        var i = 2;
        for (; i < c.Count; i++)
        {
            var more = c.Count - 1 - i;
            if (isAdd && c.Arg(i) is [(byte)'*']) break;
            var byLength = c.IsToken(i, "MAXLEN"u8);
            if ((byLength || c.IsToken(i, "MINID"u8)) && more > 0)
            {
                if (options.IsGiven)
                {
                    c.Fail(Errors.TrimTwice);
                    return false;
                }
                var approximately = more >= 2 && c.Arg(i + 1) is [(byte)'~'];
                i += approximately || more >= 2 && c.Arg(i + 1) is [(byte)'='] ? 2 : 1;
                if (!TryThreshold(c, i, byLength, ref trim)) return false;
                trim = trim with { ByLength = byLength, WholeNodes = approximately };
                options.IsGiven = true;
                options.Threshold = i;
            }
            else if (c.IsToken(i, "LIMIT"u8) && more > 0)
            {
                options.Limit = i;
                if (!c.TryInteger(++i, out var limit)) return false;
                if (limit < 0)
                {
                    c.Fail(Errors.TrimLimitNegative);
                    return false;
                }
                trim = trim with { Limit = limit };
            }
            else if (isAdd && c.IsToken(i, "NOMKSTREAM"u8)) options.NoMakeStream = true;
            else if (TryReferences(c, i, out var references)) trim = trim with { References = references };
            else if (isAdd)
            {
                // Anything else must be the id.
                if (!StreamId.TryParseWithAutoSeq(c.Arg(i), out options.Id, out options.IsSeqGiven))
                {
                    c.Fail(Errors.InvalidStreamId);
                    return false;
                }
                options.IsIdGiven = true;
                break;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        options.Next = i;
        options.Trim = trim;
        return CheckTrim(c, isAdd, ref options);
    }

    static bool TryThreshold(in CommandContext c, int index, bool byLength, ref StreamTrim trim)
    {
        if (byLength)
        {
            if (!c.TryInteger(index, out var length)) return false;
            trim = trim with { MaxLength = length };
            if (length >= 0) return true;
            c.Fail(Errors.TrimMaxLenNegative);
            return false;
        }
        if (!TryId(c, index, out var id)) return false;
        trim = trim with { MinId = id };
        return true;
    }

    static bool TryReferences(in CommandContext c, int index, out StreamReferences references)
    {
        references = StreamReferences.Keep;
        if (c.IsToken(index, "KEEPREF"u8)) return true;
        references = StreamReferences.Delete;
        if (c.IsToken(index, "DELREF"u8)) return true;
        references = StreamReferences.Acknowledged;
        return c.IsToken(index, "ACKED"u8);
    }

    static bool CheckTrim(in CommandContext c, bool isAdd, ref TrimOptions options)
    {
        var trim = options.Trim;
        if (trim.Limit > 0 && !options.IsGiven) c.Fail(Errors.TrimLimitAlone);
        else if (!isAdd && !options.IsGiven) c.Fail(Errors.TrimNothing);
        // What is to go has been found out by whoever ran it first, who leaves the word LIMIT where it was.
        else if (c.MustObey)
        {
            options.Trim = trim with { Limit = 0 };
            return true;
        }
        else if (options.Limit > 0 && !trim.WholeNodes) c.Fail(Errors.TrimLimitExact);
        else
        {
            // The default limit is a hundred nodes, so that no client waits long (Redis's default).
            if (trim.WholeNodes && options.Limit == 0)
            {
                var entries = c.Encodings.StreamNodeMaxEntries;
                options.Trim = trim with { Limit = entries is <= 0 or > long.MaxValue / 100 ? 10_000 : Math.Min(entries * 100, 1_000_000) };
            }
            return true;
        }
        return false;
    }

    /// <summary>The pairs of field and value in a request.</summary>
    readonly ref struct RequestEntry(Request request, int first) : IStreamEntry
    {
        readonly Request _request = request;

        public int Count => (_request.Count - first) / 2;

        public ReadOnlySpan<byte> Field(int index) => _request[first + index * 2];

        public ReadOnlySpan<byte> Value(int index) => _request[first + index * 2 + 1];
    }

    static void XAdd(ref CommandContext c)
    {
        if (!TryTrimOptions(ref c, isAdd: true, out var options)) return;
        var first = options.Next + 1;
        if (c.Count - first < 2 || (c.Count - first) % 2 == 1)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return;
        }
        if (options.IsIdGiven && options.IsSeqGiven && options.Id.IsZero)
        {
            c.Fail(Errors.XAddIdZero);
            return;
        }
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.Stream)) return;
        if (!at.Found && options.NoMakeStream)
        {
            c.Reply.Null();
            return;
        }
        var record = at.Found ? at.Record : c.Database.CreateStream(at, key);
        var stream = c.Database.Stream(record);
        if (!TryAppend(ref c, stream, options, out var id))
        {
            if (!at.Found) c.Database.Delete(c.Database.Lookup(key));
            return;
        }
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        ReplyId(c.Reply, id);
        c.Changed(key, KeyspaceEvents.Stream, "xadd");
        if (options.IsGiven && c.Database.Trim(stream, options.Trim) > 0) c.Changed(key, KeyspaceEvents.Stream, "xtrim", countsAsChange: false);
        if (c.IsPropagating) EmitTrimmed(ref c, stream, options, id);
    }

    static bool TryAppend(ref CommandContext c, StreamValue stream, in TrimOptions options, out StreamId id)
    {
        id = options.Id;
        if (stream.LastId == StreamId.Max)
        {
            c.Fail(Errors.StreamExhausted);
            return false;
        }
        var result = StreamAppend.Added;
        if (!options.IsIdGiven) id = stream.NextId(c.Now);
        else if (!options.IsSeqGiven && !stream.TryNextIdOf(options.Id.Ms, out id)) result = StreamAppend.IdTooSmall;
        if (result == StreamAppend.Added)
        {
            var limits = new StreamNodeLimits(c.Encodings.StreamNodeMaxBytes, c.Encodings.StreamNodeMaxEntries);
            result = stream.Append(id, new RequestEntry(c.Request, options.Next + 1), limits);
        }
        if (result == StreamAppend.IdTooSmall) c.Fail(Errors.XAddIdTooSmall);
        else if (result == StreamAppend.TooLarge) c.Fail(Errors.StreamElementsTooLarge);
        return result == StreamAppend.Added;
    }

    /// <summary>
    /// Propagates the command with its results: the id of the entry, and the exact length or first id that trimming left. (What
    /// "~" trims depends on how the nodes were filled.)
    /// </summary>
    static void EmitTrimmed(ref CommandContext c, StreamValue stream, in TrimOptions options, StreamId id)
    {
        var exact = options.IsGiven && options.Trim.WholeNodes;
        var withoutLimit = options.Limit > 0;
        var effects = c.Emit(c.Count - (withoutLimit ? 2 : 0));
        for (var i = 0; i < c.Count; i++)
        {
            if (withoutLimit && (i == options.Limit || i == options.Limit + 1)) continue;
            if (exact && i == options.Threshold - 1) effects.Add("="u8);
            else if (exact && i == options.Threshold && options.Trim.ByLength) effects.Add(stream.Length);
            else if (exact && i == options.Threshold) AddId(effects, stream.FirstIdWithTombstones);
            else if (i == options.Next) AddId(effects, id);
            else effects.Add(c.Arg(i));
        }
    }

    static void XTrim(ref CommandContext c)
    {
        if (!TryTrimOptions(ref c, isAdd: false, out var options)) return;
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!TryStream(c, at, out var stream)) return;
        var deleted = at.Found ? c.Database.Trim(stream, options.Trim) : 0;
        if (deleted > 0)
        {
            c.Changed(key, KeyspaceEvents.Stream, "xtrim");
            CountChanges(c, deleted - 1);
            if (c.IsPropagating) EmitTrimmed(ref c, stream, options, StreamId.Min);
        }
        c.Reply.Integer(deleted);
    }
}
