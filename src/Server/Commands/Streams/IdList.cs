using System.Buffers;

namespace MiniRedis.Server.Commands;

/// <summary>Ids gathered while a command runs: on the stack first, then in rented memory. Dispose it.</summary>
ref struct IdList(Span<StreamId> initial)
{
    Span<StreamId> _ids = initial;
    StreamId[]? _rented;

    public int Count { get; private set; }

    public readonly ReadOnlySpan<StreamId> Ids => _ids[..Count];

    public void Add(StreamId id)
    {
        if (Count == _ids.Length)
        {
            var larger = ArrayPool<StreamId>.Shared.Rent(Count * 2);
            _ids.CopyTo(larger);
            Dispose();
            _ids = _rented = larger;
        }
        _ids[Count++] = id;
    }

    public void Dispose()
    {
        if (_rented is not null) ArrayPool<StreamId>.Shared.Return(_rented);
        _rented = null;
    }
}
