using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// BITOP: combines strings bit by bit; shorter ones are padded with zeros. The result is made piece by piece. Each piece is small
/// enough to stay in the first-level cache while all sources are applied to it. So memory is read once and written once, however
/// many sources there are.
/// </summary>
public static partial class Bitmap
{
    const int Piece = 4096;

    /// <summary>
    /// Writes the combination of strings over <paramref name="result"/>, which is as long as the longest of them. A null record
    /// is an empty string.
    /// </summary>
    public static void Combine(BitOperation operation, Span<byte> result, ReadOnlySpan<Record> sources)
    {
        Span<byte> scratch = stackalloc byte[32];
        Span<byte> repeated = stackalloc byte[operation == BitOperation.One ? Piece : 0];
        for (var start = 0; start < result.Length; start += Piece)
        {
            var piece = result[start..Math.Min(start + Piece, result.Length)];
            // DIFF1 and ANDOR combine all sources but the first, and apply the first at the end.
            var gathersRest = operation is BitOperation.Diff1 or BitOperation.AndOr;
            CopyPadded(Part(sources[gathersRest ? 1 : 0], start, piece.Length, scratch), piece);
            switch (operation)
            {
                case BitOperation.Not:
                    Apply<NotOperator>(piece, piece);
                    break;
                case BitOperation.One:
                    CombineOne(piece, repeated[..piece.Length], start, sources, scratch);
                    break;
                default:
                    for (var i = gathersRest ? 2 : 1; i < sources.Length; i++)
                        ApplyPadded(operation, piece, Part(sources[i], start, piece.Length, scratch));
                    if (gathersRest) ApplyFirst(operation, piece, Part(sources[0], start, piece.Length, scratch));
                    break;
            }
        }
    }

    /// <summary>
    /// Bits set in exactly one source: the bits set an odd number of times, without those that were set repeatedly.
    /// </summary>
    static void CombineOne(Span<byte> odd, Span<byte> repeated, int start, ReadOnlySpan<Record> sources, Span<byte> scratch)
    {
        repeated.Clear();
        foreach (var source in sources[1..])
        {
            var next = Part(source, start, odd.Length, scratch);
            MarkRepeated(repeated[..next.Length], odd[..next.Length], next);
            Apply<XorOperator>(odd[..next.Length], next);
        }
        Apply<AndNotOperator>(odd, repeated);
    }

    static void ApplyPadded(BitOperation operation, Span<byte> piece, ReadOnlySpan<byte> part)
    {
        var covered = piece[..part.Length];
        switch (operation)
        {
            case BitOperation.And:
                Apply<AndOperator>(covered, part);
                piece[part.Length..].Clear();
                break;
            case BitOperation.Xor:
                Apply<XorOperator>(covered, part);
                break;
            case BitOperation.Diff:
                Apply<AndNotOperator>(covered, part);
                break;
            default:
                Apply<OrOperator>(covered, part);
                break;
        }
    }

    static void ApplyFirst(BitOperation operation, Span<byte> piece, ReadOnlySpan<byte> first) =>
        ApplyPadded(operation == BitOperation.AndOr ? BitOperation.And : BitOperation.Diff, piece, first);

    static ReadOnlySpan<byte> Part(Record source, int start, int length, Span<byte> scratch)
    {
        if (source.IsNull) return [];
        var text = source.GetString(scratch);
        return start >= text.Length ? [] : text[start..Math.Min(start + length, text.Length)];
    }

    static void CopyPadded(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from.CopyTo(to);
        to[from.Length..].Clear();
    }

    static void MarkRepeated(Span<byte> repeated, ReadOnlySpan<byte> seen, ReadOnlySpan<byte> next)
    {
        var i = 0;
        for (; i <= next.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var marks = Vector128.Create<byte>(repeated[i..]);
            (marks | (Vector128.Create(seen[i..]) & Vector128.Create(next[i..]))).CopyTo(repeated[i..]);
        }
        for (; i < next.Length; i++) repeated[i] |= (byte)(seen[i] & next[i]);
    }

    /// <summary>Applies the operator to each byte and its counterpart in <paramref name="other"/>.</summary>
    static void Apply<TOperator>(Span<byte> bytes, ReadOnlySpan<byte> other) where TOperator : IBitOperator
    {
        ref var p = ref MemoryMarshal.GetReference(bytes);
        ref var q = ref MemoryMarshal.GetReference(other);
        nuint i = 0;
        var length = (nuint)(uint)bytes.Length;
        for (; i + (nuint)Vector128<byte>.Count <= length; i += (nuint)Vector128<byte>.Count)
            TOperator.Apply(Vector128.LoadUnsafe(ref p, i), Vector128.LoadUnsafe(ref q, i)).StoreUnsafe(ref p, i);
        for (; i < length; i++)
        {
            ref var cell = ref Unsafe.Add(ref p, i);
            cell = TOperator.Apply(cell, Unsafe.Add(ref q, i));
        }
    }

    interface IBitOperator
    {
        static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b);

        static abstract byte Apply(byte a, byte b);
    }

    readonly struct AndOperator : IBitOperator
    {
        public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a & b;

        public static byte Apply(byte a, byte b) => (byte)(a & b);
    }

    readonly struct OrOperator : IBitOperator
    {
        public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a | b;

        public static byte Apply(byte a, byte b) => (byte)(a | b);
    }

    readonly struct XorOperator : IBitOperator
    {
        public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a ^ b;

        public static byte Apply(byte a, byte b) => (byte)(a ^ b);
    }

    readonly struct NotOperator : IBitOperator
    {
        public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => ~a;

        public static byte Apply(byte a, byte b) => (byte)~a;
    }

    readonly struct AndNotOperator : IBitOperator
    {
        public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.AndNot(a, b);

        public static byte Apply(byte a, byte b) => (byte)(a & ~b);
    }
}

/// <summary>BITOP's operations. Below, X is the first source and Y is each of the others.</summary>
public enum BitOperation
{
    And,
    Or,
    Xor,
    Not,

    /// <summary>In X and in no Y.</summary>
    Diff,

    /// <summary>In some Y and not in X.</summary>
    Diff1,

    /// <summary>In X and in some Y.</summary>
    AndOr,

    /// <summary>In exactly one source.</summary>
    One,
}
