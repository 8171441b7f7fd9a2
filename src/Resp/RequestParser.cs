using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

// The idea. A request is taken in one pass when it is all there, which is nearly always: headers of up to three digits
// are recognised by masked compares of four bytes, and each argument is stored as one 8-byte range.
//
//     *3\r\n $3\r\n SET\r\n $3\r\n key\r\n $64\r\n value\r\n
//     ----   ----           ----           -----               one 4-byte load and a compare each
//
// A request that is not all there is not kept in pieces. The parser remembers four numbers: where the next header starts
// (possibly beyond what has arrived, when an argument's body is under way), how much of that is the body's, how many arguments
// are still to come, and how much of an unfinished line holds no line end. The next call goes on from there, storing nothing;
// once the last argument has arrived, the one-pass parse runs over the whole. So every header is read twice at most, whatever
// the pieces, and a connection owns 24 bytes of state and no array, however many arguments are under way. (Rejected: keeping
// the ranges found so far in a rented array. It saves the second look at headers still in cache, and costs an array a slow client.)
//
// What Redis does not check is not checked here: the byte after a header's '\r' and the two bytes after an argument are
// skipped unread. Where Redis looks for '\r' with strchr, a NUL in a header makes it wait for bytes that never help; here
// the line end counts, and the header is refused.

/// <summary>
/// Incremental parser of what clients send: arrays of bulk strings, and inline requests. One per connection.
/// A mutable struct: keep it in a field and do not copy it.
/// </summary>
/// <remarks>
/// Source: the RESP specification, and Redis's processMultibulkBuffer and processInlineBuffer for limits and error texts.
/// Not thread-safe. The bytes of an unfinished request must stay at the start of the buffer from call to call.
/// </remarks>
public partial struct RequestParser
{
    // "*?\r\n", "$?\r\n" and "$??\r" in little-endian order, with the mask that leaves the digits out.
    private const uint OneDigitMask = 0xFFFF00FF;
    private const uint TwoDigitMask = 0xFF0000FF;
    private const uint ArrayOneDigit = '*' | ('\r' << 16) | ((uint)'\n' << 24);
    private const uint BulkOneDigit = '$' | ('\r' << 16) | ((uint)'\n' << 24);
    private const uint BulkTwoDigits = '$' | ((uint)'\r' << 24);

    // Offset of the next header from the start of the request; 0 while the first line is not complete.
    private long _next;

    // Arguments whose header has not been read. 0 with _next > 0: only the last body's bytes are missing.
    private int _remaining;

    // Bytes up to _next that are of an argument under way, whose header has been read; 0 if a header is awaited.
    private long _underWay;

    // Bytes of the line at _next already searched for its end without finding it.
    private int _scanned;

    /// <summary>True between requests: nothing of a request has been seen.</summary>
    public readonly bool IsIdle => _next == 0 && _scanned == 0;

    /// <summary>
    /// Bytes at the start of an unfinished request that hold whole arguments and headers; behind them is what there is of the next
    /// argument or header.
    /// </summary>
    public readonly long Parsed => _next - _underWay;

    /// <summary>Forgets an unfinished request.</summary>
    public void Reset() => this = default;

    /// <summary>Parses one request from the start of <paramref name="unread"/>.</summary>
    /// <param name="unread">All received bytes not yet consumed; on the next call the same bytes, and more.</param>
    /// <param name="limits">What this client may send now.</param>
    /// <param name="args">Takes the argument ranges; <paramref name="request"/> borrows it.</param>
    /// <param name="request">The request when the status is <see cref="ParseStatus.Request"/>.</param>
    /// <param name="consumed">Bytes done with, on Request and Empty; else 0.</param>
    /// <param name="wanted">On NeedMore: bytes from the start of <paramref name="unread"/> without which no progress is
    /// possible, so that a large argument's buffer can be sized at once. May exceed what a span can hold.</param>
    /// <param name="error">On ProtocolError: the text to answer after "-ERR ".</param>
    public ParseStatus Parse(
        ReadOnlySpan<byte> unread, scoped in ParserLimits limits, ArgBuffer args,
        out Request request, out int consumed, out long wanted, out string? error)
    {
        wanted = 0;
        error = null;
        if (!IsIdle)
        {
            ParseStatus resumed = Resume(unread, limits, args, out request, out consumed, out wanted, out error, out bool whole);
            if (!whole) return resumed;
        }

        int length = unread.Length;
        ref byte bytes = ref MemoryMarshal.GetReference(unread);
        nint position = ArrayHeader(ref bytes, length, out int count);
        if (position == 0)
        {
            ParseStatus first = FirstLine(unread, limits, args, out request, out consumed, out wanted, out error, out count);
            if (count == 0) return first;
            position = consumed;
        }

        ArgRange[] ranges = args.Ranges;
        int index = 0;
        request = default;
        consumed = 0;
        while (true)
        {
            position = UsualBulks(
                ref bytes, length, position, ref MemoryMarshal.GetArrayDataReference(ranges), ref index, Math.Min(count, ranges.Length));
            if (index == count)
            {
                request = new Request(unread, ranges.AsSpan(0, count));
                consumed = (int)position;
                return ParseStatus.Request;
            }

            if (index == ranges.Length)
            {
                // Grown by what has arrived, never by what a header announces.
                ranges = args.GrowRanges();
                continue;
            }

            HeaderStatus header = BulkHeader(unread[(int)position..], limits, 0, out long body, out int line, out error);
            if (header == HeaderStatus.Invalid) return ParseStatus.ProtocolError;
            if (header == HeaderStatus.Unfinished)
            {
                _next = position;
                _remaining = count - index;
                _scanned = ScannedSafely(length - (int)position);
                wanted = (long)length + 1;
                return ParseStatus.NeedMore;
            }

            // Compared as longs: a body's length is the client's word, and must not wrap around.
            position += line;
            long end = position + body + 2;
            if (end > length)
            {
                _next = wanted = end;
                _underWay = body + 2;
                _remaining = count - index - 1;
                return ParseStatus.NeedMore;
            }

            ranges[index++] = new ArgRange((int)position, (int)body);
            position = (nint)end;
        }
    }

    /// <summary>
    /// Takes a request as clients send nearly all of them: an array of up to nine arguments, each shorter than 1000 bytes, all of it there.
    /// For a caller that parses many; <c>Parse</c> takes such requests too, and all others.
    /// </summary>
    /// <param name="unread">As for <c>Parse</c>.</param>
    /// <param name="args">Takes the argument ranges.</param>
    /// <param name="count">The number of arguments.</param>
    /// <returns>Bytes done with. 0 if it is another request, or the rest of one that has begun: nothing has changed then.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public readonly int TakeUsual(ReadOnlySpan<byte> unread, ArgBuffer args, out int count)
    {
        count = 0;
        if (!IsIdle) return 0;
        ref byte bytes = ref MemoryMarshal.GetReference(unread);
        nint position = ArrayHeader(ref bytes, unread.Length, out count);
        if (position == 0) return 0;
        int index = 0;
        position = UsualBulks(ref bytes, unread.Length, position, ref MemoryMarshal.GetArrayDataReference(args.Ranges), ref index, count);
        return index == count ? (int)position : 0;
    }

    /// <summary>Reads the header of an array of up to nine elements.</summary>
    /// <returns>Its length, or 0 if it is another or is not all there.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static nint ArrayHeader(ref byte bytes, nint length, out int count)
    {
        count = 0;
        if (length < 4) return 0;
        uint head = Load(ref bytes, 0);
        uint digit = ((head >> 8) & 0xFF) - '0';
        if ((head & OneDigitMask) != ArrayOneDigit || digit - 1 > 8) return 0;
        count = (int)digit;
        return 4;
    }

    /// <summary>Takes arguments up to <paramref name="end"/>, as long as their headers have up to three digits and they are all there.</summary>
    /// <returns>Where the first argument begins that it has not taken.</returns>
    /// <remarks>Not inlined: alone it has its variables in registers.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static nint UsualBulks(ref byte bytes, nint length, nint position, ref ArgRange ranges, ref int index, int end)
    {
        int taken = index;
        while (taken < end && length - position >= 4)
        {
            uint head = Load(ref bytes, position);
            nint start;
            uint body;
            if ((head & TwoDigitMask) == BulkTwoDigits)
            {
                uint tens = ((head >> 8) & 0xFF) - '0';
                uint ones = ((head >> 16) & 0xFF) - '0';
                if (tens - 1 > 8 || ones > 9) break;
                body = tens * 10 + ones;
                start = position + 5;
            }
            else if ((head & OneDigitMask) == BulkOneDigit)
            {
                body = ((head >> 8) & 0xFF) - '0';
                if (body > 9) break;
                start = position + 4;
            }
            else if ((head & 0xFF) == '$' && length - position > 4 && Unsafe.Add(ref bytes, position + 4) == '\r')
            {
                uint hundreds = ((head >> 8) & 0xFF) - '0';
                uint tens = ((head >> 16) & 0xFF) - '0';
                uint ones = (head >> 24) - '0';
                if (hundreds - 1 > 8 || tens > 9 || ones > 9) break;
                body = hundreds * 100 + tens * 10 + ones;
                start = position + 6;
            }
            else
            {
                break;
            }

            nint next = start + (nint)body + 2;
            if (next > length) break;
            Unsafe.Add(ref ranges, taken++) = new ArgRange((int)start, (int)body);
            position = next;
        }

        index = taken;
        return position;
    }

    private enum HeaderStatus : byte
    {
        Found,
        Unfinished,
        Invalid,
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Load(ref byte bytes, nint position)
    {
        uint value = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref bytes, position));
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }

    /// <summary>A '\r' that came last is looked at again, once the byte after it is there.</summary>
    private static int ScannedSafely(int searched) => Math.Max(0, searched - 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private ParseStatus Resume(
        ReadOnlySpan<byte> unread, scoped in ParserLimits limits, ArgBuffer args,
        out Request request, out int consumed, out long wanted, out string? error, out bool whole)
    {
        request = default;
        consumed = 0;
        wanted = _next;
        error = null;
        whole = false;
        if (_next == 0)
        {
            ParseStatus first = FirstLine(unread, limits, args, out request, out consumed, out wanted, out error, out int count);
            if (count == 0) return first;
            _next = consumed;
            _remaining = count;
            consumed = 0;
        }
        else if (unread.Length < _next)
        {
            return ParseStatus.NeedMore;
        }

        ParseStatus status = SkipBulks(unread[(int)_next..], limits, out wanted, out error);
        if (status != ParseStatus.Request) return status;
        Reset();
        whole = true;
        return status;
    }

    /// <summary>
    /// Moves over arguments that have arrived, storing nothing. <paramref name="tail"/> starts at <see cref="_next"/>.
    /// Request means that the whole request is there, and <see cref="_next"/> is its length.
    /// </summary>
    private ParseStatus SkipBulks(ReadOnlySpan<byte> tail, in ParserLimits limits, out long wanted, out string? error)
    {
        wanted = 0;
        error = null;
        int position = 0;
        long start = _next;
        while (_remaining > 0)
        {
            HeaderStatus header = BulkHeader(tail[position..], limits, _scanned, out long body, out int line, out error);
            if (header == HeaderStatus.Invalid) return ParseStatus.ProtocolError;
            if (header == HeaderStatus.Unfinished)
            {
                _scanned = ScannedSafely(tail.Length - position);
                _underWay = 0;
                wanted = start + tail.Length + 1;
                return ParseStatus.NeedMore;
            }

            _scanned = 0;
            _remaining--;
            long end = position + line + body + 2;
            _next = start + end;
            _underWay = body + 2;
            if (end > tail.Length)
            {
                wanted = _next;
                return ParseStatus.NeedMore;
            }

            position = (int)end;
        }

        return ParseStatus.Request;
    }

    /// <summary>
    /// The first line in full generality. <paramref name="count"/> above 0: an array header of <paramref name="consumed"/>
    /// bytes was read; 0: the returned status stands.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private ParseStatus FirstLine(
        ReadOnlySpan<byte> unread, scoped in ParserLimits limits, ArgBuffer args,
        out Request request, out int consumed, out long wanted, out string? error, out int count)
    {
        request = default;
        consumed = 0;
        wanted = 0;
        error = null;
        count = 0;
        if (unread.IsEmpty)
        {
            wanted = 1;
            return ParseStatus.NeedMore;
        }

        if (unread[0] != (byte)'*')
        {
            ParseStatus status = InlineRequest.Parse(unread, limits.MaxInlineSize, _scanned, args, out request, out consumed, out error);
            _scanned = status == ParseStatus.NeedMore ? unread.Length : 0;
            wanted = (long)unread.Length + 1;
            return status;
        }

        int end = LineEnd(unread, limits.MaxInlineSize, _scanned);
        if (end < 0)
        {
            if (unread.Length > limits.MaxInlineSize && end == NoLineEnd)
            {
                error = Errors.TooBigMultibulkCount;
                return ParseStatus.ProtocolError;
            }

            _scanned = Math.Max(1, ScannedSafely(unread.Length));
            wanted = (long)unread.Length + 1;
            return ParseStatus.NeedMore;
        }

        _scanned = 0;
        if (!Numbers.TryParseInt64(unread[1..end], out long value) || value > int.MaxValue)
            error = Errors.InvalidMultibulkLength;
        else if (value > ParserLimits.MaxUnauthenticatedArgs && !limits.Authenticated)
            error = Errors.UnauthenticatedMultibulkLength;
        if (error is not null) return ParseStatus.ProtocolError;

        consumed = end + 2;
        if (value <= 0) return ParseStatus.Empty;
        count = (int)value;
        return ParseStatus.NeedMore;
    }

    private const int NoLineEnd = -1;
    private const int LineEndCut = -2;

    /// <summary>Index of the '\r' that ends a header line; LineEndCut if the byte after it has not arrived.</summary>
    private static int LineEnd(ReadOnlySpan<byte> line, int limit, int scanned)
    {
        Debug.Assert(scanned <= line.Length);
        // One byte more than the limit is searched, so that the verdict does not depend on how the bytes were cut.
        int found = line[scanned..Math.Max(scanned, (int)Math.Min(line.Length, limit + 1L))].IndexOf((byte)'\r');
        if (found < 0) return NoLineEnd;
        return scanned + found + 1 < line.Length ? scanned + found : LineEndCut;
    }

    /// <summary>An argument's header in full generality: <paramref name="line"/> is its length with its line end.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static HeaderStatus BulkHeader(
        ReadOnlySpan<byte> tail, in ParserLimits limits, int scanned, out long body, out int line, out string? error)
    {
        body = 0;
        line = 0;
        error = null;
        int end = LineEnd(tail, limits.MaxInlineSize, scanned);
        if (end < 0)
        {
            if (end == LineEndCut || tail.Length <= limits.MaxInlineSize) return HeaderStatus.Unfinished;
            error = Errors.TooBigBulkCount;
        }
        else if (tail[0] != (byte)'$')
        {
            error = Errors.ExpectedDollar(tail[0]);
        }
        else if (!Numbers.TryParseInt64(tail[1..end], out body) || body < 0
            || body > Math.Min(limits.MaxBulkLength, ParserLimits.LargestBulk))
        {
            error = Errors.InvalidBulkLength;
        }
        else if (body > ParserLimits.MaxUnauthenticatedBulk && !limits.Authenticated)
        {
            error = Errors.UnauthenticatedBulkLength;
        }

        line = end + 2;
        return error is null ? HeaderStatus.Found : HeaderStatus.Invalid;
    }
}
