using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>Strings as counters.</summary>
static partial class StringCommands
{
    static readonly Command IncrSpec = Counter("INCR", "1.0.0",
        "Adds one to the integer that a string holds; a missing key counts as 0.", [], Incr);

    static readonly Command DecrSpec = Counter("DECR", "1.0.0",
        "Takes one from the integer that a string holds; a missing key counts as 0.", [], Decr);

    static readonly Command IncrBySpec = Counter("INCRBY", "1.0.0",
        "Adds to the integer that a string holds; a missing key counts as 0.",
        [Arg.Integer("increment")], IncrBy);

    static readonly Command DecrBySpec = Counter("DECRBY", "1.0.0",
        "Subtracts from the integer that a string holds; a missing key counts as 0.",
        [Arg.Integer("decrement")], DecrBy);

    static readonly Command IncrByFloatSpec = Counter("INCRBYFLOAT", "2.6.0",
        "Adds to the decimal number that a string holds; a missing key counts as 0.",
        [Arg.Double("increment")], IncrByFloat, Propagation.AsEffects);

    static Command Counter(string name, string since, string summary, Arg[] amount, CommandHandler run,
        Propagation propagates = Propagation.Verbatim) => new()
    {
        Name = name, Group = CommandGroup.String, Since = since, Complexity = "O(1)", Summary = summary,
        Arity = 2 + amount.Length, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), .. amount],
        Propagates = propagates,
        Run = run,
    };

    static void Incr(ref CommandContext c) => Add(ref c, 1);

    static void Decr(ref CommandContext c) => Add(ref c, -1);

    static void IncrBy(ref CommandContext c)
    {
        if (c.TryInteger(2, out var amount)) Add(ref c, amount);
    }

    static void DecrBy(ref CommandContext c)
    {
        if (!c.TryInteger(2, out var amount)) return;
        if (amount == long.MinValue) c.Fail(Errors.DecrementOverflow);
        else Add(ref c, -amount);
    }

    static void Add(ref CommandContext c, long amount)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!TryReadInteger(c, at, out var value)) return;
        var sum = unchecked(value + amount);
        if (((value ^ sum) & (amount ^ sum)) < 0)
        {
            c.Fail(Errors.IncrementOverflow);
            return;
        }
        var record = c.Database.SetInteger(at, key, sum, at.Found ? at.Record.ExpireAt : -1);
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.String, "incrby");
        c.Reply.Integer(sum);
    }

    /// <summary>The integer that a string holds, 0 for a missing key; or answers an error.</summary>
    static bool TryReadInteger(in CommandContext c, in KeyLookup at, out long value)
    {
        value = 0;
        if (!c.CheckType(at, ObjectType.String)) return false;
        if (!at.Found) return true;
        if (at.Record.IsInteger)
        {
            value = at.Record.Integer;
            return true;
        }
        // A string that APPEND or SETRANGE made may spell an integer although it is kept as raw bytes.
        if (Numbers.TryParseInt64(at.Record.Text, out value)) return true;
        c.Fail(Errors.NotInteger);
        return false;
    }

    static void IncrByFloat(ref CommandContext c)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        var value = default(LongDouble);
        if (at.Found && !LongDouble.TryParse(at.Record.GetString(scratch), out value) || !LongDouble.TryParse(c.Arg(2), out var amount))
        {
            c.Fail(Errors.NotFloat);
            return;
        }
        var sum = value + amount;
        if (!sum.IsFinite)
        {
            c.Fail(Errors.IncrementNotFinite);
            return;
        }
        Span<byte> text = stackalloc byte[LongDouble.MaxLength];
        text = text[..sum.Format(text)];
        var record = c.Database.SetText(at, key, text, at.Found ? at.Record.ExpireAt : -1);
        if (!at.Found) c.Server.Keys.Created(c.Database, record, key);
        c.Changed(key, KeyspaceEvents.String, "incrbyfloat");
        // Propagates as a SET of the result, since another machine's arithmetic might differ by a digit.
        EmitSetKeepTtl(ref c, key, text);
        c.Reply.Bulk(text);
    }
}
