using System.Buffers.Binary;
using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Caching;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>CACHE.LEASE: what the holder of a lease does with it but fill the key.</summary>
static partial class CacheCommands
{
    static readonly Command LeaseSpec = new()
    {
        Name = "CACHE.LEASE", Group = CommandGroup.Cache, Since = ServerVersion.Own, Complexity = "O(1)",
        Summary = "Gives up the lease of a key, has nobody compute for a while, or extends it.",
        Arity = -4, Flags = CommandFlags.Fast,
        // A lease is no value: whoever may read the key has got it by that.
        Keys = [KeySpec.At(1, KeyFlags.RO)],
        Args =
        [
            Arg.Key("key"), Arg.String("token"),
            Arg.OneOf(
                "action", Arg.Token("FREE"), Arg.Integer("hold-milliseconds").After("HOLD"), Arg.Integer("extend-milliseconds").After("EXTEND")),
        ],
        Run = Lease,
    };

    static void Lease(ref CommandContext c)
    {
        if (!TryToken(c, c.Arg(2), out var token)) return;
        var (key, leases, database) = (1, c.Server.Leases, c.Database.Number);
        if (c.Count == 4 && c.IsToken(3, "FREE"u8))
        {
            c.Reply.Integer(leases.TryEnd(database, c.Arg(key), token, out _, out _, c.FirstKeyHash) ? 1 : 0);
            return;
        }
        var isHold = c.IsToken(3, "HOLD"u8);
        if (c.Count != 5 || !isHold && !c.IsToken(3, "EXTEND"u8))
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (!TryLeaseTime(c, c.Arg(4), out var time)) return;
        var isValid = isHold
            ? leases.TryHold(database, c.Arg(key), token, c.Now + time)
            : leases.TryExtend(database, c.Arg(key), token, c.Client.Id, c.Now + time);
        c.Reply.Integer(isValid ? 1 : 0);
    }

    /// <summary>Digits of a token.</summary>
    const int TokenLength = 16;

    /// <summary>Reads a token, or answers that it is none: no lease ever had it.</summary>
    internal static bool TryToken(in CommandContext c, ReadOnlySpan<byte> text, out ulong token)
    {
        if (text.Length == TokenLength && Utf8Parser.TryParse(text, out token, out var used, 'x') && used == TokenLength) return true;
        token = 0;
        c.Fail(Errors.NotToken);
        return false;
    }

    static void ReplyToken(in CommandContext c, ulong token)
    {
        // Not ulong.TryFormat, which reads its format anew each time.
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Span<byte> digits = stackalloc byte[TokenLength];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, token);
        Convert.TryToHexStringLower(bytes, digits, out _);
        c.Reply.Bulk(digits);
    }

    /// <summary>Reads the time of a lease, hold or wait in milliseconds; or answers an error.</summary>
    internal static bool TryLeaseTime(in CommandContext c, ReadOnlySpan<byte> text, out long time)
    {
        if (!Numbers.TryParseInt64(text, out time))
        {
            c.Fail(Errors.NotInteger);
            return false;
        }
        if (time is > 0 and <= LeaseTable.LongestTime) return true;
        c.Fail(Errors.NotBetween(1, LeaseTable.LongestTime));
        return false;
    }
}
