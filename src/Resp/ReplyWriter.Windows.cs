using System.Buffers;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

// The windows into the output's memory: opened, filled across, handed over.
public sealed partial class ReplyWriter
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RawAcrossWindows(ReadOnlySpan<byte> rest)
    {
        if (rest.Length >= LargeReply && _output is ILargeReplySink sink)
        {
            HandOver();
            sink.WriteLarge(rest);
            _committed += rest.Length;
            return;
        }

        while (true)
        {
            int part = Math.Min(_end - _position, rest.Length);
            rest[..part].CopyTo(_window.AsSpan(_position));
            _position += part;
            rest = rest[part..];
            if (rest.IsEmpty) return;
            NextWindow(1);
        }
    }

    /// <summary>Hands over what the window holds, and opens one with room for at least <paramref name="size"/> bytes.</summary>
    private void NextWindow(int size)
    {
        Debug.Assert(_attached || _depth > 0, "a reply without an output");
        HandOver();
        if (Limit != long.MaxValue && IsOverLimit()) Cut();
        int hint = Math.Max(size, MinWindow);
        if (_output is not null && MemoryMarshal.TryGetArray<byte>(_output.GetMemory(hint), out ArraySegment<byte> memory))
        {
            _copies = false;
            _window = memory.Array!;
            _start = memory.Offset;
            _end = memory.Offset + memory.Count;
        }
        else
        {
            _copies = true;
            _window = _scratch ??= new byte[4096];
            _start = 0;
            _end = _window.Length;
        }

        _position = _start;
    }

    /// <summary>
    /// Whether the output has, with the elements that are yet to come to it, all that is wanted. What is captured does not come to it.
    /// </summary>
    private bool IsOverLimit()
    {
        long written = _committed;
        for (int i = _depth - 1; i >= 0; i--)
        {
            if (_frames[i].Capture) return false;
            written += _frames[i].Written;
        }

        return written >= Limit;
    }

    private void Cut()
    {
        IsCut = true;
        _output = null;
    }

    private void HandOver()
    {
        int length = _position - _start;
        if (_output is not null && length > 0)
        {
            if (_copies) _output.Write(_window.AsSpan(_start, length));
            else _output.Advance(length);
            _committed += length;
        }

        _window = [];
        _start = _position = _end = 0;
    }
}
