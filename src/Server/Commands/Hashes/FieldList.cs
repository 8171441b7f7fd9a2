using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>The end of a command line that names fields: FIELDS numfields field [field ...], or field and value each time.</summary>
readonly struct FieldList
{
    FieldList(int first, int count, int step)
    {
        First = first;
        Count = count;
        _step = step;
    }

    readonly int _step;

    /// <summary>The argument of the first field.</summary>
    public int First { get; }

    public int Count { get; }

    /// <summary>The argument of a field.</summary>
    public int ArgOf(int index) => First + index * _step;

    /// <summary>Reads the list, which takes the rest of the line from <paramref name="at"/> on, or answers what is wrong with it.</summary>
    /// <param name="c">The command.</param>
    /// <param name="at">Where FIELDS has to stand.</param>
    /// <param name="list">What was read.</param>
    /// <param name="step">1, or 2 where values follow the fields.</param>
    /// <param name="isNewer">Whether this is a command of 8.0, which words one error differently.</param>
    public static bool TryParse(scoped ref CommandContext c, int at, out FieldList list, int step = 1, bool isNewer = false)
    {
        list = default;
        if (at + 1 >= c.Count || !c.IsToken(at, "FIELDS"u8))
        {
            c.Fail(Errors.FieldsMissing);
            return false;
        }
        if (!Numbers.TryParseInt64(c.Arg(at + 1), out var count) || count < 1)
        {
            c.Fail(isNewer ? Errors.NumFieldsNotInteger : Errors.NumFieldsNotPositive);
            return false;
        }
        // More fields than arguments cannot overflow the product.
        if (count > c.Count || count * step != c.Count - at - 2)
        {
            c.Fail(Errors.NumFieldsMismatch);
            return false;
        }
        list = new(at + 2, (int)count, step);
        return true;
    }
}
