using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Values;

namespace MiniRedis.Storage.Lists;

public unsafe ref partial struct ListValue
{
    /// <summary>Replaces the element at an index. False if there is no such index.</summary>
    /// <param name="index">Negative indexes count from the end.</param>
    /// <param name="value">A value for which <see cref="Prepare"/> was called.</param>
    public bool TryReplace(long index, scoped ReadOnlySpan<byte> value)
    {
        if (index < 0) index += Count;
        if (index < 0 || index >= Count) return false;
        _database.BeginEdit(At);
        if (_nodes.Exists)
        {
            var node = _nodes.Seek(index, out var local);
            _nodes.Replace(node, local, value);
            return true;
        }
        var packed = new RecordBlock(_database.Arena, At);
        Listpack.Replace(ref packed, Listpack.Seek(packed.Start, (int)index), value);
        Follow(packed.Record);
        return true;
    }

    /// <summary>Inserts a value before or after the first element that equals another. False if there is none.</summary>
    public bool TryInsert(scoped ReadOnlySpan<byte> pivot, scoped ReadOnlySpan<byte> value, bool after)
    {
        var finder = new Finder(new ListMatcher(pivot));
        Visit(0, Count, backward: false, ref finder);
        if (!finder.Found) return false;
        _database.BeginEdit(At);
        if (_nodes.Exists)
        {
            var node = _nodes.Seek(finder.Index, out var local);
            _nodes.Insert(node, local, value, after);
            return true;
        }
        var packed = new RecordBlock(_database.Arena, At);
        var at = Listpack.Seek(packed.Start, (int)finder.Index);
        if (after) at = Listpack.Next(packed.Start, at);
        Listpack.Insert(ref packed, at, value);
        Follow(packed.Record);
        return true;
    }

    /// <summary>Removes up to <paramref name="limit"/> elements that equal a value, from the head or the tail on.</summary>
    public long Remove(ReadOnlySpan<byte> value, long limit, bool backward)
    {
        _database.BeginEdit(At);
        var matcher = new ListMatcher(value);
        if (_nodes.Exists) return _nodes.RemoveMatches(matcher, limit, backward);
        var packed = new RecordBlock(_database.Arena, At);
        var lp = packed.Start;
        var removed = matcher.Remove(ref packed, backward ? Listpack.Last(lp) : Listpack.First(lp), limit, backward);
        Follow(packed.Record);
        return removed;
    }

    /// <summary>
    /// Looks for elements that equal a value. Goes through at most <paramref name="most"/> elements from the head or the tail on,
    /// and tells <paramref name="found"/> the distance of each match from there.
    /// </summary>
    public readonly void Find<TFound>(ReadOnlySpan<byte> value, long most, bool backward, ref TFound found)
        where TFound : struct, IListFound
    {
        var searcher = new Searcher<TFound>(new ListMatcher(value), ref found);
        Visit(backward ? Count - 1 : 0, most, backward, ref searcher);
    }

    ref struct Finder(ListMatcher matcher) : IElementVisitor
    {
        readonly ListMatcher _matcher = matcher;

        public long Index { get; private set; } = -1;
        public bool Found { get; private set; }

        public bool Visit(PackedElement element)
        {
            Index++;
            Found = _matcher.Matches(element);
            return !Found;
        }
    }

    ref struct Searcher<TFound>(ListMatcher matcher, ref TFound found) : IElementVisitor
        where TFound : struct, IListFound
    {
        readonly ListMatcher _matcher = matcher;
        readonly ref TFound _found = ref found;
        long _distance = -1;

        public bool Visit(PackedElement element)
        {
            _distance++;
            return !_matcher.Matches(element) || _found.Found(_distance);
        }
    }
}

/// <summary>Is told of the elements that a search finds.</summary>
public interface IListFound
{
    /// <returns>False to end the search.</returns>
    bool Found(long distance);
}
