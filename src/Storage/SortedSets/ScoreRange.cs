namespace MiniRedis.Storage.SortedSets;

/// <summary>A range of scores, each end inclusive or not. Neither end is NaN.</summary>
public readonly record struct ScoreRange(double Min, double Max, bool MinExclusive = false, bool MaxExclusive = false)
{
    /// <summary>Whether no score can lie in the range.</summary>
    public bool IsEmpty => Min > Max || Min == Max && (MinExclusive || MaxExclusive);

    public bool IsBelow(double score) => MinExclusive ? score <= Min : score < Min;

    public bool IsAbove(double score) => MaxExclusive ? score >= Max : score > Max;
}

/// <summary>One end of a range of members: a string, or the place before or behind all strings.</summary>
public readonly ref struct LexBound
{
    LexBound(int infinity, ReadOnlySpan<byte> text, bool exclusive)
    {
        Infinity = infinity;
        Text = text;
        IsExclusive = exclusive;
    }

    /// <summary>-1 before all strings, 1 behind all, 0 for <see cref="Text"/>.</summary>
    public int Infinity { get; }

    public ReadOnlySpan<byte> Text { get; }

    public bool IsExclusive { get; }

    /// <summary>Reads "-", "+", "[text" or "(text".</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out LexBound bound)
    {
        bound = default;
        if (text.IsEmpty) return false;
        switch (text[0])
        {
            case (byte)'-' or (byte)'+' when text.Length == 1:
                bound = new(text[0] == '-' ? -1 : 1, default, true);
                return true;
            case (byte)'[' or (byte)'(':
                bound = new(0, text[1..], text[0] == '(');
                return true;
            default:
                return false;
        }
    }

    /// <summary>
    /// Below zero if the member comes before this end, above zero if it comes behind, zero if it is the same string.
    /// </summary>
    public int Compare(ReadOnlySpan<byte> member) => Infinity != 0 ? -Infinity : member.SequenceCompareTo(Text);
}

/// <summary>A range of members by their bytes.</summary>
public readonly ref struct LexRange(LexBound min, LexBound max)
{
    public LexBound Min { get; } = min;

    public LexBound Max { get; } = max;

    /// <summary>Whether no member can lie in the range.</summary>
    public bool IsEmpty
    {
        get
        {
            if (Min.Infinity != 0 || Max.Infinity != 0) return Min.Infinity > 0 || Max.Infinity < 0;
            var order = Min.Text.SequenceCompareTo(Max.Text);
            return order > 0 || order == 0 && (Min.IsExclusive || Max.IsExclusive);
        }
    }

    public bool IsBelow(ReadOnlySpan<byte> member) => Min.IsExclusive ? Min.Compare(member) <= 0 : Min.Compare(member) < 0;

    public bool IsAbove(ReadOnlySpan<byte> member) => Max.IsExclusive ? Max.Compare(member) >= 0 : Max.Compare(member) > 0;
}
