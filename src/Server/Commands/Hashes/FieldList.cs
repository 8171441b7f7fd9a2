using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Hashes;

/// <summary>
/// The end of a request that names fields: FIELDS numfields field [field ...], or the same with a value after each field.
/// </summary>
readonly struct FieldList
{
    FieldList(int first, int count, int step)
    {
        First = first;
        Count = count;
        _step = step;
    }

    readonly int _step;

    /// <summary>Fields that stand side by side in the command line.</summary>
    public static FieldList Of(int first, int count) => new(first, count, 1);

    /// <summary>The argument of the first field.</summary>
    public int First { get; }

    public int Count { get; }

    /// <summary>The argument of a field.</summary>
    public int ArgOf(int index) => First + index * _step;

    /// <summary>Reads the list, which takes all arguments from <paramref name="at"/> on, or answers an error.</summary>
    /// <param name="c">The command.</param>
    /// <param name="at">Where FIELDS has to stand.</param>
    /// <param name="list">What was read.</param>
    /// <param name="setsDeadlines">Whether this is HEXPIRE or one of its kin, which word one error differently.</param>
    public static bool TryParse(scoped ref CommandContext c, int at, out FieldList list, bool setsDeadlines = false)
    {
        list = default;
        if (at + 1 >= c.Count || !c.IsToken(at, "FIELDS"u8))
        {
            c.Fail(Errors.FieldsMissing);
            return false;
        }
        if (!Numbers.TryParseInt64(c.Arg(at + 1), out var count) || count < 1)
        {
            c.Fail(setsDeadlines ? Errors.NumFieldsNotPositive : Errors.NumFieldsNotInteger);
            return false;
        }
        if (count != c.Count - at - 2)
        {
            c.Fail(Errors.NumFieldsMismatch);
            return false;
        }
        list = new(at + 2, (int)count, 1);
        return true;
    }

    /// <summary>
    /// As <see cref="TryParse"/>, for fields with values behind a FIELDS that the caller has found. HSETEX words the errors in
    /// its own way.
    /// </summary>
    public static bool TryParsePairs(scoped ref CommandContext c, int at, out FieldList list)
    {
        list = default;
        var words = c.Count - at - 2;
        if (words < 2)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return false;
        }
        if (!Numbers.TryParseInt64(c.Arg(at + 1), out var count) || count is < 1 or > int.MaxValue)
        {
            c.Fail(Errors.InvalidNumberOfFields);
            return false;
        }
        if (words % 2 != 0 || count != words / 2)
        {
            c.Fail(Errors.WrongArity(c.Command.FullName));
            return false;
        }
        list = new(at + 2, (int)count, 2);
        return true;
    }
}
