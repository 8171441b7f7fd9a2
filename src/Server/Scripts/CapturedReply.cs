using System.Buffers;
using MiniRedis.Server.Buffers;

namespace MiniRedis.Server.Scripts;

/// <summary>
/// The reply of a command that a script has called. What a script could not hold is dropped while it is written, so that no reply takes
/// more memory than a script may.
/// </summary>
sealed class CapturedReply : IBufferWriter<byte>
{
    /// <summary>Longer ones are dropped even without a limit: the memory is in one run.</summary>
    const long MostBytes = 1L << 30;

    readonly NativeWriter _bytes = new();
    long _limit;

    /// <summary>Whether the reply was too long, and is not there.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The reply.</summary>
    public ReadOnlySpan<byte> Written => _bytes.Written;

    /// <summary>A command begins.</summary>
    /// <param name="limit">Most bytes of its reply.</param>
    public void Begin(long limit)
    {
        _bytes.Clear();
        _limit = Math.Min(limit, MostBytes);
        IsOver = false;
    }

    public void Advance(int count)
    {
        if (!IsOver) _bytes.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (!IsOver && _bytes.Length + (long)sizeHint > _limit)
        {
            IsOver = true;
            _bytes.Clear();
        }
        return _bytes.GetMemory(sizeHint);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Gives the memory back.</summary>
    public void Free() => _bytes.Free();
}
