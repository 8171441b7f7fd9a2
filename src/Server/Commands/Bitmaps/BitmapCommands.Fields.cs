using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Bitmaps;

/// <summary>BITFIELD: integers of any width in a string.</summary>
static partial class BitmapCommands
{
    static readonly Command BitFieldSpec = new()
    {
        Name = "BITFIELD", Group = CommandGroup.Bitmap, Since = "3.2.0", Complexity = "O(1) for each operation",
        Summary = "Reads, writes and adds to integers of any width at any bit of a string.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys =
        [
            KeySpec.At(1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update | KeyFlags.VariableFlags)
                .WithNotes("This command allows both access and modification of the key"),
        ],
        GetKeys = FindBitFieldKey,
        Args =
        [
            Arg.Key("key"),
            Arg.OneOf("operation",
                Arg.Block("get-block", Arg.String("encoding"), Arg.Integer("offset")).After("GET"),
                Arg.Block("write",
                    Arg.OneOf("overflow-block", Arg.Token("WRAP"), Arg.Token("SAT"), Arg.Token("FAIL")).After("OVERFLOW").Optional(),
                    Arg.OneOf("write-operation",
                        Arg.Block("set-block", Arg.String("encoding"), Arg.Integer("offset"), Arg.Integer("value")).After("SET"),
                        Arg.Block("incrby-block", Arg.String("encoding"), Arg.Integer("offset"), Arg.Integer("increment")).After("INCRBY"))))
                .Multiple().Optional(),
        ],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => BitField(ref c, readOnly: false),
    };

    static readonly Command BitFieldRoSpec = new()
    {
        Name = "BITFIELD_RO", Group = CommandGroup.Bitmap, Since = "6.0.0", Complexity = "O(1) for each operation",
        Summary = "Reads integers of any width at any bit of a string.",
        Arity = -2, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key"),
            Arg.Block("get-block", Arg.String("encoding"), Arg.Integer("offset")).After("GET").MultipleToken().Optional(),
        ],
        Run = static (ref CommandContext c) => BitField(ref c, readOnly: true),
    };

    enum FieldAction : byte
    {
        Get,
        Set,
        IncrBy,
    }

    enum Overflow : byte
    {
        Wrap,
        Saturate,
        Fail,
    }

    /// <summary>One operation of a BITFIELD; <see cref="Operand"/> is the value to set or to add.</summary>
    record struct FieldOperation(FieldAction Action, Overflow Overflow, bool IsSigned, int Width, long Offset, long Operand)
    {
        public readonly long LastBit => Offset + Width - 1;

        /// <summary>Makes the field's number from its bits.</summary>
        public readonly long Number(ulong bits) => IsSigned ? Bitmap.SignExtend(bits, Width) : (long)bits;

        /// <summary>
        /// The field's new value, of which the low bits count. False if it overflows and the operation is to fail.
        /// </summary>
        public readonly bool TryCompute(ulong old, out ulong value)
        {
            // No sum overflows 128 bits. In an unsigned field a negative number counts as a huge one, which saturates to the
            // maximum.
            Int128 operand = Action == FieldAction.Set && !IsSigned ? (ulong)Operand : Operand;
            var exact = Action == FieldAction.Set ? operand : Number(old) + operand;
            var max = (Int128.One << (IsSigned ? Width - 1 : Width)) - 1;
            var min = IsSigned ? -max - 1 : 0;
            var fits = exact >= min && exact <= max;
            // A SET of a very low number saturates to the maximum: Redis's arithmetic overflows if the distance from the maximum
            // exceeds 64 bits. The command is replicated as it came, so the bytes must be the same here.
            var wraps = Action == FieldAction.Set && IsSigned && Width < 64 && max - exact > long.MaxValue;
            var tooHigh = exact > max || wraps;
            if (!fits && Overflow == Overflow.Saturate) exact = tooHigh ? max : min;
            value = (ulong)(exact & ulong.MaxValue);
            return fits || Overflow != Overflow.Fail;
        }
    }

    static void BitField(ref CommandContext c, bool readOnly)
    {
        // All operations are checked before the first one runs. They are parsed twice, which needs no list.
        var overflow = Overflow.Wrap;
        long lastBit = -1;
        var count = 0;
        for (var i = 2; i < c.Count;)
        {
            if (!TryFieldOperation(ref c, ref i, ref overflow, out var operation)) return;
            if (operation is not { } one) continue;
            count++;
            if (one.Action != FieldAction.Get) lastBit = Math.Max(lastBit, one.LastBit);
        }
        if (lastBit < 0) GetFields(ref c, count);
        else if (readOnly) c.Fail(Errors.BitFieldReadOnly);
        else ChangeFields(ref c, count, lastBit);
    }

    static void GetFields(ref CommandContext c, int count)
    {
        var at = c.LookupRead(c.Arg(1));
        if (!c.CheckType(at, ObjectType.String)) return;
        Span<byte> scratch = stackalloc byte[32];
        var text = at.Found ? at.Record.GetString(scratch) : [];
        c.Reply.Array(count);
        var overflow = Overflow.Wrap;
        for (var i = 2; i < c.Count;)
        {
            if (TryFieldOperation(ref c, ref i, ref overflow, out var operation) && operation is { } get)
                c.Reply.Integer(get.Number(Bitmap.ReadField(text, get.Offset, get.Width)));
        }
    }

    static void ChangeFields(ref CommandContext c, int count, long lastBit)
    {
        var key = c.Arg(1);
        var at = c.LookupWrite(key);
        if (!c.CheckType(at, ObjectType.String)) return;
        var bytes = Reach(ref c, at, key, lastBit, out var grew);
        c.Reply.Array(count);
        var overflow = Overflow.Wrap;
        var changes = 0;
        for (var i = 2; i < c.Count;)
        {
            if (!TryFieldOperation(ref c, ref i, ref overflow, out var operation) || operation is not { } one) continue;
            var old = Bitmap.ReadField(bytes, one.Offset, one.Width);
            if (one.Action == FieldAction.Get)
            {
                c.Reply.Integer(one.Number(old));
                continue;
            }
            if (!one.TryCompute(old, out var value))
            {
                c.Reply.Null();
                continue;
            }
            Bitmap.WriteField(bytes, one.Offset, one.Width, value);
            value = Bitmap.ReadField(bytes, one.Offset, one.Width);
            c.Reply.Integer(one.Number(one.Action == FieldAction.Set ? old : value));
            if (grew || old != value) changes++;
        }
        // A string that grew for operations that failed has changed too. (Redis does not tell its replicas.)
        if (grew) changes = Math.Max(1, changes);
        if (changes == 0) return;
        c.Changed(key, KeyspaceEvents.String, "setbit");
        c.Server.Effects.Dirty += changes - 1;
    }

    /// <summary>
    /// Reads the operation at <paramref name="index"/> and moves the index behind it, or answers an error. OVERFLOW gives null:
    /// it is no operation, but says how the following ones overflow.
    /// </summary>
    static bool TryFieldOperation(ref CommandContext c, ref int index, ref Overflow overflow, out FieldOperation? operation)
    {
        operation = null;
        var start = index;
        var rest = c.Count - start - 1;
        if (rest >= 1 && c.IsToken(start, "OVERFLOW"u8))
        {
            index += 2;
            return TryOverflow(ref c, start + 1, ref overflow);
        }
        FieldAction action;
        if (rest >= 2 && c.IsToken(start, "GET"u8)) action = FieldAction.Get;
        else if (rest >= 3 && c.IsToken(start, "SET"u8)) action = FieldAction.Set;
        else if (rest >= 3 && c.IsToken(start, "INCRBY"u8)) action = FieldAction.IncrBy;
        else
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        if (!TryFieldType(ref c, start + 1, out var isSigned, out var width)) return false;
        if (!TryOffset(ref c, start + 2, out var offset, width)) return false;
        long operand = 0;
        if (action != FieldAction.Get && !c.TryInteger(start + 3, out operand)) return false;
        index += action == FieldAction.Get ? 3 : 4;
        operation = new FieldOperation(action, overflow, isSigned, width, offset, operand);
        return true;
    }

    static bool TryOverflow(ref CommandContext c, int index, ref Overflow overflow)
    {
        if (c.IsToken(index, "WRAP"u8)) overflow = Overflow.Wrap;
        else if (c.IsToken(index, "SAT"u8)) overflow = Overflow.Saturate;
        else if (c.IsToken(index, "FAIL"u8)) overflow = Overflow.Fail;
        else
        {
            c.Fail(Errors.BitFieldOverflow);
            return false;
        }
        return true;
    }

    /// <summary>Reads a type, i1 to i64 or u1 to u63: an unsigned 64-bit number would not fit an integer reply.</summary>
    static bool TryFieldType(ref CommandContext c, int index, out bool isSigned, out int width)
    {
        var text = c.Arg(index);
        isSigned = text is [(byte)'i', ..];
        width = 0;
        var widest = isSigned ? 64 : text is [(byte)'u', ..] ? 63 : 0;
        if (widest > 0 && Numbers.TryParseInt64(text[1..], out var bits) && bits >= 1 && bits <= widest)
        {
            width = (int)bits;
            return true;
        }
        c.Fail(Errors.BitFieldType);
        return false;
    }

    /// <summary>
    /// Finds the key. It is only read if every operation is a GET; it counts as written if the arguments make no sense.
    /// </summary>
    static bool FindBitFieldKey(CommandSpec spec, in Request request, ref KeyBuffer keys)
    {
        var reads = true;
        for (var i = 2; i < request.Count && reads;)
        {
            var rest = request.Count - i - 1;
            if (rest >= 2 && Ascii.EqualsIgnoreCase(request[i], "GET"u8)) i += 3;
            else if (rest >= 1 && Ascii.EqualsIgnoreCase(request[i], "OVERFLOW"u8)) i += 2;
            else reads = false;
        }
        keys.Add(1, reads ? KeyFlags.RO | KeyFlags.Access : KeyFlags.RW | KeyFlags.Access | KeyFlags.Update);
        return true;
    }
}
