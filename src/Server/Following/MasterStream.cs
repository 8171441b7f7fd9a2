using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Following;

/// <summary>
/// Bytes of a master's stream between socket and commands.
/// <code>
///   buffer   ....| a transaction so far |  not run yet   |  room ....
///                ^ applied              ^ run            ^ end
/// </code>
/// A transaction counts with its EXEC: until then its bytes stay here, since the replica's offset, and what its own replicas get, end before
/// it. Memory grows with the longest command or transaction, and is given back behind it.
/// </summary>
/// <remarks>One thread at a time: that of the link.</remarks>
sealed class MasterStream : IDisposable
{
    /// <summary>Room that is kept, and the most that one receive takes unless a command is longer.</summary>
    const int UsualBytes = 256 * 1024;

    /// <summary>The least room for a receive.</summary>
    const int LeastRoom = 64 * 1024;

    readonly NativeBuffer _buffer = new(UsualBytes);
    int _applied, _run, _end;

    /// <summary>Bytes that have not run.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.GetSpan()[_run.._end];

    /// <summary>Bytes of an open transaction.</summary>
    public int Queued => _run - _applied;

    /// <summary>Bytes of memory.</summary>
    public int Capacity => _buffer.Capacity;

    /// <summary>Room for the next receive. Follow with <see cref="Received"/>.</summary>
    /// <param name="wanted">Bytes that the next command has in all, as far as that is known.</param>
    public Span<byte> Room(long wanted)
    {
        if (_applied == _end)
        {
            _applied = _run = _end = 0;
            if (_buffer.Capacity > UsualBytes) _buffer.Resize(UsualBytes, 0);
        }
        var needed = Math.Max(LeastRoom, wanted - (_end - _run));
        if (_buffer.Capacity - _end < needed && _applied > 0)
        {
            _buffer.GetSpan()[_applied.._end].CopyTo(_buffer.GetSpan());
            _run -= _applied;
            _end -= _applied;
            _applied = 0;
        }
        if (_buffer.Capacity - _end < needed)
            _buffer.Resize((int)Math.Min(Math.Max(_end + needed, _buffer.Capacity * 2L), Array.MaxLength), _end);
        return _buffer.GetSpan()[_end..];
    }

    public void Received(int bytes) => _end += bytes;

    /// <summary>Commands have run.</summary>
    /// <param name="consumed">Bytes of <see cref="Unread"/> that are done with.</param>
    /// <param name="applied">Those of them that lie before an open transaction; 0 if one was open already and still is.</param>
    /// <returns>The bytes that count from now on. Valid until the next receive.</returns>
    public ReadOnlySpan<byte> Advance(int consumed, int applied)
    {
        var from = _applied;
        if (applied > 0) _applied = _run + applied;
        _run += consumed;
        return _buffer.GetSpan()[from.._applied];
    }

    public void Dispose() => _buffer.Free();
}
