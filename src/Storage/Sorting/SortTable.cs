using System.Diagnostics;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.ScratchMemory;

namespace MiniRedis.Storage.Sorting;

/// <summary>What elements are sorted by.</summary>
public enum SortBy
{
    /// <summary>Nothing: they keep their order.</summary>
    Nothing,

    /// <summary>A number of each, <see cref="SortTable.SetScore"/>; those of the same number by their bytes.</summary>
    Score,

    /// <summary>Their bytes.</summary>
    Element,

    /// <summary>
    /// The bytes of something that belongs to each, <see cref="SortTable.SetKey"/>; those that have nothing come first.
    /// </summary>
    Key,
}

/// <summary>
/// Elements of a collection in the order in which SORT answers them. Neither elements nor what they are sorted by is copied:
/// nothing changes while SORT runs, so both are named by where they lie, in 16 bytes each. Only what lies in passing memory, as
/// elements of a compressed node do, is copied.
/// <code>
///   elements   | address or 0, length or integer (16) |   as they were loaded
///   keys       | the same                             |   only if they are sorted by keys
///   items      | rank (8) | which element (8)         |   what is sorted
/// </code>
/// The rank is an unsigned number whose order is the one wanted: that of the score, or of the first eight bytes. Only where two
/// ranks are equal is what they stand for compared, and at last, as by C's qsort in practice, the order in which the elements
/// came. See SortedItems.
/// </summary>
/// <remarks>
/// Good for as long as the collection and what the keys are taken from do not change; that other keys are deleted does no harm.
/// Memory is the arena's: dispose of it. Used by the thread of its database.
/// </remarks>
public unsafe ref struct SortTable : IDisposable
{
    readonly Database _database;
    readonly SortBy _by;
    readonly bool _descending;
    ScratchList<SortText> _elements, _keys;
    ScratchList<SortedItems.Item> _items;
    PassingBytes _copies;

    /// <param name="database">Its memory is used.</param>
    /// <param name="expected">How many elements will be added.</param>
    /// <param name="by">What they are sorted by.</param>
    /// <param name="descending">The greatest first.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public SortTable(Database database, long expected, SortBy by, bool descending)
    {
        _database = database;
        _by = by;
        _descending = descending;
        try
        {
            _elements = new(database, expected);
            _items = new(database, by == SortBy.Nothing ? 0 : expected);
            _keys = new(database, by == SortBy.Key ? expected : 0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public readonly long Count => _elements.Count;

    /// <summary>
    /// The element at a place: of the order once that is made, before and without one in which they were added.
    /// </summary>
    public readonly PackedElement this[long place] => _elements[_items.Count == 0 ? place : _items[place].Index].Element;

    /// <summary>Adds an element.</summary>
    /// <param name="element">What is in place, and stays there, is not copied.</param>
    /// <param name="isPassing">Whether it lies in memory that is soon used for another.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public void Add(in PackedElement element, bool isPassing)
    {
        var text = new SortText(element);
        if (isPassing && !element.IsInteger) text = new SortText(_copies.Keep(_database.Arena, element.Text));
        _elements.Add(text);
        if (_by == SortBy.Nothing) return;
        var rank = _by switch { SortBy.Element => RankOf(text), SortBy.Score => InOrder(RankOf(0.0)), _ => InOrder(0) };
        _items.Add(new(rank, Count - 1));
        if (_by == SortBy.Key) _keys.Add(SortText.None);
    }

    /// <summary>What an element is sorted by, if by a score: no NaN. It is 0 before.</summary>
    /// <param name="index">The element by the order in which they were added.</param>
    /// <param name="score">Its number.</param>
    public readonly void SetScore(long index, double score)
    {
        Debug.Assert(_by == SortBy.Score && !double.IsNaN(score) && _items[index].Index == index);
        _items[index].Rank = InOrder(RankOf(score));
    }

    /// <summary>What an element is sorted by, if by keys. There is none before.</summary>
    /// <param name="index">The element by the order in which they were added.</param>
    /// <param name="key">What lies in place and stays there.</param>
    public readonly void SetKey(long index, in PackedElement key)
    {
        Debug.Assert(_by == SortBy.Key && _items[index].Index == index);
        _keys[index] = new SortText(key);
        _items[index].Rank = RankOf(_keys[index]);
    }

    /// <summary>Makes the order, as far as it is wanted: the places of a range get the elements that belong there.</summary>
    public readonly void Sort(long start, long count)
    {
        if (_by == SortBy.Nothing || count == 0) return;
        new SortedItems(_items.Items, _by == SortBy.Key ? _keys.Items : _elements.Items, _descending).Sort(Count, start, count);
    }

    readonly ulong InOrder(ulong rank) => _descending ? ~rank : rank;

    /// <summary>The first bytes, as a number whose order is theirs.</summary>
    readonly ulong RankOf(in SortText text)
    {
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        return InOrder(SortText.FirstBytes(text.Element.ToBytes(scratch)));
    }

    /// <summary>The bits of a double in the order of numbers: those of negative ones turned round. Zero has one sign.</summary>
    static ulong RankOf(double score)
    {
        var bits = BitConverter.DoubleToUInt64Bits(score + 0.0);
        return bits ^ (bits >> 63 == 0 ? 1UL << 63 : ulong.MaxValue);
    }

    public void Dispose()
    {
        _elements.Dispose();
        _keys.Dispose();
        _items.Dispose();
        _copies.Free(_database.Arena);
    }
}
