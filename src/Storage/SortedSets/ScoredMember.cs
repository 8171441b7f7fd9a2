using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.SortedSets;

/// <summary>
/// An item in the tree of a big sorted set: the score and the member's block. Most comparisons need only the score.
/// <code>
///   member block   | score (8) | length (1) | bytes |      length FF: four bytes of length follow
/// </code>
/// The score stands in the block, too, because a look-up by member ends there.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
unsafe struct ScoredMember(double score, byte* block)
{
    const int LengthOffset = sizeof(double);
    const int LongLength = byte.MaxValue;

    public double Score = score;
    public byte* Block = block;

    /// <summary>The bytes of the member, in place.</summary>
    public readonly ReadOnlySpan<byte> Text => TextOf(Block);

    /// <summary>Allocates a block for a member.</summary>
    public static byte* Allocate(Arena arena, ReadOnlySpan<byte> member, double score)
    {
        var head = member.Length < LongLength ? LengthOffset + 1 : LengthOffset + 1 + sizeof(int);
        var block = arena.Allocate((nuint)(head + member.Length));
        ScoreOf(block) = score;
        block[LengthOffset] = (byte)Math.Min(member.Length, LongLength);
        if (member.Length >= LongLength) *(int*)(block + LengthOffset + 1) = member.Length;
        member.CopyTo(new Span<byte>(block + head, member.Length));
        return block;
    }

    public static ref double ScoreOf(byte* block) => ref *(double*)block;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> TextOf(byte* block)
    {
        int length = block[LengthOffset];
        return length < LongLength
            ? new(block + LengthOffset + 1, length)
            : new(block + LengthOffset + 1 + sizeof(int), *(int*)(block + LengthOffset + 1));
    }
}

/// <summary>The place of a member and its score: by score, and by bytes among members of one score.</summary>
readonly ref struct MemberProbe(double score, ReadOnlySpan<byte> text) : IProbe<ScoredMember>
{
    readonly ReadOnlySpan<byte> _text = text;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CompareTo(in ScoredMember item)
    {
        if (score < item.Score) return -1;
        return score > item.Score ? 1 : _text.SequenceCompareTo(item.Text);
    }
}

/// <summary>The place of a score, whatever the member.</summary>
readonly struct ScoreProbe(double score) : IProbe<ScoredMember>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CompareTo(in ScoredMember item) => score < item.Score ? -1 : score > item.Score ? 1 : 0;
}

/// <summary>The place of a member in a set whose scores are all the same (ZRANGE BYLEX is only defined for these).</summary>
readonly ref struct TextProbe(ReadOnlySpan<byte> text) : IProbe<ScoredMember>
{
    readonly ReadOnlySpan<byte> _text = text;

    public int CompareTo(in ScoredMember item) => _text.SequenceCompareTo(item.Text);
}
