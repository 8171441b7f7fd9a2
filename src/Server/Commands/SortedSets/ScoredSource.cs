namespace MiniRedis.Server.Commands.SortedSets;

/// <summary>
/// One source of a union, intersection or difference: a sorted set, a set, whose members all have the score 1, or nothing.
/// </summary>
struct ScoredSource(in KeyLookup at, int place)
{
    readonly KeyLookup _at = at;
    readonly int _place = place;

    /// <summary>The factor of its scores.</summary>
    public double Weight = 1;

    /// <summary>Whether each of its members counts as 1, whatever its score.</summary>
    public bool IgnoresScores;

    public long Count { get; } = !at.Found ? 0
        : at.Record.Type == ObjectType.Set ? new SetReader(at.Record).Count : new SortedSetValue(at.Record).Count;

    readonly bool IsSet => _at.Record.Type == ObjectType.Set;

    /// <summary>A member's score times the weight; NaN for zero times infinity.</summary>
    public readonly double Product(double score) => IgnoresScores ? Weight : score * Weight;

    /// <summary>A member's score times the weight; 0 for zero times infinity.</summary>
    public readonly double Weigh(double score) => Product(score) is var product && double.IsNaN(product) ? 0 : product;

    /// <summary>
    /// Orders sources from the smallest to the largest, and those of one size as they were named. Redis does so, and sums of
    /// floating-point numbers depend on the order.
    /// </summary>
    public static void Order(Span<ScoredSource> sources) => sources.Sort(static (x, y) =>
        x.Count != y.Count ? x.Count.CompareTo(y.Count) : x._place.CompareTo(y._place));

    /// <param name="database">The sources'.</param>
    /// <param name="member">What is looked for.</param>
    /// <param name="score">Its score, not weighed.</param>
    public readonly bool TryFind(Database database, ReadOnlySpan<byte> member, out double score)
    {
        score = 1;
        if (!_at.Found) return false;
        if (IsSet) return new SetReader(_at.Record).Contains(member);
        var place = new SortedSetValue(database, _at).Find(member);
        score = place.Score;
        return place.Found;
    }

    /// <summary>Goes through the members of a source that has some.</summary>
    /// <param name="scratch"><see cref="PackedElement.ScratchBytes"/> for a member that is kept as a number.</param>
    public readonly MemberWalk Members(Span<byte> scratch) => IsSet
        ? new(new SetReader(_at.Record).Members(), scratch)
        : new MemberWalk(new SortedSetValue(_at.Record).From(0), scratch);

    /// <summary>Members one after the other, as bytes.</summary>
    public ref struct MemberWalk
    {
        readonly Span<byte> _scratch;
        readonly bool _isSet;
        SetMembers _members;
        SortedSetCursor _cursor;
        bool _started;

        public MemberWalk(SetMembers members, Span<byte> scratch)
        {
            _members = members;
            _isSet = true;
            _scratch = scratch;
        }

        public MemberWalk(SortedSetCursor cursor, Span<byte> scratch)
        {
            _cursor = cursor;
            _scratch = scratch;
        }

        public bool MoveNext()
        {
            if (_isSet) return _members.Next();
            if (_started) _cursor.Move();
            _started = true;
            return _cursor.IsValid;
        }

        public readonly ReadOnlySpan<byte> Current => (_isSet ? _members.Current : _cursor.Member).ToBytes(_scratch);

        public readonly double Score => _isSet ? 1 : _cursor.Score;
    }
}
