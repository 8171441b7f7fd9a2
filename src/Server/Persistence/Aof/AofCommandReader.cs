using System.Globalization;
using MiniRedis.Resp;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Reads a file of commands one by one and runs none. The parser is that of loading; what it passes over, the line ends behind
/// arguments, is looked at here as well. Faults are told in the words of redis-check-aof.
/// </summary>
/// <param name="file">Read from where it stands.</param>
/// <param name="name">The file's, for messages.</param>
sealed class AofCommandReader(Stream file, string name)
{
    static readonly ParserLimits s_limits = new() { MaxBulkLength = ParserLimits.LargestBulk };

    readonly ArgBuffer _arguments = new();
    readonly AofInput _input = new(file);
    RequestParser _parser;
    int _length, _wordStart, _wordLength;

    /// <summary>Where what was read ends, in bytes from the start of the file.</summary>
    public long Position => _input.Position;

    /// <summary>Where the last argument or note that was looked at begins.</summary>
    public long LastOffset { get; private set; } = file.Position;

    public long Length => _input.Length;

    /// <summary>Line ends of the protocol so far: those within arguments and of notes are not counted.</summary>
    public long Lines { get; private set; }

    /// <summary>What is wrong; null where nothing is.</summary>
    public string? Failure { get; private set; }

    /// <summary>A note and no command was read, such as the time of what follows: "#TS:1700000000".</summary>
    public bool IsNote { get; private set; }

    /// <summary>The command's name, or the note with its line end. Valid until the next is read.</summary>
    public ReadOnlySpan<byte> Word => _input.Consumed(_length).Slice(_wordStart, _wordLength);

    /// <summary>Reads the next command or note.</summary>
    /// <returns>False at the end of the file, or at a fault; <see cref="Failure"/> tells which.</returns>
    public bool Read()
    {
        if (_input.Unread.IsEmpty && !_input.Fill(1)) return false;
        while (true)
        {
            var unread = _input.Unread;
            IsNote = unread[0] == '#';
            if (!IsNote && unread[0] != '*')
            {
                Failure = $"AOF {name} format error";
                return false;
            }
            var status = _parser.Parse(unread, s_limits, _arguments, out var request, out var length, out var wanted, out var error);
            if (status == ParseStatus.NeedMore && _input.Fill(wanted)) continue;
            // What there was may have moved to the front.
            unread = _input.Unread;
            if (IsNote ? !Note(length) : !IsSound(unread)) return false;
            if (status != ParseStatus.Request) return Fail(Position, error ?? "Expected at least one argument, got none");
            if (!IsNote) (_wordStart, _wordLength) = (request.Args[0].Offset, request.Args[0].Length);
            _length = length;
            _input.Consume(length);
            return true;
        }
    }

    bool Note(int length)
    {
        LastOffset = Position;
        (_wordStart, _wordLength) = (0, length);
        return length > 0 || Fail(Position, "Reached EOF before the end of an annotation");
    }

    /// <summary>Walks over one command, which may be one that the parser refuses or misses the end of.</summary>
    bool IsSound(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        if (!Header(bytes, '*', ref at, out var count)) return false;
        for (var i = 0L; i < count; i++)
        {
            if (!Header(bytes, '$', ref at, out var length)) return false;
            if (length is < 0 or > ParserLimits.LargestBulk)
                return Fail(LastOffset, $"Expected to read string of {length} bytes, which is not in the suitable range");
            LastOffset = Position + at;
            var left = Length - LastOffset;
            if (length + 2 > left) return Fail(LastOffset, $"Expected to read {length + 2} bytes, got {left} bytes");
            at += (int)length;
            if (!LineEnd(bytes, ref at)) return false;
        }
        return true;
    }

    bool Header(ReadOnlySpan<byte> bytes, char prefix, ref int at, out long number)
    {
        number = 0;
        LastOffset = Position + at;
        if (at >= bytes.Length) return Fail(LastOffset, "Reached EOF before the end of a command");
        if (bytes[at] != prefix) return Fail(LastOffset, $"Expected prefix '{prefix}', got: '{Shown(bytes[at])}'");
        at++;
        var isNegative = at < bytes.Length && bytes[at] == '-';
        if (isNegative) at++;
        for (; at < bytes.Length && char.IsAsciiDigit((char)bytes[at]); at++)
            number = number > long.MaxValue / 10 - 1 ? long.MaxValue : number * 10 + (bytes[at] - '0');
        if (isNegative) number = -number;
        return LineEnd(bytes, ref at);
    }

    bool LineEnd(ReadOnlySpan<byte> bytes, ref int at)
    {
        // What is missing at the end is shown as zeros.
        var (first, second) = (at < bytes.Length ? bytes[at] : 0, at + 1 < bytes.Length ? bytes[at + 1] : 0);
        at += 2;
        if (first != '\r' || second != '\n') return Fail(LastOffset, $@"Expected \r\n, got: {first:x2}{second:x2}");
        Lines++;
        return true;
    }

    /// <summary>Notes what is wrong, the first time.</summary>
    /// <param name="offset">Where, in bytes from the start of the file.</param>
    /// <param name="reason">What.</param>
    /// <returns>False.</returns>
    public bool Fail(long offset, string reason)
    {
        Failure ??= string.Create(CultureInfo.InvariantCulture, $"0x{offset,16:x}: {reason}");
        return false;
    }

    static string Shown(byte b) => b is >= 0x20 and < 0x7F ? ((char)b).ToString() : string.Create(CultureInfo.InvariantCulture, $"\\x{b:x2}");
}
