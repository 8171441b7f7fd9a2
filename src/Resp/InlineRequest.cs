namespace MiniRedis.Resp;

/// <summary>
/// Inline requests, as a person types them: words separated by blanks. "Double quotes" have the escapes \n \r \t \b \a \xHH,
/// 'single quotes' have only \'. Source: sdssplitargs in Redis.
/// </summary>
public static class InlineRequest
{
    /// <summary>Parses one line. Arguments are copied into <paramref name="args"/>, so nothing refers to the line.</summary>
    /// <param name="scanned">Bytes already known to hold no line end.</param>
    internal static ParseStatus Parse(
        ReadOnlySpan<byte> unread, int limit, int scanned, ArgBuffer args,
        out Request request, out int consumed, out string? error)
    {
        request = default;
        consumed = 0;
        error = null;
        int searched = (int)Math.Min(unread.Length, limit + 1L);
        int newline = scanned < searched ? unread[scanned..searched].IndexOf((byte)'\n') : -1;
        if (newline < 0)
        {
            if (unread.Length <= limit) return ParseStatus.NeedMore;
            error = Errors.TooBigInlineRequest;
            return ParseStatus.ProtocolError;
        }

        newline += scanned;
        int end = newline > 0 && unread[newline - 1] == (byte)'\r' ? newline - 1 : newline;
        if (!TrySplit(unread[..end], args))
        {
            error = Errors.UnbalancedQuotes;
            return ParseStatus.ProtocolError;
        }

        consumed = newline + 1;
        request = args.Build();
        return request.Count == 0 ? ParseStatus.Empty : ParseStatus.Request;
    }

    /// <summary>Splits a line into arguments; false if a quote is not closed, or is closed inside a word.</summary>
    public static bool TrySplit(ReadOnlySpan<byte> line, ArgBuffer args)
    {
        args.Begin();
        int i = 0;
        while (true)
        {
            while (i < line.Length && (IsSpace(line[i]) || line[i] == 0)) i++;
            if (i == line.Length) return true;
            args.StartArgument();
            while (i < line.Length && !EndsWord(line[i]))
            {
                byte c = line[i++];
                if (c is not ((byte)'"' or (byte)'\''))
                {
                    args.AppendByte(c);
                    continue;
                }

                bool closed = c == (byte)'"' ? TakeDoubleQuoted(line, ref i, args) : TakeSingleQuoted(line, ref i, args);
                // A closing quote must end the word: `"a"b` is an error, while `a"b"` is one word.
                if (!closed || (i < line.Length && !IsSpace(line[i]))) return false;
                break;
            }

            args.EndArgument();
        }
    }

    private static bool TakeDoubleQuoted(ReadOnlySpan<byte> line, ref int i, ArgBuffer args)
    {
        while (i < line.Length)
        {
            byte c = line[i++];
            if (c == (byte)'"') return true;
            if (c != (byte)'\\' || i == line.Length)
            {
                args.AppendByte(c);
                continue;
            }

            byte escaped = line[i++];
            if (escaped == (byte)'x' && i + 1 < line.Length && char.IsAsciiHexDigit((char)line[i]) && char.IsAsciiHexDigit((char)line[i + 1]))
            {
                args.AppendByte((byte)(HexValue(line[i]) << 4 | HexValue(line[i + 1])));
                i += 2;
                continue;
            }

            args.AppendByte(escaped switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'a' => (byte)'\a',
                _ => escaped,
            });
        }

        return false;
    }

    private static bool TakeSingleQuoted(ReadOnlySpan<byte> line, ref int i, ArgBuffer args)
    {
        while (i < line.Length)
        {
            byte c = line[i++];
            if (c == (byte)'\'') return true;
            if (c == (byte)'\\' && i < line.Length && line[i] == (byte)'\'') c = line[i++];
            args.AppendByte(c);
        }

        return false;
    }

    private static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;

    // C's isspace; a word itself ends at fewer characters, so "a\vb" is one word and "\va" is "a".
    private static bool IsSpace(byte c) => c is (byte)' ' or (>= 9 and <= 13);

    private static bool EndsWord(byte c) => c is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t' or 0;
}
