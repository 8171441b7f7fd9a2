using MiniRedis.Resp;
using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Lists;

/// <summary>Compares elements with one value. It parses the value as an integer only once.</summary>
readonly unsafe ref struct ListMatcher
{
    readonly ReadOnlySpan<byte> _value;
    readonly long _integer;
    readonly bool _isInteger;

    public ListMatcher(ReadOnlySpan<byte> value)
    {
        _value = value;
        _isInteger = Numbers.TryParseInt64(value, out _integer);
    }

    public bool Matches(in PackedElement element) =>
        element.IsInteger ? _isInteger && element.Integer == _integer : element.Text.SequenceEqual(_value);

    /// <summary>The first element of a listpack that matches, from an offset on; -1 if there is none.</summary>
    public int Find(byte* lp, int at, bool backward)
    {
        if (!backward) return Listpack.Find(lp, at, _value, skip: 0);
        while (at >= 0 && !Matches(Listpack.Get(lp, at))) at = Listpack.Prev(lp, at);
        return at;
    }

    /// <summary>Removes matching elements from a listpack, from an offset on. Returns how many.</summary>
    public int Remove<TOwner>(ref TOwner owner, int at, long limit, bool backward) where TOwner : struct, IPackedOwner, allows ref struct
    {
        var removed = 0;
        while (removed < limit && (at = Find(owner.Start, at, backward)) >= 0)
        {
            var next = Listpack.Delete(ref owner, at, 1);
            removed++;
            at = !backward ? next : next >= 0 ? Listpack.Prev(owner.Start, next) : Listpack.Last(owner.Start);
        }
        return removed;
    }
}
