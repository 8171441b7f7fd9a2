using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>Fields as numbers. A field keeps its deadline.</summary>
static partial class HashCommands
{
    static readonly Command HIncrBySpec = new()
    {
        Name = "HINCRBY", Group = CommandGroup.Hash, Since = "2.0.0", Complexity = "O(1)",
        Summary = "Adds to the integer in a field.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.String("field"), Arg.Integer("increment")],
        Propagates = Propagation.Verbatim,
        Run = HIncrBy,
    };

    static readonly Command HIncrByFloatSpec = new()
    {
        Name = "HINCRBYFLOAT", Group = CommandGroup.Hash, Since = "2.6.0", Complexity = "O(1)",
        Summary = "Adds to the number in a field.",
        Arity = 4, Flags = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update)],
        Args = [Arg.Key("key"), Arg.String("field"), Arg.Double("increment")],
        Propagates = Propagation.AsEffects,
        Run = HIncrByFloat,
    };

    static void HIncrBy(ref CommandContext c)
    {
        if (!c.TryInteger(3, out var amount) || !TryWrite(ref c, FieldList.Of(2, 1), out var at)) return;
        var hash = new HashReader(at.Record);
        long value = 0;
        if (hash.Find(c.Arg(2), c.ExpiredBy, out var spot))
        {
            var old = hash.Value(spot);
            if (old.IsInteger) value = old.Integer;
            else if (!Numbers.TryParseInt64(old.Text, out value))
            {
                c.Fail(Errors.HashNotInteger);
                return;
            }
        }
        var sum = unchecked(value + amount);
        if (((value ^ sum) & (amount ^ sum)) < 0)
        {
            c.Fail(Errors.IncrementOverflow);
            return;
        }
        Span<byte> text = stackalloc byte[Numbers.MaxInt64Length];
        text = text[..Numbers.FormatInt64(sum, text)];
        var editor = Open(ref c, at);
        editor.Set(c.Arg(2), text, keepDeadline: true);
        c.Reply.Integer(sum);
        c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hincrby");
    }

    static void HIncrByFloat(ref CommandContext c)
    {
        if (!LongDouble.TryParse(c.Arg(3), out var amount))
        {
            c.Fail(Errors.NotFloat);
            return;
        }
        if (!amount.IsFinite)
        {
            c.Fail(Errors.NotFinite);
            return;
        }
        if (!TryWrite(ref c, FieldList.Of(2, 1), out var at)) return;
        var hash = new HashReader(at.Record);
        var value = default(LongDouble);
        long expireAt = -1;
        if (hash.Find(c.Arg(2), c.ExpiredBy, out var spot))
        {
            Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
            if (!LongDouble.TryParse(hash.Value(spot).ToBytes(scratch), out value))
            {
                c.Fail(Errors.HashNotFloat);
                return;
            }
            expireAt = hash.ExpireAt(spot);
        }
        var sum = value + amount;
        if (!sum.IsFinite)
        {
            c.Fail(Errors.IncrementNotFinite);
            return;
        }
        Span<byte> text = stackalloc byte[LongDouble.MaxLength];
        text = text[..sum.Format(text)];
        var editor = Open(ref c, at);
        editor.Set(c.Arg(2), text, keepDeadline: true);
        c.Reply.Bulk(text);
        c.Changed(c.Arg(1), KeyspaceEvents.Hash, "hincrbyfloat");
        EmitSet(ref c, text, expireAt);
    }

    /// <summary>
    /// Propagates as an HSET of the result, since another machine's arithmetic might differ by a digit. An HPEXPIREAT follows,
    /// since HSET removes the deadline.
    /// </summary>
    static void EmitSet(scoped ref CommandContext c, scoped ReadOnlySpan<byte> value, long expireAt)
    {
        if (!c.IsPropagating) return;
        var effect = c.Emit(4);
        effect.Add("HSET"u8);
        effect.Add(c.Arg(1));
        effect.Add(c.Arg(2));
        effect.Add(value);
        if (expireAt < 0) return;
        effect = c.Emit(6);
        effect.Add("HPEXPIREAT"u8);
        effect.Add(c.Arg(1));
        effect.Add(expireAt);
        effect.Add("FIELDS"u8);
        effect.Add(1);
        effect.Add(c.Arg(2));
    }
}
