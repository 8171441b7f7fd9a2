using System.Buffers;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

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
        // The second lookup may have deleted its expired key, which ends the first one's validity.
        first = c.Peek(c.Arg(1));
        Span<byte> scratchA = stackalloc byte[32], scratchB = stackalloc byte[32];
        var a = first.Found ? first.Record.GetString(scratchA) : [];
        var b = second.Found ? second.Record.GetString(scratchB) : [];

        var cells = (long)(a.Length + 1) * (b.Length + 1);
        if (cells * sizeof(uint) > Math.Min(c.Server.Config.ProtoMaxBulkLen, Array.MaxLength))
        {
            c.Fail(Errors.LcsTooMuchMemory);
            return;
        }
        var table = ArrayPool<uint>.Shared.Rent((int)cells);
        FillLcsTable(table, a, b);
        var length = table[cells - 1];
        if (options.WantsLength) c.Reply.Integer(length);
        else TraceLcs(ref c, table, a, b, options);
        ArrayPool<uint>.Shared.Return(table);
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

    /// <summary>Fills the usual dynamic-programming table: cell (i, j) is the length for the first i and j bytes.</summary>
    static void FillLcsTable(uint[] table, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        var width = b.Length + 1;
        table.AsSpan(0, width).Clear();
        for (var i = 1; i <= a.Length; i++)
        {
            var above = table.AsSpan((i - 1) * width, width);
            var row = table.AsSpan(i * width, width);
            row[0] = 0;
            var byteA = a[i - 1];
            for (var j = 1; j < row.Length; j++)
                row[j] = byteA == b[j - 1] ? above[j - 1] + 1 : Math.Max(above[j], row[j - 1]);
        }
    }

    /// <summary>Walks back from the last cell and answers with the subsequence, or with its ranges, last match first.</summary>
    static void TraceLcs(scoped ref CommandContext c, uint[] table, scoped ReadOnlySpan<byte> a, scoped ReadOnlySpan<byte> b, LcsOptions options)
    {
        var width = b.Length + 1;
        var length = (int)table[a.Length * width + b.Length];
        var result = options.WantsRanges ? [] : new byte[length];
        DeferredCount matches = default;
        if (options.WantsRanges)
        {
            c.Reply.Map(2);
            c.Reply.Bulk("matches"u8);
            matches = c.Reply.BeginDeferred();
        }
        var count = 0;
        var left = length;
        int startA = -1, endA = 0, startB = 0, endB = 0;
        for (int i = a.Length, j = b.Length; i > 0 && j > 0;)
        {
            bool ends;
            if (a[i - 1] == b[j - 1])
            {
                left--;
                if (!options.WantsRanges) result[left] = a[i - 1];
                ends = false;
                if (startA < 0) (startA, endA, startB, endB) = (i - 1, i - 1, j - 1, j - 1);
                else if (startA == i && startB == j) (startA, startB) = (i - 1, j - 1);
                else ends = true;
                ends |= startA == 0 || startB == 0;
                i--;
                j--;
            }
            else
            {
                if (table[(i - 1) * width + j] > table[i * width + j - 1]) i--;
                else j--;
                ends = startA >= 0;
            }
            if (!ends) continue;
            if (options.WantsRanges && endA - startA + 1 >= options.MinMatchLength)
            {
                ReplyMatch(ref c, startA, endA, startB, endB, options.WithMatchLength);
                count++;
            }
            startA = -1;
        }
        if (!options.WantsRanges)
        {
            c.Reply.Bulk(result);
            return;
        }
        c.Reply.EndArray(matches, count);
        c.Reply.Bulk("len"u8);
        c.Reply.Integer(length);
    }

    static void ReplyMatch(ref CommandContext c, int startA, int endA, int startB, int endB, bool withLength)
    {
        c.Reply.Array(withLength ? 3 : 2);
        c.Reply.Array(2);
        c.Reply.Integer(startA);
        c.Reply.Integer(endA);
        c.Reply.Array(2);
        c.Reply.Integer(startB);
        c.Reply.Integer(endB);
        if (withLength) c.Reply.Integer(endA - startA + 1);
    }
}
