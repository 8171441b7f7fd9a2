using System.Buffers;

namespace MiniRedis.Resp;

// Requests that span segments of a sequence: looked at where they lie as long as possible, and copied once when whole.
public partial struct RequestParser
{
    /// <summary>
    /// The same for a sequence of segments, which is advanced past what was consumed. A request that spans segments is
    /// copied into <paramref name="args"/> once, when it is whole; before, only the unread tail is looked at.
    /// </summary>
    public ParseStatus Parse(
        ref ReadOnlySequence<byte> buffer, in ParserLimits limits, ArgBuffer args,
        out Request request, out long wanted, out string? error)
    {
        int consumed;
        ParseStatus status;
        ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (buffer.IsSingleSegment)
        {
            status = Parse(first, limits, args, out request, out consumed, out wanted, out error);
        }
        else
        {
            // Pipelined requests mostly end inside the first segment: only the one that crosses its end is copied.
            bool fresh = IsIdle;
            status = ParseStatus.NeedMore;
            request = default;
            consumed = 0;
            wanted = 0;
            error = null;
            if (fresh) status = Parse(first, limits, args, out request, out consumed, out wanted, out error);
            if (status == ParseStatus.NeedMore) status = ParseSegments(buffer, limits, args, out request, out consumed, out wanted, out error);
        }

        if (consumed > 0) buffer = buffer.Slice(consumed);
        return status;
    }

    private ParseStatus ParseSegments(
        in ReadOnlySequence<byte> buffer, in ParserLimits limits, ArgBuffer args,
        out Request request, out int consumed, out long wanted, out string? error)
    {
        request = default;
        consumed = 0;
        wanted = Math.Max(_next, 1);
        error = null;
        if (buffer.Length < wanted) return ParseStatus.NeedMore;
        if (_next > 0)
        {
            ParseStatus status = SkipSegments(buffer, limits, args, out wanted, out error);
            if (status != ParseStatus.Request) return status;
            ReadOnlySequence<byte> whole = buffer.Slice(0, _next);
            Reset();
            return Parse(Linear(whole, args), limits, args, out request, out consumed, out wanted, out error);
        }

        // The first line is unfinished, or crosses segments: it is bounded, and an inline request needs no more than it.
        ReadOnlySequence<byte> start = buffer.Slice(0, Math.Min(buffer.Length, limits.MaxInlineSize + 1L));
        ReadOnlySpan<byte> line = Linear(start, args);
        if (line[0] == (byte)'*')
        {
            Reset();
            ParseStatus status = Parse(line, limits, args, out request, out consumed, out wanted, out error);
            return status == ParseStatus.NeedMore && _next > 0 && buffer.Length > start.Length
                ? ParseSegments(buffer, limits, args, out request, out consumed, out wanted, out error)
                : status;
        }

        // The inline splitter writes its arguments to the scratch bytes that the line would lie in.
        return Parse(start.ToArray(), limits, args, out request, out consumed, out wanted, out error);
    }

    /// <summary><see cref="SkipBulks"/> over segments, a window at a time: what lies behind this request is not copied.</summary>
    private ParseStatus SkipSegments(
        in ReadOnlySequence<byte> buffer, in ParserLimits limits, ArgBuffer args, out long wanted, out string? error)
    {
        long window = 4096L + _scanned;
        while (true)
        {
            long start = _next;
            long available = buffer.Length - start;
            ReadOnlySpan<byte> tail = Linear(buffer.Slice(start, Math.Min(available, window)), args);
            ParseStatus status = SkipBulks(tail, limits, out wanted, out error);
            if (status != ParseStatus.NeedMore || tail.Length == available || _next > buffer.Length) return status;
            if (_next == start) window *= 2;
        }
    }

    private static ReadOnlySpan<byte> Linear(ReadOnlySequence<byte> part, ArgBuffer args)
    {
        if (part.IsSingleSegment) return part.FirstSpan;
        Span<byte> copy = args.Scratch(checked((int)part.Length));
        part.CopyTo(copy);
        return copy;
    }
}
