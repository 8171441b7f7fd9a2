using System.Runtime.CompilerServices;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>
/// Lua's patterns by backtracking, as in 5.1: the same captures, the same errors. Every step counts towards the time limit, and the
/// nesting of steps is bounded, because a pattern's length bounds nothing that a stack can hold.
/// </summary>
internal unsafe struct PatternMatch(LuaMachine machine, byte* source, int sourceLength, byte* pattern, int patternLength)
{
    public const int MostCaptures = 32, Unfinished = -1, Position = -2;

    /// <summary>Bytes of a set that are looked through in about the time of a call.</summary>
    const int LongSet = 16;

    /// <summary>
    /// Steps that wait for others: repeated items and captures in a row, of which ordinary patterns have a dozen. A step takes 300 bytes of
    /// stack, and twice that before it is compiled with optimization.
    /// </summary>
    const int MostDepth = 1000;

    [InlineArray(MostCaptures)]
    struct Starts
    {
        nint _first;
    }

    [InlineArray(MostCaptures)]
    struct Lengths
    {
        long _first;
    }

    readonly byte* _end = source + sourceLength;
    readonly byte* _patternEnd = pattern + LengthOf(new(pattern, patternLength));
    Starts _starts;
    Lengths _lengths;
    int _depth;

    /// <summary>Lua 5.1 reads a pattern as a string of C: a zero byte ends it.</summary>
    public static int LengthOf(ReadOnlySpan<byte> pattern)
    {
        var zero = pattern.IndexOf((byte)0);
        return zero < 0 ? pattern.Length : zero;
    }

    public int CaptureCount { get; private set; }

    public readonly byte* Source => source;

    public readonly byte* End => _end;

    /// <summary>The end of a match that begins at a place, or null.</summary>
    public byte* MatchAt(byte* from, int patternStart)
    {
        machine.Spend(1);
        CaptureCount = 0;
        _depth = 0;
        return Step(from, pattern + patternStart);
    }

    byte* Step(byte* s, byte* p)
    {
        if (++_depth > MostDepth) machine.Fail("pattern too complex");
        var end = Run(s, p);
        _depth--;
        return end;
    }

    byte* Run(byte* s, byte* p)
    {
        while (p != _patternEnd)
        {
            machine.Spend(1);
            switch (*p)
            {
                case (byte)'(':
                    return At(p + 1) == ')' ? Open(s, p + 2, Position) : Open(s, p + 1, Unfinished);
                case (byte)')':
                    return Close(s, p + 1);
                case (byte)'$' when p + 1 == _patternEnd:
                    return s == _end ? s : null;
                case (byte)'%' when At(p + 1) == 'b':
                    s = Balanced(s, p + 2);
                    if (s == null) return null;
                    p += 4;
                    continue;
                case (byte)'%' when At(p + 1) == 'f':
                    p += 2;
                    if (At(p) != '[') machine.Fail("missing '[' after '%f' in pattern");
                    var setEnd = ClassEnd(p);
                    var previous = s == source ? (byte)0 : s[-1];
                    if (InSet(previous, p, setEnd - 1) || !InSet(s < _end ? *s : (byte)0, p, setEnd - 1)) return null;
                    p = setEnd;
                    continue;
                case (byte)'%' when At(p + 1) is >= '0' and <= '9':
                    s = BackReference(s, p[1]);
                    if (s == null) return null;
                    p += 2;
                    continue;
            }
            var next = ClassEnd(p);
            if (next - p >= LongSet) machine.Spend((int)(next - p) / LongSet);
            var matches = s < _end && IsMatch(*s, p, next);
            switch (At(next))
            {
                case '?':
                    if (matches)
                    {
                        var rest = Step(s + 1, next + 1);
                        if (rest != null) return rest;
                    }
                    p = next + 1;
                    continue;
                case '*':
                    return Longest(s, p, next);
                case '+':
                    return matches ? Longest(s + 1, p, next) : null;
                case '-':
                    return Shortest(s, p, next);
            }
            if (!matches) return null;
            s++;
            p = next;
        }
        return s;
    }

    readonly int At(byte* p) => p < _patternEnd ? *p : -1;

    readonly byte* ClassEnd(byte* p)
    {
        var first = *p++;
        if (first == '%')
        {
            if (p >= _patternEnd) machine.Fail("malformed pattern (ends with '%')");
            return p + 1;
        }
        if (first != '[') return p;
        if (At(p) == '^') p++;
        do
        {
            if (p >= _patternEnd) machine.Fail("malformed pattern (missing ']')");
            if (*p++ == '%' && p < _patternEnd) p++;
        }
        while (At(p) != ']');
        return p + 1;
    }

    static bool IsClass(byte b, byte name)
    {
        bool isIn;
        switch ((char)(name | 0x20))
        {
            case 'a': isIn = (uint)((b | 0x20) - 'a') < 26; break;
            case 'c': isIn = b is < 32 or 127; break;
            case 'd': isIn = (uint)(b - '0') < 10; break;
            case 'l': isIn = (uint)(b - 'a') < 26; break;
            case 'p': isIn = b is > 32 and < 127 && !IsAlphaNumeric(b); break;
            case 's': isIn = b is (byte)' ' or (>= 9 and <= 13); break;
            case 'u': isIn = (uint)(b - 'A') < 26; break;
            case 'w': isIn = IsAlphaNumeric(b); break;
            case 'x': isIn = LuaNumbers.DigitOf(b) < 16; break;
            case 'z': isIn = b == 0; break;
            default: return name == b;
        }
        // A name in upper case is the complement. What is no letter was no name.
        if ((uint)((name | 0x20) - 'a') >= 26) return name == b;
        return (name & 0x20) == 0 ? !isIn : isIn;
    }

    static bool IsAlphaNumeric(byte b) => (uint)((b | 0x20) - 'a') < 26 || (uint)(b - '0') < 10;

    /// <summary>Whether a byte is in the set from the bracket at p to the one at the last place.</summary>
    static bool InSet(byte b, byte* p, byte* last)
    {
        var isIn = true;
        if (p[1] == '^')
        {
            isIn = false;
            p++;
        }
        while (++p < last)
        {
            if (*p == '%')
            {
                p++;
                if (IsClass(b, *p)) return isIn;
            }
            else if (p[1] == '-' && p + 2 < last)
            {
                p += 2;
                if (p[-2] <= b && b <= *p) return isIn;
            }
            else if (*p == b)
            {
                return isIn;
            }
        }
        return !isIn;
    }

    static bool IsMatch(byte b, byte* p, byte* next) => *p switch
    {
        (byte)'.' => true,
        (byte)'%' => IsClass(b, p[1]),
        (byte)'[' => InSet(b, p, next - 1),
        _ => *p == b,
    };

    readonly byte* Balanced(byte* s, byte* p)
    {
        if (p + 1 >= _patternEnd) machine.Fail("unbalanced pattern");
        if (s >= _end || *s != *p) return null;
        var (open, close, depth) = (p[0], p[1], 1);
        while (++s < _end)
        {
            if ((s - source) % 64 == 0) machine.Spend(8);
            if (*s == close)
            {
                if (--depth == 0) return s + 1;
            }
            else if (*s == open)
            {
                depth++;
            }
        }
        return null;
    }

    byte* Longest(byte* s, byte* p, byte* next)
    {
        var count = 0L;
        // Long sets take long to look through, so they count before the end is reached.
        var batch = (int)Math.Max(1, 1024 / (next - p));
        for (var left = batch; s + count < _end && IsMatch(s[count], p, next); count++)
        {
            if (--left > 0) continue;
            machine.Spend(1 + (int)((next - p) * batch / LongSet));
            left = batch;
        }
        for (; count >= 0; count--)
        {
            var end = Step(s + count, next + 1);
            if (end != null) return end;
        }
        return null;
    }

    byte* Shortest(byte* s, byte* p, byte* next)
    {
        while (true)
        {
            var end = Step(s, next + 1);
            if (end != null) return end;
            if (s >= _end || !IsMatch(*s, p, next)) return null;
            s++;
        }
    }

    byte* Open(byte* s, byte* p, int kind)
    {
        if (CaptureCount >= MostCaptures) machine.Fail("too many captures");
        _starts[CaptureCount] = (nint)s;
        _lengths[CaptureCount] = kind;
        CaptureCount++;
        var end = Step(s, p);
        if (end == null) CaptureCount--;
        return end;
    }

    byte* Close(byte* s, byte* p)
    {
        var capture = CaptureCount - 1;
        while (capture >= 0 && _lengths[capture] != Unfinished) capture--;
        if (capture < 0) machine.Fail("invalid pattern capture");
        _lengths[capture] = s - (byte*)_starts[capture];
        var end = Step(s, p);
        if (end == null) _lengths[capture] = Unfinished;
        return end;
    }

    readonly byte* BackReference(byte* s, byte digit)
    {
        var capture = digit - '1';
        if (capture < 0 || capture >= CaptureCount || _lengths[capture] == Unfinished) machine.Fail("invalid capture index");
        // A position capture has no text that could come again: its length is none that fits.
        var length = _lengths[capture];
        if (length < 0 || _end - s < length) return null;
        machine.Spend((int)(length / LuaMachine.BytesScanned));
        var text = new ReadOnlySpan<byte>((byte*)_starts[capture], (int)length);
        return text.SequenceEqual(new ReadOnlySpan<byte>(s, (int)length)) ? s + length : null;
    }

    // Captures.

    /// <summary>Pushes a capture; the first is the whole match where the pattern has none.</summary>
    public readonly void PushCapture(int capture, byte* start, byte* end)
    {
        if (capture >= CaptureCount)
        {
            if (capture != 0) machine.Fail("invalid capture index");
            machine.ReturnString(new ReadOnlySpan<byte>(start, (int)(end - start)));
            return;
        }
        var length = _lengths[capture];
        if (length == Unfinished) machine.Fail("unfinished capture");
        if (length == Position) machine.ReturnNumber((byte*)_starts[capture] - source + 1);
        else machine.ReturnString(new ReadOnlySpan<byte>((byte*)_starts[capture], (int)length));
    }

    /// <summary>Pushes all captures, or the whole match if there are none and it is asked for.</summary>
    public readonly int PushCaptures(byte* start, byte* end)
    {
        var count = CaptureCount == 0 && start != null ? 1 : CaptureCount;
        machine.CheckStack(count, "too many captures");
        for (var i = 0; i < count; i++) PushCapture(i, start, end);
        return count;
    }
}
