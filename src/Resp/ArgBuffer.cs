namespace MiniRedis.Resp;

/// <summary>
/// Scratch space for the arguments of one request: ranges for the parser, and bytes for arguments that the receive buffer does
/// not hold in their final form. Those are inline requests with escapes, requests that span segments, and requests that the
/// server itself makes.
/// </summary>
/// <remarks>Not thread-safe: one instance belongs to one loop thread and serves all its connections in turn.</remarks>
public sealed class ArgBuffer
{
    // Most requests have fewer than 16 arguments. The array doubles when more are found.
    private const int InitialRanges = 64;

    // What a thread keeps between requests. Only an unusual request needs more.
    private const int RangesKept = 4096;
    private const int BytesKept = 64 * 1024;

    private ArgRange[] _ranges = new ArgRange[InitialRanges];
    private byte[] _bytes = [];
    private int _count;
    private int _length;

    internal ArgRange[] Ranges => _ranges;

    /// <summary>Doubles the ranges, keeping what they hold.</summary>
    internal ArgRange[] GrowRanges()
    {
        Array.Resize(ref _ranges, checked(_ranges.Length * 2));
        return _ranges;
    }

    /// <summary>At least <paramref name="length"/> bytes of scratch; what the scratch held is lost.</summary>
    internal Span<byte> Scratch(int length)
    {
        if (_bytes.Length < length) _bytes = new byte[Math.Max(length, (int)Math.Min(2L * _bytes.Length, Array.MaxLength))];
        return _bytes.AsSpan(0, length);
    }

    /// <summary>Starts a request of the server's own making: <see cref="Add"/> its arguments, then <see cref="Build"/>.</summary>
    public void Begin()
    {
        _count = 0;
        _length = 0;
    }

    /// <summary>Appends a copy of <paramref name="argument"/> to the request being built.</summary>
    public void Add(ReadOnlySpan<byte> argument)
    {
        StartArgument();
        AppendBytes(argument);
        EndArgument();
    }

    /// <summary>The request built since <see cref="Begin"/>; valid until this buffer is used again.</summary>
    public Request Build() => new(_bytes.AsSpan(0, _length), _ranges.AsSpan(0, _count));

    /// <summary>
    /// The request that was last parsed into this buffer, over the same bytes, if it lay in them as it is to be read.
    /// </summary>
    public Request View(ReadOnlySpan<byte> bytes, int count) => new(bytes, _ranges.AsSpan(0, count));

    internal void StartArgument()
    {
        if (_count == _ranges.Length) GrowRanges();
        _ranges[_count] = new ArgRange(_length, 0);
    }

    internal void AppendByte(byte value)
    {
        if (_length == _bytes.Length) Array.Resize(ref _bytes, Math.Max(256, checked(_bytes.Length * 2)));
        _bytes[_length++] = value;
    }

    internal void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _length < bytes.Length)
            Array.Resize(ref _bytes, (int)Math.Max(checked(_length + bytes.Length), Math.Min(2L * _bytes.Length, Array.MaxLength)));
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    internal void EndArgument()
    {
        ArgRange started = _ranges[_count];
        _ranges[_count++] = started with { Length = _length - started.Offset };
    }

    /// <summary>Whether an unusually large request has made this buffer grow.</summary>
    public bool IsLarge => _ranges.Length > RangesKept || _bytes.Length > BytesKept;

    /// <summary>Gives back the memory that an unusually large request needed. The last request is not valid any more.</summary>
    public void Trim()
    {
        if (_ranges.Length > RangesKept) _ranges = new ArgRange[InitialRanges];
        if (_bytes.Length > BytesKept) _bytes = [];
        Begin();
    }
}
