using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands;

/// <summary>
/// The common part of SCAN, SSCAN, HSCAN and ZSCAN: cursor, options, and the form of the reply. The elements of SCAN are the
/// keys.
/// </summary>
ref struct ElementScan
{
    readonly bool _all;

    ElementScan(ulong cursor, long count, ReadOnlySpan<byte> pattern)
    {
        Start = Cursor = cursor;
        Count = count;
        Pattern = pattern;
        _all = pattern is [(byte)'*'];
    }

    /// <summary>The cursor that the client sent.</summary>
    public ulong Start { get; }

    /// <summary>The cursor that the client gets.</summary>
    public ulong Cursor { get; private set; }

    /// <summary>About how many elements one call looks at.</summary>
    public long Count { get; }

    public ReadOnlySpan<byte> Pattern { get; }

    /// <summary>NOVALUES or NOSCORES.</summary>
    public bool NamesOnly { get; private init; }

    /// <summary>TYPE: the type of the keys that SCAN shows; null for all types.</summary>
    public ObjectType? KeyType { get; private init; }

    public readonly bool Matches(ReadOnlySpan<byte> name) => _all || Glob.IsMatch(Pattern, name);

    /// <summary>
    /// Reads the cursor, or answers an error. As in Redis this comes before the look-up, and the options come after it.
    /// </summary>
    /// <param name="at">The argument that it is: behind the key, if there is one.</param>
    public static bool TryCursor(ref CommandContext c, out ulong cursor, int at = 2)
    {
        if (Numbers.TryParseUInt64(c.Arg(at), out cursor)) return true;
        c.Fail(Errors.InvalidCursor);
        return false;
    }

    public static void ReplyEmpty(ref CommandContext c)
    {
        c.Reply.Array(2);
        c.Reply.Bulk("0"u8);
        c.Reply.EmptyArray();
    }

    /// <summary>Reads the options behind the cursor, or answers an error.</summary>
    /// <param name="type">Of the value whose elements are scanned; null for the keys of the database.</param>
    public static bool TryOptions(ref CommandContext c, ulong cursor, ObjectType? type, out ElementScan scan)
    {
        scan = default;
        long count = 10;
        ReadOnlySpan<byte> pattern = "*"u8;
        var namesOnly = false;
        ObjectType? keyType = null;
        for (var i = type is null ? 2 : 3; i < c.Count; i++)
        {
            var hasValue = i + 1 < c.Count;
            if (hasValue && c.IsToken(i, "COUNT"u8))
            {
                if (!c.TryInteger(++i, out count)) return false;
                if (count < 1)
                {
                    c.Fail(Errors.Syntax);
                    return false;
                }
            }
            else if (hasValue && c.IsToken(i, "MATCH"u8)) pattern = c.Arg(++i);
            else if (hasValue && type is null && c.IsToken(i, "TYPE"u8))
            {
                if (!TypeNames.TryParse(c.Arg(++i), out var named))
                {
                    c.Fail(Errors.UnknownTypeName(c.Arg(i)));
                    return false;
                }
                keyType = named;
            }
            else if (c.IsToken(i, "NOVALUES"u8))
            {
                namesOnly = true;
                if (type == ObjectType.Hash) continue;
                c.Fail(Errors.NoValuesOnlyInHscan);
                return false;
            }
            else if (c.IsToken(i, "NOSCORES"u8))
            {
                namesOnly = true;
                if (type == ObjectType.SortedSet) continue;
                c.Fail(Errors.NoScoresOnlyInZscan);
                return false;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        scan = new(cursor, count, pattern) { NamesOnly = namesOnly, KeyType = keyType };
        return true;
    }

    /// <summary>Whether a step that has looked at <paramref name="visited"/> elements and leads to <paramref name="next"/> is enough.</summary>
    public bool IsDone(ulong next, long visited, ref long steps)
    {
        Cursor = next;
        // Ten empty buckets for each element asked for, as in Redis.
        return next == 0 || visited >= Count || ++steps >= (Count > long.MaxValue / 10 ? long.MaxValue : Count * 10);
    }

    /// <summary>Answers the cursor; the elements follow in an array.</summary>
    public static void ReplyCursor(ref CommandContext c, ulong cursor)
    {
        c.Reply.Array(2);
        Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length + 1];
        Utf8Formatter.TryFormat(cursor, digits, out var length);
        c.Reply.Bulk(digits[..length]);
    }
}
