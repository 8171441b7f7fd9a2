using System.Buffers.Text;
using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

/// <summary>What HSCAN, SSCAN and ZSCAN are asked: cursor, MATCH, COUNT, and a word that leaves the values out.</summary>
ref struct ScanArguments
{
    ReadOnlySpan<byte> _pattern;

    public ulong Cursor { get; private set; }

    /// <summary>Elements to show at least, if there are more.</summary>
    public long Count { get; private set; }

    /// <summary>Buckets to look into at most: ten for each element asked for, as in Redis, so that a sparse table holds nobody up.</summary>
    public readonly long Steps => Count > long.MaxValue / 10 ? long.MaxValue : Count * 10;

    /// <summary>Whether values or scores are to be left out.</summary>
    public bool KeysOnly { get; private set; }

    /// <summary>Reads the arguments from the cursor on, or answers what is wrong with them.</summary>
    /// <param name="keysOnly">NOVALUES, NOSCORES; empty where there is no such option.</param>
    public static bool TryParse(ref CommandContext c, int first, ReadOnlySpan<byte> keysOnly, out ScanArguments scan)
    {
        scan = new() { Count = 10, _pattern = "*"u8 };
        if (!Numbers.TryParseUInt64(c.Arg(first), out var cursor))
        {
            c.Fail(Errors.InvalidCursor);
            return false;
        }
        scan.Cursor = cursor;
        for (var i = first + 1; i < c.Count; i++)
        {
            var hasValue = i + 1 < c.Count;
            if (hasValue && c.IsToken(i, "COUNT"u8))
            {
                if (!c.TryInteger(++i, out var count)) return false;
                if (count < 1)
                {
                    c.Fail(Errors.Syntax);
                    return false;
                }
                scan.Count = count;
            }
            else if (hasValue && c.IsToken(i, "MATCH"u8)) scan._pattern = c.Arg(++i);
            else if (!keysOnly.IsEmpty && c.IsToken(i, keysOnly)) scan.KeysOnly = true;
            else if (c.IsToken(i, "NOVALUES"u8)) return Fail(ref c, Errors.NoValuesOnlyInHscan);
            else if (c.IsToken(i, "NOSCORES"u8)) return Fail(ref c, Errors.NoScoresOnlyInZscan);
            else return Fail(ref c, Errors.Syntax);
        }
        return true;
    }

    static bool Fail(ref CommandContext c, ReadOnlySpan<byte> error)
    {
        c.Fail(error);
        return false;
    }

    public readonly bool Matches(ReadOnlySpan<byte> element) => _pattern is [(byte)'*'] || Glob.IsMatch(_pattern, element);

    /// <summary>The answer for a key that is not there.</summary>
    public readonly void ReplyNothing(ReplyWriter reply)
    {
        reply.Array(2);
        reply.Bulk("0"u8);
        reply.EmptyArray();
    }

    /// <summary>The next cursor, and the start of an array that the caller fills and ends.</summary>
    public readonly void BeginReply(ReplyWriter reply, ulong cursor, out DeferredCount deferred)
    {
        Span<byte> digits = stackalloc byte[Numbers.MaxInt64Length];
        Utf8Formatter.TryFormat(cursor, digits, out var length);
        reply.Array(2);
        reply.Bulk(digits[..length]);
        deferred = reply.BeginDeferred();
    }
}
