using System.Buffers;

namespace MiniRedis.Resp;

/// <summary>A key of a request: which argument it is, and what the command does to it.</summary>
public readonly record struct KeyRef(int Position, KeyFlags Flags);

/// <summary>Finds the keys of a request, adding them to <paramref name="keys"/>; false if the arguments make no sense.</summary>
public delegate bool KeyFinder(CommandSpec spec, in Request request, ref KeyBuffer keys);

/// <summary>The first argument of a request that is a prefix of keys, as all behind it are; 0 if there is none.</summary>
public delegate int PrefixFinder(in Request request);

/// <summary>
/// The keys found in a request: first in the caller's memory (on the stack), then in a rented array. Dispose it.
/// </summary>
public ref struct KeyBuffer
{
    private Span<KeyRef> _keys;
    // Large arrays are not returned to the pool, which would keep them.
    private const int MostRented = 4096;

    private KeyRef[]? _rented;
    private int _count;

    /// <param name="initial">Where the first keys go, as <c>stackalloc KeyRef[16]</c>; may be empty.</param>
    public KeyBuffer(Span<KeyRef> initial) => _keys = initial;

    public readonly int Count => _count;

    public readonly KeyRef this[int i] => _keys[..Count][i];

    public readonly ReadOnlySpan<KeyRef> Keys => _keys[..Count];

    public void Add(int position, KeyFlags flags)
    {
        if (_count == _keys.Length) Grow();
        _keys[_count++] = new KeyRef(position, flags);
    }

    public void Clear() => _count = 0;

    public void Dispose()
    {
        GiveBack();
        _rented = null;
        _keys = default;
        _count = 0;
    }

    private void Grow()
    {
        int length = Math.Max(16, _keys.Length * 2);
        KeyRef[] larger = length <= MostRented ? ArrayPool<KeyRef>.Shared.Rent(length) : new KeyRef[length];
        _keys.CopyTo(larger);
        GiveBack();
        _keys = _rented = larger;
    }

    private readonly void GiveBack()
    {
        if (_rented is { Length: <= MostRented }) ArrayPool<KeyRef>.Shared.Return(_rented);
    }
}

/// <summary>Finds the keys of a concrete request, as COMMAND GETKEYS, ACL checks and cluster routing need them.</summary>
public static class KeyExtractor
{
    /// <summary>
    /// Adds the keys of <paramref name="request"/> to <paramref name="keys"/>. Specs are preferred where they are
    /// reliable, <see cref="CommandSpec.GetKeys"/> where they are not or do not apply, as in Redis.
    /// </summary>
    /// <param name="spec">The command, or the subcommand, that the request calls.</param>
    /// <param name="request">With the command's name as argument 0.</param>
    /// <param name="includeNotKeys">Also arguments that only route as keys do (sharded channels).</param>
    /// <returns>False, and no keys, if the arguments contradict the specs: the command itself will refuse them.</returns>
    public static bool TryGetKeys(CommandSpec spec, in Request request, ref KeyBuffer keys, bool includeNotKeys = false)
    {
        keys.Clear();
        bool any = false, variable = false;
        foreach (KeySpec key in spec.Keys)
        {
            any |= includeNotKeys || (key.Flags & KeyFlags.NotKey) == 0;
            variable |= (key.Flags & KeyFlags.VariableFlags) != 0;
        }

        if (any && (!variable || spec.GetKeys is null) && BySpecs(spec, request, ref keys, includeNotKeys)) return true;
        keys.Clear();
        if (spec.GetKeys is null) return !any;
        if (spec.GetKeys(spec, request, ref keys)) return true;
        keys.Clear();
        return false;
    }

    private static bool BySpecs(CommandSpec spec, in Request request, ref KeyBuffer keys, bool includeNotKeys)
    {
        foreach (KeySpec key in spec.Keys)
        {
            if (!includeNotKeys && (key.Flags & KeyFlags.NotKey) != 0) continue;
            if (key.Begin == BeginSearch.Unknown || key.Find == FindKeys.Unknown) return false;
            int first = Begin(key, request);
            // A missing keyword is no error: then the spec finds no key.
            if (first == 0) continue;
            // An empty optional rest is no error either. (Redis gives up on all keys here, so its ACL lets PFMERGE with one key
            // pass.)
            if (keys.Count > 0 && first == request.Count && key is { Find: FindKeys.Range, LastKey: < 0 }) continue;
            if (!TryFind(key, request, ref first, out int last)) return false;
            for (int i = first; i <= last; i += key.Step) keys.Add(i, key.Flags);
            if ((key.Flags & KeyFlags.Incomplete) != 0) return false;
        }

        return true;
    }

    private static int Begin(KeySpec key, in Request request)
    {
        if (key.Begin == BeginSearch.Index) return key.Index;
        bool forward = key.StartFrom > 0;
        int step = forward ? 1 : -1;
        for (int i = forward ? key.StartFrom : request.Count + key.StartFrom; i >= 1 && i < request.Count; i += step)
        {
            // The last argument in the direction of the search cannot be a keyword: nothing would follow it, or it is the first
            // key.
            if (i == (forward ? request.Count - 1 : 1)) break;
            if (System.Text.Ascii.EqualsIgnoreCase(request[i], key.Word!)) return i + 1;
        }

        return 0;
    }

    private static bool TryFind(KeySpec key, in Request request, ref int first, out int last)
    {
        int count = request.Count;
        if (key.Find == FindKeys.Range)
        {
            last = key.LastKey >= 0 ? first + key.LastKey
                : key.Limit <= 1 ? count + key.LastKey
                : first + (count - first) / key.Limit + key.LastKey;
        }
        else
        {
            last = 0;
            int at = first + key.KeyNumIndex;
            if (at >= count || !Numbers.TryParseInt64(request[at], out long number) || number < 0 || number > count) return false;
            first += key.FirstKey;
            // The count is the number of keys, though values may stand between them (MSETEX). It is at most the number of
            // arguments.
            last = (int)Math.Min(first + (number - 1) * key.Step, int.MaxValue);
        }

        return first < count && last < count && last >= first;
    }
}
