using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

// Windows into the output's memory are opened, filled and handed over.
public sealed unsafe partial class ReplyWriter
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void RawAcrossWindows(ReadOnlySpan<byte> rest)
    {
        if (_values is not null)
        {
            TakePart(rest);
            return;
        }

        if (rest.Length >= LargeReply && _output is ILargeReplySink sink)
        {
            HandOver();
            // Checked before memory is taken, so that a reply that exceeds the client's limit is not copied.
            if (Limit != long.MaxValue && IsOverLimit(rest.Length))
            {
                Cut();
                return;
            }

            sink.WriteLarge(rest);
            _committed += rest.Length;
            return;
        }

        while (true)
        {
            int part = (int)Math.Min(_end - _position, rest.Length);
            rest[..part].CopyTo(new Span<byte>(_position, part));
            _position += part;
            rest = rest[part..];
            if (rest.IsEmpty) return;
            NextWindow(1);
        }
    }

    /// <summary>Hands over what the window holds, and opens one with room for at least <paramref name="size"/> bytes.</summary>
    private void NextWindow(int size)
    {
        Debug.Assert(_values is null && (_attached || _depth > 0), "a reply without an output");
        HandOver();
        if (Limit != long.MaxValue && IsOverLimit(0)) Cut();
        if (_output is not null)
        {
            Memory<byte> room = _output.GetMemory(Math.Max(size, MinWindow));
            _pin = room.Pin();
            _start = (byte*)_pin.Pointer;
            _end = _start + room.Length;
        }
        else
        {
            _scratch ??= GC.AllocateUninitializedArray<byte>(4096, pinned: true);
            _start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_scratch));
            _end = _start + _scratch.Length;
        }

        _position = _start;
    }

    /// <summary>
    /// Whether the reply has reached <see cref="Limit"/>, with elements that still wait for their count.
    /// </summary>
    /// <param name="more">Bytes that are about to come.</param>
    private bool IsOverLimit(long more)
    {
        long written = _committed + more;
        for (int i = _depth - 1; i >= 0; i--) written += _frames[i].Written;

        return written >= Limit;
    }

    private void Cut()
    {
        IsCut = true;
        _output = null;
    }

    /// <summary>
    /// Hands over what is written so far, so that the output may be sent while the reply is not whole. Not within an aggregate of
    /// unknown length.
    /// </summary>
    public void Pause()
    {
        Debug.Assert(_depth == 0, "paused within an aggregate of unknown length");
        HandOver();
    }

    private void HandOver()
    {
        if (_start == null) return;
        if (_output is not null)
        {
            int length = (int)(_position - _start);
            if (length > 0)
            {
                _output.Advance(length);
                _committed += length;
            }
            _pin.Dispose();
        }
        _start = _position = _end = null;
    }
}
