using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

// The idea. Replies go straight into the output's own memory, which is asked for a window at a time: a small reply is a
// bounds check, one 8-byte store for its header and a copy, without a virtual call. Large values run across as many
// windows as it takes. Headers of numbers below 1024 come from a table whose entries are the digits, the line end and
// their length in one ulong, to be shifted by a byte to make room for the type:
//
//     byte    0    1    2    3    4    5..6  7
//     entry   '1'  '2'  '8'  \r   \n   0     5 = bytes used
//
// Where bytes go to is a sink: the attached output, the scratch of an aggregate whose count is not known yet, or nowhere
// when muted. Sinks stack; only a change of sink costs, not each reply. A writer of values has no window at all. (Rejected:
// testing "muted" and "deferred" in every method; and padded lengths, as replies are compared with Redis byte for byte.)

/// <summary>
/// Encodes replies in RESP2 or RESP3. One per loop thread: <see cref="Attach"/> it to a connection's output for a batch of
/// requests, then <see cref="Complete"/>.
/// </summary>
/// <remarks>Not thread-safe. Between Attach and Complete nobody else may write to the output. Strings are sent as UTF-8.</remarks>
/// <param name="memory">Where elements lie whose aggregate has no count yet; without one, in arrays.</param>
public sealed unsafe partial class ReplyWriter(IReplyMemory? memory = null)
{
    private const int SmallNumbers = 1024;

    // The output's memory comes in blocks of 1 KB or more; asking for less than this wastes the end of one at most.
    private const int MinWindow = 256;

    // Bytes that WriteHeader touches, and that a bulk string of which it writes the header may take beside its value.
    private const int HeaderRoom = 8;
    private const int BulkOverhead = 10;

    // A value this long goes to the output in one piece, if the output can take it so.
    private const int LargeReply = 1024 * 1024;

    private static readonly ulong[] Digits = BuildDigits();

    // The three digits of each number below 1000, as they lie in memory.
    private static readonly uint[] Padded = BuildPadded();

    // A line end as it lies in memory.
    private static readonly ushort CrLf = MemoryMarshal.Read<ushort>("\r\n"u8);

    // The current sink. No output means that bytes are dropped.
    private IBufferWriter<byte>? _output;

    // The window into the output's memory. It is pinned while it is open, from NextWindow to HandOver. Meanwhile no one else may
    // take memory from the output, or give its memory back. (Pinning does nothing to native memory.)
    private MemoryHandle _pin;
    private byte* _start;
    private byte* _position;
    private byte* _end;
    private long _committed;

    // Stands in for a window when bytes are dropped. Allocated where the collector moves nothing.
    private byte[]? _scratch;
    private bool _muted;
    private bool _attached;

    /// <summary>2 or 3: the protocol the client chose with HELLO.</summary>
    public int Protocol { get; set; } = 2;

    /// <summary>Error replies since <see cref="Attach"/>, muted ones included.</summary>
    public int Errors { get; private set; }

    /// <summary>
    /// Bytes written to the attached output since <see cref="Attach"/>, handed over or not. Muted bytes are not counted, and
    /// those of an unfinished deferred aggregate not before they reach the output.
    /// </summary>
    public long Written
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _depth == 0 ? _committed + (_output is null ? 0 : _position - _start) : _frames[0].Written;
    }

    /// <summary>
    /// CLIENT REPLY OFF and SKIP: what is written while true is dropped.
    /// </summary>
    public bool Muted
    {
        get => _muted;
        set
        {
            if (_muted == value) return;
            Debug.Assert(_depth == 0, "muting belongs between replies");
            if (_attached) HandOver();
            _muted = value;
            _output = value ? null : _attachedOutput;
        }
    }

    /// <summary>Whether something was written, and dropped, since <see cref="Muted"/> was set.</summary>
    public bool HasDropped => _muted && _start != null;

    private IBufferWriter<byte>? _attachedOutput;

    /// <summary>Of <see cref="Written"/>, the bytes that the output has. Between replies.</summary>
    public long HandedOver => _committed;

    /// <summary>
    /// A reply is cut when <see cref="Written"/> reaches this, so that no request makes the server hold more than its client is
    /// allowed. <see cref="Attach"/> lifts the limit.
    /// </summary>
    public long Limit { get; set; } = long.MaxValue;

    /// <summary>
    /// Whether a reply was cut. The rest was dropped, and the stream is not valid any more. A handler with much left to write may
    /// stop.
    /// </summary>
    public bool IsCut { get; private set; }

    /// <summary>Directs replies to <paramref name="output"/> until <see cref="Complete"/>; clears the counters and Muted.</summary>
    public void Attach(IBufferWriter<byte> output, int protocol)
    {
        Debug.Assert(!_attached, "attached twice");
        _attached = true;
        _attachedOutput = _output = output;
        _muted = IsCut = false;
        _committed = 0;
        Limit = long.MaxValue;
        Protocol = protocol;
        Errors = 0;
        _replies = _pushes = _missing = 0;
    }

    /// <summary>Hands the bytes over to the output and lets go of it; sending them is the caller's business.</summary>
    public void Complete()
    {
        Debug.Assert(_attached && _depth == 0, "completed with an aggregate open");
        HandOver();
        _attached = false;
        _attachedOutput = _output = null;
        _values = null;
    }

    public void Ok() => Write(Constant.Ok, "+OK\r\n"u8);

    public void Queued() => Write(Constant.Queued, "+QUEUED\r\n"u8);

    public void Pong() => Write(Constant.Pong, "+PONG\r\n"u8);

    /// <summary>A status reply. The text must hold no line end.</summary>
    public void SimpleString(ReadOnlySpan<byte> text)
    {
        Debug.Assert(text.IndexOfAny((byte)'\r', (byte)'\n') < 0);
        Line((byte)'+', text);
    }

    /// <summary>
    /// An error reply. <paramref name="text"/> is without the leading '-' and starts with its code, as in "ERR syntax error";
    /// line ends inside become spaces, as it may quote what a client sent.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Error(ReadOnlySpan<byte> text)
    {
        Errors++;
        if (NotesErrors) NotedError ??= System.Text.Encoding.Latin1.GetString(text);
        if (text.IndexOfAny((byte)'\r', (byte)'\n') < 0)
        {
            Line((byte)'-', text);
            return;
        }

        // As Redis: line ends around the text go, those within become blanks.
        text = text.Trim("\r\n"u8);
        if (_values is not null)
        {
            TakeLines(text);
            return;
        }

        CountReply();
        Append("-"u8);
        while (text.IndexOfAny((byte)'\r', (byte)'\n') is >= 0 and var end)
        {
            Append(text[..end]);
            Append(" "u8);
            text = text[(end + 1)..];
        }

        Append(text);
        LineEnd();
    }

    public void Integer(long value) => Number((byte)':', value);

    public void Bulk(ReadOnlySpan<byte> value)
    {
        int length = value.Length;
        if (length < SmallNumbers && _end - _position >= length + BulkOverhead)
        {
            CountReply();
            ref byte room = ref Room;
            int header = WriteHeader(ref room, (byte)'$', length);
            ref byte body = ref Unsafe.Add(ref room, header);
            value.CopyTo(MemoryMarshal.CreateSpan(ref body, length));
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref body, length), CrLf);
            _position += header + length + 2;
            return;
        }

        if (_values is not null)
        {
            TakeBulk(value);
            return;
        }

        Number((byte)'$', length);
        Append(value);
        LineEnd();
    }

    /// <summary>An integer as a bulk string: what GET answers for a value stored as a number.</summary>
    public void BulkInteger(long value)
    {
        Span<byte> text = stackalloc byte[Numbers.MaxInt64Length];
        Bulk(text[..Numbers.FormatInt64(value, text)]);
    }

    /// <summary>No value: the null bulk string of RESP2, the null of RESP3.</summary>
    public void Null() => Write(Constant.Null, Protocol == 2 ? "$-1\r\n"u8 : "_\r\n"u8);

    /// <summary>No array: differs from <see cref="Null"/> in RESP2 only.</summary>
    public void NullArray() => Write(Constant.Null, Protocol == 2 ? "*-1\r\n"u8 : "_\r\n"u8);

    /// <summary>Starts an array: <paramref name="count"/> replies follow.</summary>
    public void Array(long count) => Number((byte)'*', count);

    public void EmptyArray() => Write(Constant.EmptyArray, "*0\r\n"u8);

    /// <summary>Starts a map: twice <paramref name="pairs"/> replies follow, keys and values in turn.</summary>
    public void Map(int pairs) => Number(Protocol == 2 ? (byte)'*' : (byte)'%', Protocol == 2 ? 2L * pairs : pairs);

    public void Set(int count) => Number(Protocol == 2 ? (byte)'*' : (byte)'~', count);

    /// <summary>Starts an out-of-band message (pub/sub, invalidation).</summary>
    public void Push(int count)
    {
        CountPush();
        Number(Protocol == 2 ? (byte)'*' : (byte)'>', count);
    }

    /// <summary>Starts attributes of the reply that follows them. RESP3 only: RESP2 has no form for them.</summary>
    public void Attribute(int pairs)
    {
        Debug.Assert(Protocol == 3, "attributes need RESP3");
        Number((byte)'|', pairs);
    }

    /// <summary>One whole reply that is RESP already.</summary>
    public void Raw(ReadOnlySpan<byte> encoded)
    {
        CountReply();
        Append(encoded);
    }

    /// <summary>Out-of-band messages that are RESP already. Only between replies.</summary>
    public void Messages(ReadOnlySpan<byte> encoded)
    {
        Debug.Assert(_depth == 0, "a message within a reply");
        Append(encoded);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Append(ReadOnlySpan<byte> encoded)
    {
        if (_end - _position >= encoded.Length)
        {
            encoded.CopyTo(MemoryMarshal.CreateSpan(ref Room, encoded.Length));
            _position += encoded.Length;
            return;
        }

        RawAcrossWindows(encoded);
    }

    /// <summary>The window from the position on; how much of it there is, the caller has checked.</summary>
    private ref byte Room
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref *_position;
    }

    /// <summary>Writes the type, a number below <see cref="SmallNumbers"/> and the line end, and anything into the rest of 8 bytes.</summary>
    /// <returns>Bytes of use.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteHeader(ref byte room, byte type, int number)
    {
        ulong digits = Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Digits), number);
        ulong header = (digits << 8) | type;
        Unsafe.WriteUnaligned(ref room, BitConverter.IsLittleEndian ? header : BinaryPrimitives.ReverseEndianness(header));
        return (int)(digits >> 56) + 1;
    }

    private void Line(byte type, ReadOnlySpan<byte> text)
    {
        CountReply();
        if (_values is not null)
        {
            TakeLine(type, text);
            return;
        }

        Append([type]);
        Append(text);
        LineEnd();
    }

    private void LineEnd() => Append("\r\n"u8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Number(byte type, long value)
    {
        CountNumber(type, value);
        if ((ulong)value < SmallNumbers && _end - _position >= HeaderRoom)
        {
            _position += WriteHeader(ref Room, type, (int)value);
            return;
        }

        LargeNumber(type, value);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void LargeNumber(byte type, long value)
    {
        const int Longest = 1 + Numbers.MaxInt64Length + 2;
        if (_end - _position < Longest)
        {
            if (_values is not null)
            {
                TakeNumber(type, value);
                return;
            }

            NextWindow(Longest);
        }

        ref byte room = ref Room;
        if ((ulong)value < SmallNumbers)
        {
            // Only the window was too short.
            _position += WriteHeader(ref room, type, (int)value);
            return;
        }

        if ((ulong)value < 1_000_000_000)
        {
            // Three digits at a time: a list's length, a counter.
            (uint thousands, uint rest) = Math.DivRem((uint)value, 1000);
            (uint millions, thousands) = Math.DivRem(thousands, 1000);
            int length = WriteHeader(ref room, type, (int)(millions > 0 ? millions : thousands)) - 2;
            if (millions > 0) length += WriteThree(ref Unsafe.Add(ref room, length), thousands);
            length += WriteThree(ref Unsafe.Add(ref room, length), rest);
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref room, length), CrLf);
            _position += length + 2;
            return;
        }

        room = type;
        int digits = Numbers.FormatInt64(value, MemoryMarshal.CreateSpan(ref Unsafe.Add(ref room, 1), Numbers.MaxInt64Length));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref room, 1 + digits), CrLf);
        _position += digits + 3;
    }

    /// <summary>Writes a number below 1000 with leading zeros, and anything into a fourth byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int WriteThree(ref byte room, uint number)
    {
        Unsafe.WriteUnaligned(ref room, Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(Padded), number));
        return 3;
    }

    private static ulong[] BuildDigits()
    {
        var table = new ulong[SmallNumbers];
        Span<byte> entry = stackalloc byte[8];
        for (int n = 0; n < table.Length; n++)
        {
            entry.Clear();
            Utf8Formatter.TryFormat(n, entry, out int length);
            entry[length++] = (byte)'\r';
            entry[length++] = (byte)'\n';
            entry[7] = (byte)length;
            table[n] = BinaryPrimitives.ReadUInt64LittleEndian(entry);
        }

        return table;
    }

    private static uint[] BuildPadded()
    {
        var table = new uint[1000];
        for (int n = 0; n < table.Length; n++)
            table[n] = MemoryMarshal.Read<uint>([(byte)('0' + n / 100), (byte)('0' + n / 10 % 10), (byte)('0' + n % 10), 0]);
        return table;
    }
}
