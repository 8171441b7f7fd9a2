using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The tokens of JSON, and what lua-cjson takes besides: numbers as strtod reads them.</summary>
internal unsafe partial struct JsonReader
{
    enum TokenKind { ObjectBegin, ObjectEnd, ArrayBegin, ArrayEnd, String, Number, Boolean, Null, Colon, Comma, End, Error }

    /// <summary>The names by which errors call the tokens.</summary>
    static readonly string[] s_names =
    [
        "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL", "T_COLON", "T_COMMA", "T_END",
    ];

    struct Token
    {
        public TokenKind Kind;

        /// <summary>Where it begins, from zero; of an error, where that is.</summary>
        public long Index;

        /// <summary>Of a scalar.</summary>
        public Value Value;

        /// <summary>What is wrong, of an error.</summary>
        public string? Error;
    }

    void NextToken()
    {
        while (*_at is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r') _at++;
        _token.Index = _at - _start;
        switch ((char)*_at)
        {
            case '{': Single(TokenKind.ObjectBegin); return;
            case '}': Single(TokenKind.ObjectEnd); return;
            case '[': Single(TokenKind.ArrayBegin); return;
            case ']': Single(TokenKind.ArrayEnd); return;
            case ',': Single(TokenKind.Comma); return;
            case ':': Single(TokenKind.Colon); return;
            case '\0':
                _token.Kind = TokenKind.End;
                return;
            case '"':
                ReadString();
                return;
            case '-' or (>= '0' and <= '9'):
                if (!_takesInvalid && IsInvalidNumber()) Error("invalid number");
                else ReadNumber();
                return;
            case 't' when Follows("true"u8):
                Scalar(TokenKind.Boolean, Value.From(true), _at + 4);
                return;
            case 'f' when Follows("false"u8):
                Scalar(TokenKind.Boolean, Value.From(false), _at + 5);
                return;
            case 'n' when Follows("null"u8):
                Scalar(TokenKind.Null, Value.Light(0), _at + 4);
                return;
            case '+' or 'i' or 'I' or 'n' or 'N' when _takesInvalid && IsInvalidNumber():
                ReadNumber();
                return;
            default:
                Error("invalid token");
                return;
        }
    }

    void Single(TokenKind kind)
    {
        _token.Kind = kind;
        _at++;
    }

    void Scalar(TokenKind kind, Value value, byte* end)
    {
        _token.Kind = kind;
        _token.Value = value;
        _at = end;
    }

    void Error(string error)
    {
        _token.Kind = TokenKind.Error;
        _token.Error = error;
        _token.Index = _at - _start;
    }

    readonly bool Follows(ReadOnlySpan<byte> word) => new ReadOnlySpan<byte>(_at, (int)(_end - _at)).StartsWith(word);

    /// <summary>Whether strtod would read what is no number of JSON here: a plus sign, a zero in front, hexadecimal, inf, nan.</summary>
    readonly bool IsInvalidNumber()
    {
        var p = _at;
        if (*p == '+') return true;
        if (*p == '-') p++;
        if (*p == '0') return (p[1] | 0x20) == 'x' || p[1] is >= (byte)'0' and <= (byte)'9';
        return NumberScan.IsWord(p, "inf"u8) || NumberScan.IsWord(p, "nan"u8);
    }

    void ReadNumber()
    {
        var end = NumberScan.Parse(_at, out var number);
        if (end == _at) Error("invalid number");
        else Scalar(TokenKind.Number, Value.From(number), end);
    }

    void ReadString()
    {
        var first = ++_at;
        var length = new ReadOnlySpan<byte>(first, (int)(_end - first)).IndexOfAny((byte)'"', (byte)'\\', (byte)0);
        machine.Spend(Math.Max(0, length) >> 8);
        _at = length < 0 ? _end : first + length;
        if (*_at == '"') Scalar(TokenKind.String, machine.NewString(new ReadOnlySpan<byte>(first, length)), _at + 1);
        else ReadEscapedString(first);
    }

    /// <summary>Goes on with a string up to its end, from the first byte that does not stand for itself.</summary>
    void ReadEscapedString(byte* first)
    {
        _unescaped.Clear();
        while (true)
        {
            _unescaped.Add(new ReadOnlySpan<byte>(first, (int)(_at - first)));
            if (*_at == '"')
            {
                Scalar(TokenKind.String, machine.NewString(_unescaped.Written), _at + 1);
                return;
            }
            if (*_at == 0)
            {
                Error("unexpected end of string");
                return;
            }
            if (!ReadEscape()) return;
            first = _at;
            var length = new ReadOnlySpan<byte>(first, (int)(_end - first)).IndexOfAny((byte)'"', (byte)'\\', (byte)0);
            machine.Spend(1 + (Math.Max(0, length) >> 8));
            _at = length < 0 ? _end : first + length;
        }
    }

    bool ReadEscape()
    {
        switch ((char)_at[1])
        {
            case '"' or '\\' or '/': _unescaped.Add(_at[1]); break;
            case 'b': _unescaped.Add((byte)'\b'); break;
            case 't': _unescaped.Add((byte)'\t'); break;
            case 'n': _unescaped.Add((byte)'\n'); break;
            case 'f': _unescaped.Add((byte)'\f'); break;
            case 'r': _unescaped.Add((byte)'\r'); break;
            case 'u':
                if (ReadUnicodeEscape()) return true;
                Error("invalid unicode escape code");
                return false;
            default:
                Error("invalid escape code");
                return false;
        }
        _at += 2;
        return true;
    }

    /// <summary>One unit of UTF-16, or two that belong together.</summary>
    bool ReadUnicodeEscape()
    {
        var code = HexAt(_at + 2);
        if (code < 0) return false;
        var length = 6;
        if ((code & 0xF800) == 0xD800)
        {
            if ((code & 0x400) != 0 || _at[6] != '\\' || _at[7] != 'u') return false;
            var low = HexAt(_at + 8);
            if (low < 0 || (low & 0xFC00) != 0xDC00) return false;
            code = ((code & 0x3FF) << 10 | (low & 0x3FF)) + 0x10000;
            length = 12;
        }
        var utf8 = _unescaped.Room(4);
        _unescaped.Advance(new System.Text.Rune(code).EncodeToUtf8(utf8));
        _at += length;
        return true;
    }

    /// <summary>Four hexadecimal digits, or -1. The zero byte at the end is none, so nothing behind it is looked at.</summary>
    static int HexAt(byte* p)
    {
        var value = 0;
        for (var i = 0; i < 4; i++)
        {
            var digit = LuaNumbers.DigitOf(p[i]);
            if (digit >= 16) return -1;
            value = value << 4 | digit;
        }
        return value;
    }
}
