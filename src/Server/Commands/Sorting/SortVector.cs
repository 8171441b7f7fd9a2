using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sorting;

/// <summary>Loads the elements of a list, a set or a sorted set, looks up what they are sorted by, and sorts them.</summary>
/// <remarks>Takes memory of the database; dispose of it. Good for as long as nothing changes but what expires.</remarks>
ref struct SortVector : IDisposable
{
    readonly bool _isAlpha;
    SortTable _table;

    /// <param name="database">The key's database.</param>
    /// <param name="expected">How many elements will be loaded.</param>
    /// <param name="options">What SORT is asked for.</param>
    public SortVector(Database database, long expected, in SortOptions options)
    {
        _isAlpha = options.IsAlpha;
        var by = options.KeepsOrder ? SortBy.Nothing : !_isAlpha ? SortBy.Score : options.By > 0 ? SortBy.Key : SortBy.Element;
        _table = new SortTable(database, expected, by, options.IsDescending);
    }

    /// <summary>The element at a place: of the sorted order, or of the order of loading if nothing is sorted.</summary>
    public readonly PackedElement this[long place] => _table[place];

    /// <summary>Loads elements.</summary>
    /// <param name="database">The key's database.</param>
    /// <param name="at">The key, which holds a list, a set or a sorted set.</param>
    /// <param name="start">The first one; all of a set.</param>
    /// <param name="count">How many.</param>
    /// <param name="backward">Begins at the end and goes back.</param>
    public void Load(Database database, in KeyLookup at, long start, long count, bool backward)
    {
        if (at.Record.Type == ObjectType.List)
        {
            var list = new ListValue(database, at, default);
            var loader = new Loader { Table = _table, ArePassing = list.ShowsCopies };
            list.Visit(backward ? list.Count - 1 - start : start, count, backward, ref loader);
            _table = loader.Table;
            return;
        }
        if (at.Record.Type == ObjectType.Set)
        {
            for (var all = new SetReader(at.Record).Members(); all.Next();) _table.Add(all.Current, isPassing: false);
            return;
        }
        var members = new SortedSetValue(database, at);
        var cursor = members.From(backward ? members.Count - 1 - start : start, backward);
        for (; count > 0; count--, cursor.Move()) _table.Add(cursor.Member, isPassing: false);
    }

    ref struct Loader : IElementVisitor
    {
        public SortTable Table;
        public bool ArePassing;

        public bool Visit(PackedElement element)
        {
            Table.Add(element, ArePassing);
            return true;
        }
    }

    /// <summary>Sorts as far as a range needs it. False if a value is to be compared as a number and is none.</summary>
    /// <param name="c">The call.</param>
    /// <param name="by">The argument whose pattern tells what is compared; 0 for the elements themselves.</param>
    /// <param name="start">The first place of the range.</param>
    /// <param name="count">Places of the range.</param>
    public readonly bool TrySort(in CommandContext c, int by, long start, long count)
    {
        var pattern = by > 0 ? new SortPattern(c.Arg(by)) : default;
        var areNumbers = true;
        // All keys are looked up even if the result is not needed: misses are counted and told, and expired keys are deleted.
        for (long i = 0; i < _table.Count && (by > 0 || !_isAlpha); i++)
        {
            var element = _table[i];
            var value = element;
            if (by > 0 && !pattern.TryResolve(c, element, out value)) continue;
            if (_isAlpha) _table.SetKey(i, value);
            else if (TryScore(value, out var score)) _table.SetScore(i, score);
            else areNumbers = false;
        }
        if (areNumbers) _table.Sort(start, count);
        return areNumbers;
    }

    static bool TryScore(in PackedElement value, out double score)
    {
        score = value.IsInteger ? value.Integer : 0;
        return value.IsInteger || Numbers.TryParseLikeC(value.Text, out score, out var outOfRange) && !outOfRange;
    }

    public void Dispose() => _table.Dispose();
}
