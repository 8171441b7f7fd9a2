using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>LCS: the longest common subsequence of two strings.</summary>
static partial class StringCommands
{
    static readonly Command LcsSpec = new()
    {
        Name = "LCS", Group = CommandGroup.String, Since = "7.0.0", Complexity = "O(N*M) where N and M are the lengths of the strings",
        Summary = "Finds the longest common subsequence of two strings.",
        Arity = -3, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.Range(1, 2, 1, KeyFlags.RO | KeyFlags.Access)],
        Args =
        [
            Arg.Key("key1"), Arg.Key("key2"),
            Arg.Token("LEN").Optional(), Arg.Token("IDX").Optional(),
            Arg.Integer("min-match-len").After("MINMATCHLEN").Optional(),
            Arg.Token("WITHMATCHLEN").Optional(),
        ],
        Run = Lcs,
    };

    static void Lcs(ref CommandContext c)
    {
        var first = c.LookupRead(c.Arg(1));
        var second = c.LookupRead(c.Arg(2));
        if (first.Found && first.Record.Type != ObjectType.String || second.Found && second.Record.Type != ObjectType.String)
        {
            c.Fail(Errors.LcsNeedsStrings);
            return;
        }
        if (!TryParseLcs(ref c, out var options)) return;
        // The second look-up may have deleted an expired key. Then the first result is not valid any more.
        first = c.Peek(c.Arg(1));
        Span<byte> scratchA = stackalloc byte[32], scratchB = stackalloc byte[32];
        var a = first.Found ? first.Record.GetString(scratchA) : [];
        var b = second.Found ? second.Record.GetString(scratchB) : [];

        // The bound is on the table that Redis would need. The table here is 32 times smaller, but the bound also limits the
        // time.
        if ((a.Length + 1L) * (b.Length + 1L) > c.Server.Config.Network.ProtoMaxBulkLen / sizeof(uint))
        {
            c.Fail(Errors.LcsTooMuchMemory);
            return;
        }
        using var table = new LcsTable(c.Database, a, b, keepsRows: !options.WantsLength);
        c.Server.Memory.NotePeak(c.Server.Clock.Now);
        if (options.WantsLength) c.Reply.Integer(table.Length);
        else if (options.WantsRanges) ReplyRanges(c.Reply, table, a, b, options);
        else ReplySubsequence(c, table);
    }

    record struct LcsOptions(bool WantsLength, bool WantsRanges, bool WithMatchLength, long MinMatchLength);

    static bool TryParseLcs(ref CommandContext c, out LcsOptions options)
    {
        options = default;
        for (var i = 3; i < c.Count; i++)
        {
            if (c.IsToken(i, "IDX"u8)) options.WantsRanges = true;
            else if (c.IsToken(i, "LEN"u8)) options.WantsLength = true;
            else if (c.IsToken(i, "WITHMATCHLEN"u8)) options.WithMatchLength = true;
            else if (c.IsToken(i, "MINMATCHLEN"u8) && i + 1 < c.Count)
            {
                if (!c.TryInteger(++i, out var least)) return false;
                options.MinMatchLength = Math.Max(0, least);
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        if (!options.WantsLength || !options.WantsRanges) return true;
        c.Fail(Errors.LcsLenWithIdx);
        return false;
    }

    static void ReplySubsequence(in CommandContext c, in LcsTable table)
    {
        using var text = new Scratch<byte>(c.Database, table.Length, stackalloc byte[256]);
        table.Write(text.Span);
        c.Reply.Bulk(text.Span);
    }

    static void ReplyRanges(ReplyWriter reply, LcsTable table, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, in LcsOptions options)
    {
        // The walk is short, so it runs twice: first to count the ranges, then to answer them.
        var count = 0;
        for (var ranges = new LcsRanges(table, a, b); ranges.MoveNext();)
        {
            if (ranges.Length >= options.MinMatchLength) count++;
        }
        reply.Map(2);
        reply.Bulk("matches"u8);
        reply.Array(count);
        for (var ranges = new LcsRanges(table, a, b); ranges.MoveNext();)
        {
            if (ranges.Length >= options.MinMatchLength) ReplyMatch(reply, ranges, options.WithMatchLength);
        }
        reply.Bulk("len"u8);
        reply.Integer(table.Length);
    }

    /// <summary>Walks back from the last cell: the ranges of the subsequence, last one first.</summary>
    ref struct LcsRanges(LcsTable table, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        readonly LcsTable _table = table;
        readonly ReadOnlySpan<byte> _a = a, _b = b;
        int _i = a.Length, _j = b.Length;

        public int StartA { get; private set; }

        public int StartB { get; private set; }

        public int Length { get; private set; }

        public bool MoveNext()
        {
            Length = 0;
            while (_i > 0 && _j > 0)
            {
                if (_a[_i - 1] == _b[_j - 1])
                {
                    (StartA, StartB) = (--_i, --_j);
                    Length++;
                }
                else if (Length > 0) return true;
                else if (_table.IsUpLarger(_i, _j)) _i--;
                else _j--;
            }
            return Length > 0;
        }
    }

    static void ReplyMatch(ReplyWriter reply, in LcsRanges range, bool withLength)
    {
        reply.Array(withLength ? 3 : 2);
        reply.Array(2);
        reply.Integer(range.StartA);
        reply.Integer(range.StartA + range.Length - 1);
        reply.Array(2);
        reply.Integer(range.StartB);
        reply.Integer(range.StartB + range.Length - 1);
        if (withLength) reply.Integer(range.Length);
    }
}
