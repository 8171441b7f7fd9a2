using System.Buffers;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Scripts;

/// <summary>
/// The reply of a command that a script has called. What is more than a script may hold is dropped while it is written, so that no reply
/// takes more memory than that.
/// </summary>
sealed class CapturedReply(ProcessSettings settings) : IBufferWriter<byte>
{
    /// <summary>Longer ones are dropped even without a limit: the memory is in one run.</summary>
    const long MostBytes = 1L << 30;

    readonly NativeWriter _bytes = new();

    /// <summary>Whether the reply was too long, and is not there.</summary>
    public bool IsOver { get; private set; }

    /// <summary>The reply.</summary>
    public ReadOnlySpan<byte> Written => _bytes.Written;

    /// <summary>Whether there is something to forget.</summary>
    public bool HasAny => IsOver || _bytes.Length > 0;

    /// <summary>Forgets the last reply.</summary>
    public void Clear()
    {
        _bytes.Clear();
        IsOver = false;
    }

    long Limit => settings.ScriptMemoryLimit is > 0 and < MostBytes and var limit ? limit : MostBytes;

    public void Advance(int count)
    {
        if (!IsOver) _bytes.Advance(count);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (!IsOver && _bytes.Length + (long)sizeHint > Limit)
        {
            IsOver = true;
            _bytes.Clear();
        }
        return _bytes.GetMemory(sizeHint);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
