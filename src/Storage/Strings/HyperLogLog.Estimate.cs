using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// The estimate of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches" (arXiv:1702.01284). It depends on
/// how many registers have each value. The operations on doubles are in Redis's order, so counts are equal to the last digit.
/// </summary>
public static partial class HyperLogLog
{
    /// <summary>Values that a register can hold. A hash yields none above 51; a client's bytes may.</summary>
    const int Values = 1 << RegisterBits;

    /// <summary>1 / (2 ln 2).</summary>
    const double AlphaInfinity = 0.721347520444481703680;

    /// <summary>The cardinality of a value, computed anew. False if its registers are corrupt.</summary>
    public static bool TryCount(ReadOnlySpan<byte> value, out ulong count)
    {
        Span<int> histogram = stackalloc int[Values];
        histogram.Clear();
        var sound = true;
        if (IsDense(value)) HistogramDense(value[HeaderSize..], histogram);
        else sound = TryHistogramSparse(value[HeaderSize..], histogram);
        count = sound ? Estimate(histogram) : 0;
        return sound;
    }

    /// <summary>
    /// Raises each of the registers, one a byte, to those of a value: the union. False if the value's registers are corrupt.
    /// </summary>
    public static bool TryMerge(ReadOnlySpan<byte> value, Span<byte> registers)
    {
        if (!IsDense(value)) return TryMergeSparse(value[HeaderSize..], registers);
        MergeDense(value[HeaderSize..], registers);
        return true;
    }

    /// <summary>The cardinality of registers, one a byte and none above 63.</summary>
    public static ulong Count(ReadOnlySpan<byte> registers)
    {
        Span<int> tables = stackalloc int[4 * Values];
        tables.Clear();
        ref var first = ref MemoryMarshal.GetReference(tables);
        foreach (var eight in MemoryMarshal.Cast<byte, ulong>(registers))
        {
            // If few elements were seen, most registers are zero.
            if (eight == 0)
            {
                first += 8;
                continue;
            }
            Tally(ref first, (uint)eight, bits: 8);
            Tally(ref first, (uint)(eight >> 32), bits: 8);
        }
        Span<int> histogram = stackalloc int[Values];
        histogram.Clear();
        AddTables(tables, histogram);
        return Estimate(histogram);
    }

    static ulong Estimate(ReadOnlySpan<int> histogram)
    {
        const double m = Registers;
        var z = m * Tau((m - histogram[HashBits + 1]) / m);
        for (var value = HashBits; value >= 1; value--)
        {
            z += histogram[value];
            z *= 0.5;
        }
        z += m * Sigma(histogram[0] / m);
        var estimate = Math.Round(AlphaInfinity * m * m / z, MidpointRounding.AwayFromZero);
        // If all registers are full there is no estimate: answer a C long's lowest number, which x86 makes of infinity.
        return double.IsFinite(estimate) ? (ulong)estimate : 1UL << 63;
    }

    static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        double previous, y = 1, z = x;
        do
        {
            x *= x;
            previous = z;
            z += x * y;
            y += y;
        }
        while (previous != z);
        return z;
    }

    static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        double previous, y = 1, z = 1 - x;
        do
        {
            x = Math.Sqrt(x);
            previous = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }
        while (previous != z);
        return z / 3;
    }
}
