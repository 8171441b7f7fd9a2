namespace MiniRedis.Server.Commands.Streams;

/// <summary>Ids that a command gathers, on the stack first and then in the database's memory. Dispose it.</summary>
ref struct IdList(Database database, Span<StreamId> initial)
{
    readonly Span<StreamId> _few = initial;
    ScratchList<StreamId> _many = new(database);

    public int Count { get; private set; }

    public readonly ReadOnlySpan<StreamId> Ids => Count <= _few.Length ? _few[..Count] : _many.Span;

    public void Add(StreamId id)
    {
        if (Count < _few.Length)
        {
            _few[Count++] = id;
            return;
        }
        if (Count++ == _few.Length)
        {
            foreach (var first in _few) _many.Add(first);
        }
        _many.Add(id);
    }

    public void Dispose() => _many.Dispose();
}
