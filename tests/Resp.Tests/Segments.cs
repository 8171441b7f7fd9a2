using System.Buffers;

namespace MiniRedis.Resp.Tests;

/// <summary>Bytes as a sequence of segments of a given size, with an empty segment in between now and then.</summary>
internal sealed class Segments : ReadOnlySequenceSegment<byte>
{
    private Segments(ReadOnlyMemory<byte> memory, long runningIndex)
    {
        Memory = memory;
        RunningIndex = runningIndex;
    }

    public static ReadOnlySequence<byte> Of(ReadOnlySpan<byte> bytes, int size)
    {
        var first = new Segments(ReadOnlyMemory<byte>.Empty, 0);
        Segments last = first;
        for (int i = 0; i < bytes.Length; i += size)
        {
            last = last.Append(bytes.Slice(i, Math.Min(size, bytes.Length - i)).ToArray());
            if (i % 3 == 2) last = last.Append(ReadOnlyMemory<byte>.Empty);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private Segments Append(ReadOnlyMemory<byte> memory)
    {
        var next = new Segments(memory, RunningIndex + Memory.Length);
        Next = next;
        return next;
    }
}
