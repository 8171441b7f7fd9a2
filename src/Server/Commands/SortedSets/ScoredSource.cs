using MiniRedis.Storage;

namespace MiniRedis.Server.Commands;

/// <summary>
/// One source of a union, intersection or difference: a sorted set, a set, whose members all have the score 1, or nothing.
/// </summary>
struct ScoredSource(Database database, in KeyLookup at)
{
    readonly Database _database = database;
    readonly KeyLookup _at = at;

    /// <summary>What its scores are multiplied by.</summary>
    public double Weight = 1;

    public long Count { get; } = !at.Found ? 0 : new SortedSetValue(database, at).Count;

    /// <summary>A member's score times the weight; 0 for zero times infinity.</summary>
    public readonly double Weigh(double score) => double.IsNaN(score * Weight) ? 0 : score * Weight;

    public readonly bool TryFind(ReadOnlySpan<byte> member, out double score)
    {
        var place = _at.Found ? new SortedSetValue(_database, _at).Find(member) : default;
        score = place.Score;
        return place.Found;
    }

    /// <summary>Goes through the members of a source that has some.</summary>
    public readonly MemberWalk Members(Span<byte> scratch) => new(new SortedSetValue(_database, _at).From(0), scratch);

    /// <summary>Members one after the other, as bytes.</summary>
    public ref struct MemberWalk(SortedSetCursor cursor, Span<byte> scratch)
    {
        readonly Span<byte> _scratch = scratch;
        SortedSetCursor _cursor = cursor;
        bool _started;

        public bool MoveNext()
        {
            if (_started) _cursor.Move();
            _started = true;
            return _cursor.IsValid;
        }

        public readonly ReadOnlySpan<byte> Current => _cursor.Member.ToBytes(_scratch);

        public readonly double Score => _cursor.Score;
    }
}
