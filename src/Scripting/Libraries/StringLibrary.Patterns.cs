using System.Buffers;
using MiniRedis.Scripting.Machine;
using MiniRedis.Scripting.Memory;

namespace MiniRedis.Scripting.Libraries;

/// <summary>The functions that match patterns. Strings lie where they are, and the arguments keep them there.</summary>
internal static unsafe partial class StringLibrary
{
    static readonly SearchValues<byte> s_magic = SearchValues.Create("^$*+?.([%-"u8);

    static int Find(LuaMachine m) => FindOrMatch(m, isFind: true);

    static int Match(LuaMachine m) => FindOrMatch(m, isFind: false);

    static int FindOrMatch(LuaMachine m, bool isFind)
    {
        var text = m.CheckString(1);
        var pattern = m.CheckString(2);
        var s = LuaString.BytesOf(m.Argument(1)->String);
        var p = LuaString.BytesOf(m.Argument(2)->String);
        var start = FromEnd(m.OptionalInteger(3, 1), text.Length) - 1;
        start = Math.Clamp(start, 0, text.Length);
        if (isFind && ((m.TypeOf(4) != LuaType.None && m.Argument(4)->IsTrue) || !pattern[..PatternMatch.LengthOf(pattern)].ContainsAny(s_magic)))
        {
            var found = IndexOf(m, text, pattern, (int)start);
            if (found < 0) return m.Return(Value.Nil);
            m.Push(Value.From(found + 1));
            m.Push(Value.From(found + pattern.Length));
            return 2;
        }
        var match = new PatternMatch(m, s, text.Length, p, pattern.Length);
        var anchor = pattern.Length > 0 && p[0] == '^' ? 1 : 0;
        for (var at = s + start; at <= match.End; at++)
        {
            var end = match.MatchAt(at, anchor);
            if (end != null)
            {
                if (!isFind) return match.PushCaptures(at, end);
                m.Push(Value.From(at - s + 1));
                m.Push(Value.From(end - s));
                return 2 + match.PushCaptures(null, null);
            }
            if (anchor != 0) break;
        }
        return m.Return(Value.Nil);
    }

    /// <summary>
    /// Finds a text in another. A search can take as long as the product of both lengths, so it goes in pieces, of which each counts.
    /// </summary>
    static int IndexOf(LuaMachine m, ReadOnlySpan<byte> text, ReadOnlySpan<byte> part, int start)
    {
        const int most = 1 << 20;
        var places = Math.Max(1, most / Math.Max(1, part.Length));
        for (; start <= text.Length - part.Length; start += places)
        {
            var piece = text.Slice(start, Math.Min(text.Length - start, places + part.Length - 1));
            m.Spend(piece.Length / LuaMachine.BytesScanned + 1);
            var found = piece.IndexOf(part);
            if (found >= 0) return start + found;
            // What did not match at once may have compared the whole part at each place.
            m.Spend(part.Length > LuaMachine.BytesScanned ? most / LuaMachine.BytesScanned : 0);
        }
        return -1;
    }

    static int GMatch(LuaMachine m)
    {
        m.CheckString(1);
        m.CheckString(2);
        var closure = m.NewNative(&NextMatch, 3);
        Closure.Values(closure)[0] = *m.Argument(1);
        Closure.Values(closure)[1] = *m.Argument(2);
        Closure.Values(closure)[2] = Value.From(0);
        return m.Return(Value.From(closure));
    }

    static int NextMatch(LuaMachine m)
    {
        var values = Closure.Values(m.Thread->Call->Function->Closure);
        var s = LuaString.BytesOf(values[0].String);
        var match = new PatternMatch(m, s, values[0].String->Length, LuaString.BytesOf(values[1].String), values[1].String->Length);
        for (var at = s + (int)values[2].Number; at <= match.End; at++)
        {
            var end = match.MatchAt(at, 0);
            if (end == null) continue;
            // An empty match moves on by one, or it would be found for ever.
            values[2] = Value.From(end - s + (end == at ? 1 : 0));
            return match.PushCaptures(at, end);
        }
        return 0;
    }

    static int GSub(LuaMachine m)
    {
        var text = m.CheckString(1);
        var pattern = m.CheckString(2);
        var s = LuaString.BytesOf(m.Argument(1)->String);
        var p = LuaString.BytesOf(m.Argument(2)->String);
        if (m.TypeOf(3) is not (LuaType.Number or LuaType.String or LuaType.Function or LuaType.Table))
        {
            m.ArgumentError(3, "string/function/table expected");
        }
        var most = m.OptionalInteger(4, text.Length + 1);
        var anchor = pattern.Length > 0 && p[0] == '^' ? 1 : 0;
        var match = new PatternMatch(m, s, text.Length, p, pattern.Length);
        if (m.TypeOf(3) == LuaType.Number) m.CheckString(3);
        var buffer = new LuaBuffer(m);
        try
        {
            var count = 0L;
            var at = s;
            while (count < most)
            {
                var end = match.MatchAt(at, anchor);
                if (end != null)
                {
                    count++;
                    Replace(m, ref match, ref buffer, at, end);
                }
                if (end != null && end > at) at = end;
                else if (at < match.End) buffer.Add(*at++);
                else break;
                if (anchor != 0) break;
            }
            buffer.Add(new ReadOnlySpan<byte>(at, (int)(match.End - at)));
            m.ReturnString(buffer.Written);
            m.Push(Value.From(count));
            return 2;
        }
        finally
        {
            buffer.Dispose();
        }
    }

    static void Replace(LuaMachine m, ref PatternMatch match, ref LuaBuffer buffer, byte* start, byte* end)
    {
        switch (m.TypeOf(3))
        {
            case LuaType.String:
                ReplaceByText(m, ref match, ref buffer, start, end);
                return;
            case LuaType.Table:
                match.PushCapture(0, start, end);
                m.Index(m.Argument(3), m.Thread->Top - 1, m.Thread->Top - 1);
                break;
            default:
                m.Push(*m.Argument(3));
                var captures = match.PushCaptures(start, end);
                m.Call(m.Thread->Top - captures - 1, 1);
                break;
        }
        var value = m.Thread->Top - 1;
        if (value->IsFalse)
        {
            buffer.Add(new ReadOnlySpan<byte>(start, (int)(end - start)));
        }
        else
        {
            if (!m.ToText(value)) m.Fail($"invalid replacement value (a {LuaMachine.TypeName(value->Type)})");
            buffer.Add(value->AsBytes);
        }
        m.Thread->Top--;
    }

    static void ReplaceByText(LuaMachine m, ref PatternMatch match, ref LuaBuffer buffer, byte* start, byte* end)
    {
        var news = m.Argument(3)->AsBytes;
        for (var i = 0; i < news.Length; i++)
        {
            if (news[i] != '%')
            {
                buffer.Add(news[i]);
                continue;
            }
            m.Spend(1);
            // What follows the last percent sign is the zero byte of the string's end.
            var next = ++i < news.Length ? news[i] : (byte)0;
            if (next is < (byte)'0' or > (byte)'9')
            {
                buffer.Add(next);
            }
            else if (next == '0')
            {
                buffer.Add(new ReadOnlySpan<byte>(start, (int)(end - start)));
            }
            else
            {
                match.PushCapture(next - '1', start, end);
                m.ToText(m.Thread->Top - 1);
                buffer.Add(m.Thread->Top[-1].AsBytes);
                m.Thread->Top--;
            }
        }
    }
}
