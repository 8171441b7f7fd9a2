using System.Globalization;
using MiniRedis.Resp;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// Reads the commands of a file one by one without running them. The parser is that of loading; the line ends after arguments,
/// which it skips, are checked here as well. Faults are reported in the words of redis-check-aof.
/// </summary>
/// <param name="file">Read from its position.</param>
/// <param name="name">The file's name, for messages.</param>
sealed class AofCommandReader(Stream file, string name)
{
    static readonly ParserLimits s_limits = new() { MaxBulkLength = ParserLimits.LargestBulk };

    readonly ArgBuffer _arguments = new();
    readonly AofInput _input = new(file);
    RequestParser _parser;
    int _length, _wordStart, _wordLength;

    /// <summary>The end of the last command or note, in bytes from the start of the file.</summary>
    public long Position => _input.Position;

    /// <summary>The start of the last argument or note that was checked.</summary>
    public long LastOffset { get; private set; } = file.Position;

    public long Length => _input.Length;

    /// <summary>Line ends of the protocol so far, without those within arguments and of notes.</summary>
    public long Lines { get; private set; }

    /// <summary>The fault; null if there is none.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether a note was read instead of a command, such as the time of the next commands: "#TS:1700000000".</summary>
    public bool IsNote { get; private set; }

    /// <summary>The command's name, or the note with its line end. Valid until the next is read.</summary>
    public ReadOnlySpan<byte> Word => _input.Consumed(_length).Slice(_wordStart, _wordLength);

    /// <summary>Reads the next command or note.</summary>
    /// <returns>False at the end of the file or at a fault; <see cref="Failure"/> tells which.</returns>
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
            // The unread bytes may have moved to the front.
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

    /// <summary>Walks over one command. The parser may refuse it or find no end.</summary>
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
        // Missing bytes at the end are shown as zeros.
        var (first, second) = (at < bytes.Length ? bytes[at] : 0, at + 1 < bytes.Length ? bytes[at + 1] : 0);
        at += 2;
        if (first != '\r' || second != '\n') return Fail(LastOffset, $@"Expected \r\n, got: {first:x2}{second:x2}");
        Lines++;
        return true;
    }

    /// <summary>Records the first fault.</summary>
    /// <param name="offset">Its place, in bytes from the start of the file.</param>
    /// <param name="reason">Its description.</param>
    /// <returns>False.</returns>
    public bool Fail(long offset, string reason)
    {
        Failure ??= string.Create(CultureInfo.InvariantCulture, $"0x{offset,16:x}: {reason}");
        return false;
    }

    static string Shown(byte b) => b is >= 0x20 and < 0x7F ? ((char)b).ToString() : string.Create(CultureInfo.InvariantCulture, $"\\x{b:x2}");
}
