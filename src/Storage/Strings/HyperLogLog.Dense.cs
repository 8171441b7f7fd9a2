using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// The dense registers: 6 bits each, the first in the low bits of the first byte. Four registers take three bytes. Merging and
/// storing convert sixteen registers at a time (12 bytes) to one register a byte and back: each three bytes go into a 32-bit
/// lane, and shifts separate the registers.
/// </summary>
public static partial class HyperLogLog
{
    const int RegisterMask = (1 << RegisterBits) - 1;

    /// <summary>Registers of one step, and the bytes they take.</summary>
    const int Step = 16, StepBytes = Step * RegisterBits / 8;

    internal static byte GetRegister(ReadOnlySpan<byte> dense, int register)
    {
        // The last register ends with the last byte: for it, the two bytes before the end are read.
        var at = Math.Min(register * RegisterBits / 8, DenseSize - HeaderSize - 2);
        return (byte)(BinaryPrimitives.ReadUInt16LittleEndian(dense[at..]) >> (register * RegisterBits - at * 8) & RegisterMask);
    }

    /// <summary>Raises a register; returns whether it was lower.</summary>
    internal static bool RaiseRegister(Span<byte> dense, int register, byte value)
    {
        var at = Math.Min(register * RegisterBits / 8, DenseSize - HeaderSize - 2);
        var shift = register * RegisterBits - at * 8;
        var pair = BinaryPrimitives.ReadUInt16LittleEndian(dense[at..]);
        if ((pair >> shift & RegisterMask) >= value) return false;
        BinaryPrimitives.WriteUInt16LittleEndian(dense[at..], (ushort)(pair & ~(RegisterMask << shift) | value << shift));
        return true;
    }

    /// <summary>Raises each of the registers, one a byte, to the dense ones.</summary>
    static void MergeDense(ReadOnlySpan<byte> dense, Span<byte> registers)
    {
        var register = 0;
        if (Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian)
        {
            ref var from = ref MemoryMarshal.GetReference(dense);
            ref var to = ref MemoryMarshal.GetReference(registers);
            // A step loads 4 bytes beyond its own, so the loop below does the last one.
            for (; register < Registers - Step; register += Step)
            {
                var lanes = Vector128.Shuffle(
                    Vector128.LoadUnsafe(ref from, (nuint)(register / Step * StepBytes)),
                    Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255)).AsUInt32();
                var apart = (lanes & Vector128.Create(0x3Fu)) | (lanes << 2 & Vector128.Create(0x3F00u))
                    | (lanes << 4 & Vector128.Create(0x3F0000u)) | (lanes << 6 & Vector128.Create(0x3F000000u));
                Vector128.Max(apart.AsByte(), Vector128.LoadUnsafe(ref to, (nuint)register)).StoreUnsafe(ref to, (nuint)register);
            }
        }
        for (; register < Registers; register++) registers[register] = Math.Max(registers[register], GetRegister(dense, register));
    }

    /// <summary>Writes registers, one a byte and none above 63, in the dense form.</summary>
    internal static void WriteDense(ReadOnlySpan<byte> registers, Span<byte> dense)
    {
        var register = 0;
        if (Vector128.IsHardwareAccelerated && BitConverter.IsLittleEndian)
        {
            ref var from = ref MemoryMarshal.GetReference(registers);
            ref var to = ref MemoryMarshal.GetReference(dense);
            for (; register < Registers - Step; register += Step)
            {
                var lanes = Vector128.LoadUnsafe(ref from, (nuint)register).AsUInt32();
                var together = (lanes & Vector128.Create(0x3Fu)) | (lanes >> 2 & Vector128.Create(0xFC0u))
                    | (lanes >> 4 & Vector128.Create(0x3F000u)) | (lanes >> 6 & Vector128.Create(0xFC0000u));
                Vector128.Shuffle(together.AsByte(), Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 255, 255, 255, 255))
                    .StoreUnsafe(ref to, (nuint)(register / Step * StepBytes));
            }
        }
        for (; register < Registers; register += 4)
        {
            var four = registers.Slice(register, 4);
            var bits = four[0] | four[1] << 6 | four[2] << 12 | four[3] << 18;
            var at = register / 4 * 3;
            (dense[at], dense[at + 1], dense[at + 2]) = ((byte)bits, (byte)(bits >> 8), (byte)(bits >> 16));
        }
    }

    /// <summary>Counts how many registers have each value.</summary>
    static void HistogramDense(ReadOnlySpan<byte> dense, Span<int> histogram)
    {
        // Equal registers often follow each other. With one table, each increment would wait for the one before.
        Span<int> tables = stackalloc int[4 * Values];
        tables.Clear();
        ref var first = ref MemoryMarshal.GetReference(tables);
        for (; !dense.IsEmpty; dense = dense[6..])
        {
            var eight = BinaryPrimitives.ReadUInt32LittleEndian(dense) | (ulong)BinaryPrimitives.ReadUInt16LittleEndian(dense[4..]) << 32;
            Tally(ref first, (uint)eight, RegisterBits);
            Tally(ref first, (uint)(eight >> 4 * RegisterBits), RegisterBits);
        }
        AddTables(tables, histogram);
    }

    /// <summary>Counts four registers that are <paramref name="bits"/> bits apart, each in a table of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Tally(ref int tables, uint four, int bits)
    {
        Unsafe.Add(ref tables, (nint)(four & RegisterMask))++;
        Unsafe.Add(ref tables, (nint)(Values + (four >> bits & RegisterMask)))++;
        Unsafe.Add(ref tables, (nint)(2 * Values + (four >> 2 * bits & RegisterMask)))++;
        Unsafe.Add(ref tables, (nint)(3 * Values + (four >> 3 * bits & RegisterMask)))++;
    }

    static void AddTables(ReadOnlySpan<int> tables, Span<int> histogram)
    {
        for (var value = 0; value < Values; value++)
            histogram[value] += tables[value] + tables[Values + value] + tables[2 * Values + value] + tables[3 * Values + value];
    }
}
