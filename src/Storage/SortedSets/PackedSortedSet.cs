using MiniRedis.Resp;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.SortedSets;

/// <summary>
/// A small sorted set: a listpack of member, score, member, score, in order. As in Redis, a score that is a whole number is kept
/// as an integer, any other as its shortest decimal text.
/// </summary>
static unsafe class PackedSortedSet
{
    /// <summary>
    /// Scores beyond half of a 64-bit integer's range are kept as text even if they are whole (double2ll in Redis).
    /// </summary>
    const double MostWhole = long.MaxValue / 2;

    public static long Count(byte* lp) => Listpack.Count(lp) / 2;

    /// <summary>The member's offset, or -1.</summary>
    public static int Find(byte* lp, ReadOnlySpan<byte> member) => Listpack.Find(lp, Listpack.First(lp), member, skip: 1);

    /// <summary>The score behind a member.</summary>
    public static double ScoreOf(byte* lp, int member)
    {
        var score = Listpack.Get(lp, Listpack.Next(lp, member));
        if (score.IsInteger) return score.Integer;
        // RESTORE refuses text that is no number; it would count as 0.
        return Numbers.TryParseDouble(score.Text, out var value) ? value : 0;
    }

    /// <summary>The next member, or -1.</summary>
    public static int Next(byte* lp, int member) => Listpack.Next(lp, Listpack.Next(lp, member));

    /// <summary>The previous member, or -1.</summary>
    public static int Previous(byte* lp, int member)
    {
        var score = Listpack.Prev(lp, member);
        return score < 0 ? -1 : Listpack.Prev(lp, score);
    }

    /// <summary>The member of a rank.</summary>
    public static int At(byte* lp, long rank) => Listpack.Seek(lp, (int)rank * 2);

    public static long RankOf(byte* lp, int member)
    {
        var rank = 0;
        for (var at = Listpack.First(lp); at != member; at = Next(lp, at)) rank++;
        return rank;
    }

    /// <summary>Adds a member that the set does not have, at its place.</summary>
    public static void Add<TOwner>(scoped ref TOwner owner, ReadOnlySpan<byte> member, double score)
        where TOwner : struct, IReservingOwner, allows ref struct
    {
        var lp = owner.Start;
        var before = -1;
        var last = Listpack.Last(lp);
        // Most sets grow at their end: times, ids.
        if (last >= 0 && ScoreOf(lp, Listpack.Prev(lp, last)) >= score)
        {
            for (before = Listpack.First(lp); before >= 0; before = Next(lp, before))
            {
                var other = ScoreOf(lp, before);
                if (other > score || other == score && Compare(Listpack.Get(lp, before), member) > 0) break;
            }
        }
        Insert(ref owner, before, member, score);
    }

    /// <summary>Adds a member behind all others.</summary>
    public static void Append<TOwner>(scoped ref TOwner owner, ReadOnlySpan<byte> member, double score)
        where TOwner : struct, IReservingOwner, allows ref struct => Insert(ref owner, -1, member, score);

    static void Insert<TOwner>(scoped ref TOwner owner, int before, ReadOnlySpan<byte> member, double score)
        where TOwner : struct, IReservingOwner, allows ref struct
    {
        var whole = (long)score;
        var isWhole = Math.Abs(score) <= MostWhole && whole == score;
        Span<byte> digits = stackalloc byte[Numbers.MaxDoubleLength];
        ReadOnlySpan<byte> text = digits[..(isWhole ? 0 : Numbers.FormatDouble(score, digits))];
        owner.Reserve(Listpack.SizeOf(member) + (isWhole ? Listpack.SizeOf(whole) : Listpack.SizeOf(text)));
        var at = Listpack.Insert(ref owner, before, member);
        var behind = Listpack.Next(owner.Start, at);
        if (isWhole) Listpack.Insert(ref owner, behind, whole);
        else Listpack.Insert(ref owner, behind, text);
    }

    /// <summary>The ranks whose scores lie in the range: the first rank, and how many.</summary>
    public static (long First, long Count) RanksOf(byte* lp, in ScoreRange range)
    {
        long below = 0, inside = 0;
        for (var at = Listpack.First(lp); at >= 0; at = Next(lp, at))
        {
            var score = ScoreOf(lp, at);
            if (range.IsBelow(score)) below++;
            else if (range.IsAbove(score)) break;
            else inside++;
        }
        return (below, inside);
    }

    /// <inheritdoc cref="RanksOf(byte*, in ScoreRange)"/>
    public static (long First, long Count) RanksOf(byte* lp, in LexRange range)
    {
        long below = 0, inside = 0;
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var at = Listpack.First(lp); at >= 0; at = Next(lp, at))
        {
            var member = Listpack.Get(lp, at).ToBytes(scratch);
            if (range.IsBelow(member)) below++;
            else if (range.IsAbove(member)) break;
            else inside++;
        }
        return (below, inside);
    }

    static int Compare(PackedElement element, ReadOnlySpan<byte> member)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        return element.ToBytes(scratch).SequenceCompareTo(member);
    }
}
