using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// The sparse registers: runs of equal values from register 0 to the last, each an opcode of one or two bytes.
/// <code>
///   ZERO   00nnnnnn            n + 1 registers that are 0       (1 to 64)
///   XZERO  01nnnnnn nnnnnnnn   n + 1 registers that are 0       (1 to 16,384)
///   VAL    1vvvvvnn            n + 1 registers that are v + 1   (1 to 4 of 1 to 32)
/// </code>
/// To set a register, the run that covers it is split into up to three, and equal neighbours are joined again. Which splits and
/// joins are made is Redis's choice, not a necessity: it decides which bytes clients see.
/// </summary>
public static partial class HyperLogLog
{
    /// <summary>A register above this has no sparse form.</summary>
    internal const int MaxSparseValue = 32;

    /// <summary>Bytes of the longest replacement of one opcode: XZERO, VAL, XZERO.</summary>
    internal const int MaxReplacement = 5;

    const int MaxValueRun = 4;
    const int MaxZeroRun = 64;

    /// <summary>
    /// Where an opcode starts, the register it starts with, and the opcode before it (-1 if there is none or it is not known).
    /// </summary>
    internal struct RunPosition()
    {
        public int Offset, First;
        public int Previous = -1, PreviousFirst;
    }

    static bool IsLongZeros(byte opcode) => (opcode & 0xC0) == 0x40;

    static bool IsValue(byte opcode) => opcode >= 0x80;

    static int ValueOf(byte opcode) => (opcode >> 2 & 31) + 1;

    static int ValueRun(byte opcode) => (opcode & 3) + 1;

    static byte ValueOpcode(int value, int run) => (byte)(0x80 | (value - 1) << 2 | (run - 1));

    /// <summary>Reads the opcode at <paramref name="at"/>; false behind the end, or if half of it is missing.</summary>
    static bool TryReadRun(ReadOnlySpan<byte> opcodes, int at, out int size, out int run, out byte value)
    {
        (size, run, value) = (1, 0, 0);
        if ((uint)at >= (uint)opcodes.Length) return false;
        var opcode = opcodes[at];
        if (IsValue(opcode))
        {
            (run, value) = (ValueRun(opcode), (byte)ValueOf(opcode));
            return true;
        }
        if (!IsLongZeros(opcode))
        {
            run = opcode + 1;
            return true;
        }
        if (at + 1 == opcodes.Length) return false;
        (size, run) = (2, ((opcode & 63) << 8 | opcodes[at + 1]) + 1);
        return true;
    }

    /// <summary>Writes a run of zeros; returns its size.</summary>
    static int WriteZeros(Span<byte> opcodes, int run)
    {
        if (run <= MaxZeroRun)
        {
            opcodes[0] = (byte)(run - 1);
            return 1;
        }
        opcodes[0] = (byte)(0x40 | (run - 1) >> 8);
        opcodes[1] = (byte)(run - 1);
        return 2;
    }

    /// <summary>
    /// Moves on to the run that covers a register, which must not lie before the position. False if there is none.
    /// </summary>
    internal static bool TryFindRun(ReadOnlySpan<byte> opcodes, int register, ref RunPosition at)
    {
        while (true)
        {
            SkipBlocks(opcodes, register, ref at);
            // The reason for which the blocks ended lies within the next block.
            for (var i = 0; i < Vector128<byte>.Count; i++)
            {
                if (!TryReadRun(opcodes, at.Offset, out var size, out var run, out _)) return false;
                if (register < at.First + run) return true;
                (at.Previous, at.PreviousFirst) = (at.Offset, at.First);
                at.Offset += size;
                at.First += run;
            }
        }
    }

    /// <summary>
    /// Skips 16 opcodes at a time while all of them have one byte and end before the register. PFADD spends most of its time
    /// walking runs.
    /// </summary>
    static void SkipBlocks(ReadOnlySpan<byte> opcodes, int register, ref RunPosition at)
    {
        ref var p = ref MemoryMarshal.GetReference(opcodes);
        while (at.Offset + Vector128<byte>.Count <= opcodes.Length)
        {
            var block = Vector128.LoadUnsafe(ref p, (nuint)at.Offset);
            if (Vector128.EqualsAny(block & Vector128.Create((byte)0xC0), Vector128.Create((byte)0x40))) return;
            var isValue = Vector128.GreaterThanOrEqual(block, Vector128.Create((byte)0x80));
            var mask = Vector128.ConditionalSelect(isValue, Vector128.Create((byte)3), Vector128.Create((byte)63));
            var runs = (block & mask) + Vector128<byte>.One;
            var covered = Vector128.Sum(Vector128.WidenLower(runs) + Vector128.WidenUpper(runs));
            if (register < at.First + covered) return;
            // Only the block's last opcode is ever needed as the opcode before.
            var last = Vector128<byte>.Count - 1;
            at.Previous = at.Offset + last;
            at.Offset += Vector128<byte>.Count;
            at.First += covered;
            at.PreviousFirst = at.First - runs[last];
        }
    }

    /// <summary>
    /// Makes the replacement for the opcode at <paramref name="at"/>, which covers the register, if the register becomes
    /// <paramref name="value"/>. Returns the lengths of the replacement and of what it replaces; 0 if the register is already as
    /// large.
    /// </summary>
    internal static int Split(
        ReadOnlySpan<byte> opcodes, in RunPosition at, int register, byte value, Span<byte> replacement, out int size)
    {
        TryReadRun(opcodes, at.Offset, out size, out var run, out var old);
        if (old >= value) return 0;
        var before = register - at.First;
        var after = at.First + run - 1 - register;
        var length = 0;
        if (before > 0) length += WriteRun(replacement, old, before);
        replacement[length++] = ValueOpcode(value, 1);
        if (after > 0) length += WriteRun(replacement[length..], old, after);
        return length;
    }

    static int WriteRun(Span<byte> opcodes, byte value, int run)
    {
        if (value == 0) return WriteZeros(opcodes, run);
        opcodes[0] = ValueOpcode(value, run);
        return 1;
    }

    /// <summary>
    /// Joins equal neighbours among the five opcodes (as many as Redis looks at) from <paramref name="from"/> on. Returns the
    /// length that remains.
    /// </summary>
    internal static int Join(Span<byte> opcodes, int from)
    {
        var length = opcodes.Length;
        for (var looks = 5; looks > 0 && from < length; looks--)
        {
            var opcode = opcodes[from];
            if (!IsValue(opcode))
            {
                from += IsLongZeros(opcode) ? 2 : 1;
                continue;
            }
            if (from + 1 < length && IsValue(opcodes[from + 1]) && ValueOf(opcode) == ValueOf(opcodes[from + 1]))
            {
                var run = ValueRun(opcode) + ValueRun(opcodes[from + 1]);
                if (run <= MaxValueRun)
                {
                    opcodes[from + 1] = ValueOpcode(ValueOf(opcode), run);
                    opcodes[(from + 1)..length].CopyTo(opcodes[from..]);
                    length--;
                    continue;
                }
            }
            from++;
        }
        return length;
    }

    /// <summary>Raises each of the registers, one a byte, to the sparse ones; false if the sparse ones are corrupt.</summary>
    static bool TryMergeSparse(ReadOnlySpan<byte> opcodes, Span<byte> registers)
    {
        var first = 0;
        for (var at = 0; at < opcodes.Length;)
        {
            if (!TryReadRun(opcodes, at, out var size, out var run, out var value) || first + run > Registers) return false;
            if (value > 0)
            {
                foreach (ref var register in registers.Slice(first, run)) register = Math.Max(register, value);
            }
            at += size;
            first += run;
        }
        return first == Registers;
    }

    /// <summary>Counts how many registers have each value; false if the registers are corrupt.</summary>
    static bool TryHistogramSparse(ReadOnlySpan<byte> opcodes, Span<int> histogram)
    {
        var first = 0;
        for (var at = 0; at < opcodes.Length;)
        {
            if (!TryReadRun(opcodes, at, out var size, out var run, out var value)) return false;
            histogram[value] += run;
            at += size;
            first += run;
        }
        return first == Registers;
    }

    /// <summary>The runs of a sparse value as PFDEBUG DECODE shows them: "Z:100 v:3,1 z:20".</summary>
    public static string Describe(ReadOnlySpan<byte> value)
    {
        var opcodes = value[HeaderSize..];
        var text = new StringBuilder();
        for (var at = 0; TryReadRun(opcodes, at, out var size, out var run, out var register); at += size)
        {
            if (text.Length > 0) text.Append(' ');
            if (register > 0) text.Append(CultureInfo.InvariantCulture, $"v:{register},{run}");
            else text.Append(CultureInfo.InvariantCulture, $"{(size == 2 ? 'Z' : 'z')}:{run}");
        }
        return text.ToString();
    }
}
