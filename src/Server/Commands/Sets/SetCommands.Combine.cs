using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Commands.Sets;

/// <summary>Unions, intersections and differences of sets: answered, counted, or stored.</summary>
static partial class SetCommands
{
    /// <summary>Sources up to here are gathered on the stack.</summary>
    const int SourcesOnStack = 32;

    const string InterComplexity = "O(N*M) at worst where N is the size of the smallest set and M the number of sets";

    const string AllComplexity = "O(N) where N is the number of members of all sets";

    static readonly Command SInterSpec = Answering(
        "SINTER", InterComplexity, "Answers the members that several sets have in common.", SInter);

    static readonly Command SInterStoreSpec = Storing(
        "SINTERSTORE", InterComplexity, "Stores the members that several sets have in common.", SInterStore);

    static readonly Command SUnionSpec = Answering(
        "SUNION", AllComplexity, "Answers the members that at least one of several sets has.", SUnion);

    static readonly Command SUnionStoreSpec = Storing(
        "SUNIONSTORE", AllComplexity, "Stores the members that at least one of several sets has.", SUnionStore);

    static readonly Command SDiffSpec = Answering(
        "SDIFF", AllComplexity, "Answers the members of the first set that the others do not have.", SDiff);

    static readonly Command SDiffStoreSpec = Storing(
        "SDIFFSTORE", AllComplexity, "Stores the members of the first set that the others do not have.", SDiffStore);

    static readonly Command SInterCardSpec = new()
    {
        Name = "SINTERCARD", Group = CommandGroup.Set, Since = "7.0.0",
        Complexity = InterComplexity,
        Summary = "Counts the members that several sets have in common.",
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.KeyNum(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Integer("numkeys"), Arg.Key("key").Multiple(), Arg.Integer("limit").After("LIMIT").Optional()],
        Run = SInterCard,
    };

    /// <summary>Declares a command that answers the combination of several sets.</summary>
    static Command Answering(string name, string complexity, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Set, Since = "1.0.0", Complexity = complexity, Summary = summary,
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.Range(1, -1, 1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key").Multiple()],
        Tips = ["nondeterministic_output_order"],
        Run = run,
    };

    /// <summary>Declares a command that stores the combination of several sets.</summary>
    static Command Storing(string name, string complexity, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Set, Since = "1.0.0", Complexity = complexity, Summary = summary,
        Arity = -3, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update), KeySpec.Range(2, -1, 1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("destination"), Arg.Key("key", 1).Multiple()],
        Propagates = Propagation.Verbatim,
        Run = run,
    };

    /// <summary>Answers the members it takes.</summary>
    struct AnsweredMembers(ReplyWriter reply) : IMemberSink
    {
        public int Count { get; private set; }

        public bool Take(scoped ref SetProbe member)
        {
            reply.Bulk(member.Text);
            Count++;
            return !reply.IsCut;
        }
    }

    /// <summary>Counts members, up to a limit if that is not 0.</summary>
    struct CountedMembers(long limit) : IMemberSink
    {
        public long Count { get; private set; }

        public bool Take(scoped ref SetProbe member) => ++Count != limit;
    }

    /// <summary>Adds members to a set in the making.</summary>
    ref struct StoredMembers(SetEditor set) : IMemberSink
    {
        public SetEditor Set = set;

        public bool OnlyIntegers { get; private set; } = true;

        public bool Take(scoped ref SetProbe member)
        {
            OnlyIntegers = OnlyIntegers && member.TryInteger(out _);
            Set.Add(ref member);
            return true;
        }
    }

    /// <summary>Looks up the sources, or answers an error if one is no set. A missing source is a null record.</summary>
    static bool TrySources(ref CommandContext c, int first, scoped Span<Record> sets)
    {
        for (var i = 0; i < sets.Length; i++)
        {
            var at = c.LookupRead(c.Arg(first + i));
            if (!c.CheckType(at, ObjectType.Set)) return false;
            sets[i] = at.Record;
        }
        return true;
    }

    static bool AnyMissing(ReadOnlySpan<Record> sets)
    {
        foreach (var set in sets)
        {
            if (set.IsNull) return true;
        }
        return false;
    }

    static void SInter(ref CommandContext c)
    {
        var count = c.Count - 1;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 1, sets)) return;
        if (AnyMissing(sets))
        {
            c.Reply.Set(0);
            return;
        }
        var answered = new AnsweredMembers(c.Reply);
        var reply = c.Reply.BeginDeferred();
        SetAlgebra.Intersect(sets, ref answered);
        c.Reply.EndSet(reply, answered.Count);
    }

    static void SInterCard(ref CommandContext c)
    {
        if (!Numbers.TryParseInt64(c.Arg(1), out var count) || count < 1)
        {
            c.Fail(Errors.NumKeysNotPositive);
            return;
        }
        if (count > c.Count - 2)
        {
            c.Fail(Errors.TooManyKeys);
            return;
        }
        long limit = 0;
        for (var i = 2 + (int)count; i < c.Count; i++)
        {
            if (!c.IsToken(i, "LIMIT"u8) || i + 1 == c.Count)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (Numbers.TryParseInt64(c.Arg(++i), out limit) && limit >= 0) continue;
            c.Fail(Errors.LimitNegative);
            return;
        }
        using var sources = new Scratch<Record>(c.Database, (int)count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 2, sets)) return;
        var counted = new CountedMembers(limit);
        if (!AnyMissing(sets)) SetAlgebra.Intersect(sets, ref counted);
        c.Reply.Integer(counted.Count);
    }

    static void SInterStore(ref CommandContext c)
    {
        var count = c.Count - 2;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 2, sets)) return;
        if (AnyMissing(sets))
        {
            KeyCommands.StoreNothing(c, 1);
            return;
        }
        // As in Redis, the result begins in the form of the smallest set, and becomes an intset in the end if it can.
        SetAlgebra.SortBySize(sets);
        var stored = new StoredMembers(SetEditor.Draft(c.Database, c.Arg(1), new SetReader(sets[0]).IsIntset, c.Encodings.SetLimits()));
        SetAlgebra.Intersect(sets, ref stored);
        if (stored.OnlyIntegers && stored.Set.Count > 0) stored.Set.CompactIntegers();
        Store(ref c, ref stored.Set, "sinterstore");
    }

    static void SUnion(ref CommandContext c)
    {
        var count = c.Count - 1;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 1, sets)) return;
        if (count > 1 && AllIntsets(sets))
        {
            UniteIntsets(ref c, sets);
            return;
        }
        var answered = new AnsweredMembers(c.Reply);
        var reply = c.Reply.BeginDeferred();
        SetAlgebra.Unite(c.Database, sets, ref answered);
        c.Reply.EndSet(reply, answered.Count);
    }

    static bool AllIntsets(ReadOnlySpan<Record> sets)
    {
        foreach (var set in sets)
        {
            if (!set.IsNull && !new SetReader(set).IsIntset) return false;
        }
        return true;
    }

    /// <summary>Unites sets of integers in an intset, as Redis does, so that a small union is answered in order.</summary>
    static void UniteIntsets(ref CommandContext c, scoped ReadOnlySpan<Record> sets)
    {
        var stored = new StoredMembers(SetEditor.Draft(c.Database, default, asIntset: true, c.Encodings.SetLimits()));
        SetAlgebra.Unite(c.Database, sets, ref stored);
        ReplyAll(ref c, stored.Set.Reader);
        stored.Set.Abandon();
    }

    static void SUnionStore(ref CommandContext c)
    {
        var count = c.Count - 2;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 2, sets)) return;
        var stored = new StoredMembers(SetEditor.Draft(c.Database, c.Arg(1), asIntset: true, c.Encodings.SetLimits()));
        // The result ignores members that it has already.
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        foreach (var set in sets)
        {
            for (var members = new SetReader(set).Members(); members.Next();)
            {
                var member = new SetProbe(members.Current, scratch);
                stored.Set.Add(ref member);
            }
        }
        Store(ref c, ref stored.Set, "sunionstore");
    }

    static void SDiff(ref CommandContext c)
    {
        var count = c.Count - 1;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 1, sets)) return;
        var answered = new AnsweredMembers(c.Reply);
        var reply = c.Reply.BeginDeferred();
        SetAlgebra.Subtract(c.Database, sets, ref answered);
        c.Reply.EndSet(reply, answered.Count);
    }

    static void SDiffStore(ref CommandContext c)
    {
        var count = c.Count - 2;
        using var sources = new Scratch<Record>(c.Database, count, stackalloc Record[SourcesOnStack]);
        var sets = sources.Span;
        if (!TrySources(ref c, 2, sets)) return;
        var stored = new StoredMembers(SetEditor.Draft(c.Database, c.Arg(1), asIntset: true, c.Encodings.SetLimits()));
        SetAlgebra.Subtract(c.Database, sets, ref stored);
        Store(ref c, ref stored.Set, "sdiffstore");
    }

    /// <summary>Stores the result at the destination. If it is empty, the destination is deleted.</summary>
    static void Store(ref CommandContext c, scoped ref SetEditor result, string name)
    {
        var count = result.Count;
        if (count == 0)
        {
            result.Abandon();
            KeyCommands.StoreNothing(c, 1);
            return;
        }
        var key = c.Arg(1);
        var isNew = !c.Peek(key).Found;
        var record = result.Publish();
        if (isNew) c.Server.Keys.Created(c.Database, record, key);
        else c.Server.Keys.Replaced(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.Set, name);
        c.Reply.Integer(count);
    }
}
