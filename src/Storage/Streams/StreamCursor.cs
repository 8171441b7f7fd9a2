using System.Diagnostics;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Trees;

namespace MiniRedis.Storage.Streams;

/// <summary>
/// Walks a range of a stream's entries, forward or backward: <see cref="MoveNext"/>, then <see cref="NextField"/> at most
/// <see cref="FieldCount"/> times.
/// </summary>
/// <remarks>Valid until the stream changes.</remarks>
public unsafe ref struct StreamCursor
{
    readonly StreamId _start, _end;
    readonly bool _reverse, _withDeleted;
    TreeCursor<StreamNode> _node;

    // The present node; null before the first and behind the last.
    byte* _lp;
    StreamId _master;
    int _masterFields, _masterFieldCount;

    // The present entry: where it begins, what is read next, and where the names of its fields are.
    int _entry, _data, _names;
    int _left;
    long _flags;

    /// <param name="stream">The stream.</param>
    /// <param name="start">The smallest id shown.</param>
    /// <param name="end">The largest id shown.</param>
    /// <param name="reverse">Whether to walk from the largest id to the smallest.</param>
    /// <param name="withDeleted">Whether to show deleted entries that are still in their node.</param>
    public StreamCursor(StreamValue stream, StreamId start, StreamId end, bool reverse, bool withDeleted = false)
    {
        (_start, _end, _reverse, _withDeleted) = (start, end, reverse, withDeleted);
        _node = reverse ? stream.NodeOf(end) : start.IsZero ? stream.Nodes.First() : stream.NodeOf(start);
        // A range may begin before the first node.
        if (!_node.IsValid && !reverse) _node = stream.Nodes.First();
        Enter();
    }

    /// <summary>All entries of a record's stream.</summary>
    public StreamCursor(Record record)
        : this(StreamValue.ForReading(record), StreamId.Min, StreamId.Max, reverse: false)
    {
    }

    /// <summary>The entries of one node, without deleted ones.</summary>
    internal StreamCursor(TreeCursor<StreamNode> node)
    {
        _end = StreamId.Max;
        _node = node;
        Enter();
        _node = default;
    }

    /// <summary>The id of the present entry.</summary>
    public StreamId Id { get; private set; }

    /// <summary>The number of its fields.</summary>
    public int FieldCount { get; private set; }

    /// <summary>The offset of its flags in the node's listpack.</summary>
    internal readonly int FlagsAt => _entry;

    /// <summary>Moves to the next entry of the range; false behind the last.</summary>
    public bool MoveNext()
    {
        while (_lp != null)
        {
            if (!(_reverse ? StepBack() : Step()))
            {
                Leave();
                continue;
            }
            if (_reverse ? Id < _start : Id > _end) break;
            if ((_flags & 1) != 0 && !_withDeleted) continue;
            if (_reverse ? Id <= _end : Id >= _start) return true;
        }
        _lp = null;
        return false;
    }

    /// <summary>The next field of the present entry, and its value.</summary>
    public void NextField(out PackedElement field, out PackedElement value)
    {
        Debug.Assert(_left > 0);
        ref var name = ref (_flags & 2) != 0 ? ref _names : ref _data;
        field = Listpack.Get(_lp, name);
        name = Listpack.Next(_lp, name);
        value = Listpack.Get(_lp, _data);
        _data = Listpack.Next(_lp, _data);
        _left--;
    }

    void Enter()
    {
        _lp = _node.IsValid ? _node.Item.Block : null;
        if (_lp == null) return;
        _master = _node.Item.Id;
        _masterFieldCount = StreamNodes.Fields(_lp, out _masterFields);
        _left = 0;
        // Forward: at the element before the first entry. Backward: no entry yet.
        _data = _reverse ? -1 : StreamNodes.Skip(_lp, _masterFields, _masterFieldCount);
        _entry = -1;
        _flags = 2;
    }

    void Leave()
    {
        if (_reverse) _node.MovePrevious();
        else _node.MoveNext();
        Enter();
    }

    /// <summary>Moves to the next entry of the node.</summary>
    bool Step()
    {
        // Behind the values comes the count of elements, then the next entry.
        var at = StreamNodes.Skip(_lp, _data, (_flags & 2) != 0 ? _left : 2L * _left);
        at = Listpack.Next(_lp, at);
        if (at < 0) return false;
        Read(at);
        return true;
    }

    /// <summary>Moves to the entry of the node before this one, or to the last if there is no present entry.</summary>
    bool StepBack()
    {
        var count = _entry < 0 ? Listpack.Last(_lp) : Listpack.Prev(_lp, _entry);
        var elements = Listpack.Get(_lp, count).Integer;
        // The master entry ends with a zero.
        if (elements == 0) return false;
        var at = count;
        while (elements-- > 0) at = Listpack.Prev(_lp, at);
        Read(at);
        return true;
    }

    void Read(int at)
    {
        _entry = at;
        _flags = Listpack.Get(_lp, at).Integer;
        at = Listpack.Next(_lp, at);
        var ms = Listpack.Get(_lp, at).Integer;
        at = Listpack.Next(_lp, at);
        var seq = Listpack.Get(_lp, at).Integer;
        at = Listpack.Next(_lp, at);
        Id = new(_master.Ms + (ulong)ms, _master.Seq + (ulong)seq);
        if ((_flags & 2) != 0)
        {
            FieldCount = _masterFieldCount;
            _names = _masterFields;
        }
        else
        {
            FieldCount = (int)Listpack.Get(_lp, at).Integer;
            at = Listpack.Next(_lp, at);
        }
        _data = at;
        _left = FieldCount;
    }
}
