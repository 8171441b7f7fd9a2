using System.Globalization;
using System.Text;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Compilation;

/// <summary>Cuts a chunk into tokens, with one token of look-ahead.</summary>
internal sealed unsafe class Lexer(StringTable strings)
{
    byte* _next, _end;
    int _char;
    byte[] _buffer = new byte[64];
    int _length;
    int _ahead;
    double _aheadNumber;
    LuaString* _aheadString;

    public int Token { get; private set; }
    public double Number { get; private set; }
    public LuaString* String { get; private set; }
    public int Line { get; private set; }

    /// <summary>The line of the token before this one.</summary>
    public int LastLine { get; private set; }
    public LuaString* Source { get; private set; }

    public void Begin(byte* text, int length, LuaString* source)
    {
        _next = text;
        _end = text + length;
        Source = source;
        (Line, LastLine, _length) = (1, 1, 0);
        _ahead = Compilation.Token.Eos;
        Token = 0;
        Step();
    }

    void Step() => _char = _next < _end ? *_next++ : -1;

    void Save(int c)
    {
        if (_length == _buffer.Length) Array.Resize(ref _buffer, _length * 2);
        _buffer[_length++] = (byte)c;
    }

    void SaveAndStep()
    {
        Save(_char);
        Step();
    }

    public LuaString* Intern(ReadOnlySpan<byte> bytes) => strings.Intern(bytes);

    public void Advance()
    {
        LastLine = Line;
        if (_ahead != Compilation.Token.Eos)
        {
            (Token, Number) = (_ahead, _aheadNumber);
            String = _aheadString;
            _ahead = Compilation.Token.Eos;
            return;
        }
        Token = Scan();
    }

    public int LookAhead()
    {
        var (token, number) = (Token, Number);
        var s = String;
        _ahead = Scan();
        _aheadNumber = Number;
        _aheadString = String;
        (Token, Number) = (token, number);
        String = s;
        return _ahead;
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void Fail(string message, int near)
    {
        var text = new List<byte>();
        text.AddRange(ChunkName.Display(Source->Span));
        text.AddRange(Encoding.Latin1.GetBytes(string.Create(CultureInfo.InvariantCulture, $":{Line}: {message}")));
        if (near != 0)
        {
            text.AddRange(" near '"u8);
            if (near is Compilation.Token.Name or Compilation.Token.String or Compilation.Token.Number)
            {
                var shown = _buffer.AsSpan(0, _length);
                var zero = shown.IndexOf((byte)0);
                text.AddRange(zero < 0 ? shown : shown[..zero]);
            }
            else
            {
                text.AddRange(Encoding.Latin1.GetBytes(Compilation.Token.TextOf(near)));
            }
            text.AddRange("'"u8);
        }
        throw new LuaSyntaxException([.. text]);
    }

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    public void FailNear(string message) => Fail(message, Token);

    void CountLine()
    {
        var old = _char;
        Step();
        if (_char is '\n' or '\r' && _char != old) Step();
        if (++Line >= int.MaxValue - 2) FailNear("chunk has too many lines");
    }

    static bool IsAlpha(int c) => (uint)((c | 0x20) - 'a') < 26;

    static bool IsDigit(int c) => (uint)(c - '0') < 10;

    static bool IsWord(int c) => IsAlpha(c) || IsDigit(c) || c == '_';

    int Scan()
    {
        _length = 0;
        while (true)
        {
            switch (_char)
            {
                case -1:
                    return Compilation.Token.Eos;
                case '\n' or '\r':
                    CountLine();
                    continue;
                case ' ' or '\t' or '\v' or '\f':
                    Step();
                    continue;
                case '-':
                    Step();
                    if (_char != '-') return '-';
                    SkipComment();
                    continue;
                case '[':
                    var level = LongBracket();
                    if (level >= 0)
                    {
                        ReadLongString(level, isComment: false);
                        return Compilation.Token.String;
                    }
                    if (level == -1) return '[';
                    Fail("invalid long string delimiter", Compilation.Token.String);
                    return 0;
                case '=': return Pair('=', '=', Compilation.Token.Eq);
                case '<': return Pair('<', '=', Compilation.Token.Le);
                case '>': return Pair('>', '=', Compilation.Token.Ge);
                case '~': return Pair('~', '=', Compilation.Token.Ne);
                case '"' or '\'':
                    ReadString(_char);
                    return Compilation.Token.String;
                case '.':
                    SaveAndStep();
                    if (_char == '.')
                    {
                        SaveAndStep();
                        if (_char != '.') return Compilation.Token.Concat;
                        SaveAndStep();
                        return Compilation.Token.Dots;
                    }
                    if (!IsDigit(_char)) return '.';
                    return ReadNumber();
            }
            if (IsDigit(_char)) return ReadNumber();
            if (IsAlpha(_char) || _char == '_') return ReadName();
            var single = _char;
            Step();
            return single;
        }
    }

    int Pair(int first, int second, int token)
    {
        Step();
        if (_char != second) return first;
        Step();
        return token;
    }

    void SkipComment()
    {
        Step();
        if (_char == '[')
        {
            var level = LongBracket();
            _length = 0;
            if (level >= 0)
            {
                ReadLongString(level, isComment: true);
                _length = 0;
                return;
            }
        }
        while (_char is not ('\n' or '\r') && _char >= 0) Step();
    }

    int ReadName()
    {
        // The fast way: a name lies in the text as a whole.
        var start = _next - 1;
        while (_next < _end && IsWord(*_next)) _next++;
        var name = new ReadOnlySpan<byte>(start, (int)(_next - start));
        Step();
        String = strings.Intern(name);
        foreach (var b in name) Save(b);
        return String->Reserved == 0 ? Compilation.Token.Name : String->Reserved - 1 + Compilation.Token.And;
    }

    int ReadNumber()
    {
        while (IsDigit(_char) || _char == '.') SaveAndStep();
        if (_char is 'e' or 'E')
        {
            SaveAndStep();
            if (_char is '+' or '-') SaveAndStep();
        }
        while (IsWord(_char)) SaveAndStep();
        if (!LuaNumbers.TryParse(_buffer.AsSpan(0, _length), out var number)) Fail("malformed number", Compilation.Token.Number);
        Number = number;
        return Compilation.Token.Number;
    }

    /// <summary>The number of equals signs of a long bracket; -1 for a lone bracket, less for what is none.</summary>
    int LongBracket()
    {
        var bracket = _char;
        var count = 0;
        SaveAndStep();
        for (; _char == '='; count++) SaveAndStep();
        return _char == bracket ? count : -count - 1;
    }

    void ReadLongString(int level, bool isComment)
    {
        SaveAndStep();
        if (_char is '\n' or '\r') CountLine();
        while (true)
        {
            switch (_char)
            {
                case -1:
                    Fail(isComment ? "unfinished long comment" : "unfinished long string", Compilation.Token.Eos);
                    return;
                case '[':
                    if (LongBracket() == level)
                    {
                        SaveAndStep();
                        if (level == 0) Fail("nesting of [[...]] is deprecated", '[');
                    }
                    continue;
                case ']':
                    if (LongBracket() != level) continue;
                    SaveAndStep();
                    if (!isComment) String = strings.Intern(_buffer.AsSpan(2 + level, _length - 2 * (2 + level)));
                    return;
                case '\n' or '\r':
                    Save('\n');
                    CountLine();
                    if (isComment) _length = 0;
                    continue;
                default:
                    if (isComment) Step();
                    else SaveAndStep();
                    continue;
            }
        }
    }

    void ReadString(int quote)
    {
        SaveAndStep();
        while (_char != quote)
        {
            switch (_char)
            {
                case -1:
                    Fail("unfinished string", Compilation.Token.Eos);
                    return;
                case '\n' or '\r':
                    Fail("unfinished string", Compilation.Token.String);
                    return;
                case '\\':
                    ReadEscape();
                    continue;
                default:
                    SaveAndStep();
                    continue;
            }
        }
        SaveAndStep();
        String = strings.Intern(_buffer.AsSpan(1, _length - 2));
    }

    void ReadEscape()
    {
        Step();
        switch (_char)
        {
            case 'a': Save('\a'); break;
            case 'b': Save('\b'); break;
            case 'f': Save('\f'); break;
            case 'n': Save('\n'); break;
            case 'r': Save('\r'); break;
            case 't': Save('\t'); break;
            case 'v': Save('\v'); break;
            case '\n' or '\r':
                Save('\n');
                CountLine();
                return;
            case -1:
                return;
            default:
                if (!IsDigit(_char))
                {
                    SaveAndStep();
                    return;
                }
                var code = 0;
                for (var i = 0; i < 3 && IsDigit(_char); i++)
                {
                    code = code * 10 + _char - '0';
                    Step();
                }
                if (code > 255) Fail("escape sequence too large", Compilation.Token.String);
                Save(code);
                return;
        }
        Step();
    }
}
