using System.Buffers.Text;
using System.Runtime.CompilerServices;
using MiniRedis.Resp;

namespace MiniRedis.Storage.Streams;

/// <summary>
/// The id of a stream's entry: milliseconds, and a number within the millisecond. Ids are ordered by both, and written "ms-seq".
/// </summary>
public readonly record struct StreamId(ulong Ms, ulong Seq) : IComparable<StreamId>
{
    /// <summary>Bytes of the longest id as text.</summary>
    public const int MaxLength = 41;

    /// <summary>Redis copies an id into a buffer of 128 bytes before it reads it; longer ones are invalid.</summary>
    const int LongestText = 127;

    public static StreamId Min => default;

    public static StreamId Max => new(ulong.MaxValue, ulong.MaxValue);

    public bool IsZero => (Ms | Seq) == 0;

    /// <summary>The id after this one. After the last id: false, and the first of all.</summary>
    public bool TryNext(out StreamId next)
    {
        // Decide first: the caller may assign the result to this id.
        var isThere = this != Max;
        next = Seq < ulong.MaxValue ? new(Ms, Seq + 1) : Ms < ulong.MaxValue ? new(Ms + 1, 0) : Min;
        return isThere;
    }

    /// <summary>The id before this one. Before the first id: false, and the last of all.</summary>
    public bool TryPrevious(out StreamId previous)
    {
        var isThere = !IsZero;
        previous = Seq > 0 ? new(Ms, Seq - 1) : Ms > 0 ? new(Ms - 1, ulong.MaxValue) : Max;
        return isThere;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CompareTo(StreamId other) =>
        Ms != other.Ms ? (Ms < other.Ms ? -1 : 1) : Seq == other.Seq ? 0 : Seq < other.Seq ? -1 : 1;

    public static bool operator <(StreamId left, StreamId right) => left.CompareTo(right) < 0;

    public static bool operator >(StreamId left, StreamId right) => left.CompareTo(right) > 0;

    public static bool operator <=(StreamId left, StreamId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(StreamId left, StreamId right) => left.CompareTo(right) >= 0;

    /// <summary>Reads "ms-seq", or "ms" with <paramref name="missingSeq"/> as the sequence.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, ulong missingSeq, out StreamId id) =>
        TryParse(text, missingSeq, allowAutoSeq: false, out id, out _);

    /// <summary>As above, and also "ms-*": then the stream finds the sequence, which is 0 here.</summary>
    public static bool TryParseWithAutoSeq(ReadOnlySpan<byte> text, out StreamId id, out bool isSeqGiven) =>
        TryParse(text, 0, allowAutoSeq: true, out id, out isSeqGiven);

    static bool TryParse(ReadOnlySpan<byte> text, ulong missingSeq, bool allowAutoSeq, out StreamId id, out bool isSeqGiven)
    {
        id = default;
        isSeqGiven = true;
        if (text.Length > LongestText) return false;
        // C's functions read it there, and they end at a zero byte.
        var end = text.IndexOf((byte)0);
        if (end >= 0) text = text[..end];
        var dash = text.IndexOf((byte)'-');
        var seq = missingSeq;
        if (!TryParseNumber(dash < 0 ? text : text[..dash], out var ms)) return false;
        if (dash >= 0)
        {
            var rest = text[(dash + 1)..];
            if (allowAutoSeq && rest.SequenceEqual("*"u8))
            {
                seq = 0;
                isSeqGiven = false;
            }
            else if (!TryParseNumber(rest, out seq)) return false;
        }
        id = new(ms, seq);
        return true;
    }

    /// <summary>
    /// As Redis's string2ull: text that is not in canonical spelling is read as C's strtoull does, with blanks and zeros in
    /// front.
    /// </summary>
    static bool TryParseNumber(ReadOnlySpan<byte> text, out ulong value)
    {
        if (Numbers.TryParseUInt64(text, out value)) return true;
        text = text.TrimStart(" \t\n\v\f\r"u8);
        if (text.Length > 0 && text[0] == (byte)'+') text = text[1..];
        if (text.IsEmpty || text.IndexOfAnyExceptInRange((byte)'0', (byte)'9') >= 0) return false;
        var digits = text.TrimStart((byte)'0');
        return digits.IsEmpty || Numbers.TryParseUInt64(digits, out value);
    }

    /// <summary>Writes "ms-seq" and returns its length, at most <see cref="MaxLength"/>.</summary>
    public int Format(Span<byte> destination)
    {
        Utf8Formatter.TryFormat(Ms, destination, out var length);
        destination[length++] = (byte)'-';
        Utf8Formatter.TryFormat(Seq, destination[length..], out var second);
        return length + second;
    }

    public override string ToString() => $"{Ms}-{Seq}";
}
