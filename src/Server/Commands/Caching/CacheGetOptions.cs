using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Caching;

/// <summary>What CACHE.GET is asked for. No option may stand twice.</summary>
ref struct CacheGetOptions
{
    /// <summary>Milliseconds of the lease that is asked for; 0 if none is.</summary>
    public long Lease { get; private set; }

    /// <summary>Milliseconds to wait for another's fill; 0 for not at all.</summary>
    public long Wait { get; private set; }

    /// <summary>A fresh value with less than so many milliseconds left is to be refreshed; -1 if the server judges that.</summary>
    public long Early { get; private set; }

    /// <summary>The version that the caller has a copy of; -1 if it has none.</summary>
    public long Known { get; private set; }

    /// <summary>Reads the words, then the numbers; or answers an error.</summary>
    public bool TryRead(in CommandContext c)
    {
        ReadOnlySpan<byte> lease = default, wait = default, early = default, known = default;
        var (hasLease, hasWait, hasEarly, hasKnown) = (false, false, false, false);
        (Early, Known) = (-1, -1);
        for (var i = 2; i < c.Count; i += 2)
        {
            if (i + 1 < c.Count && (
                Take(c, i, "LEASE"u8, ref lease, ref hasLease) || Take(c, i, "WAIT"u8, ref wait, ref hasWait)
                || Take(c, i, "EARLY"u8, ref early, ref hasEarly) || Take(c, i, "IFNEWER"u8, ref known, ref hasKnown)))
                continue;
            c.Fail(Errors.Syntax);
            return false;
        }
        if (!hasLease && (hasWait || hasEarly))
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        return (!hasLease || TryLease(c, lease)) && (!hasWait || TryWait(c, wait)) && (!hasEarly || TryEarly(c, early))
            && (!hasKnown || TryKnown(c, known));
    }

    static bool Take(in CommandContext c, int at, ReadOnlySpan<byte> word, ref ReadOnlySpan<byte> operand, ref bool isGiven)
    {
        if (isGiven || !c.IsToken(at, word)) return false;
        operand = c.Arg(at + 1);
        return isGiven = true;
    }

    bool TryLease(in CommandContext c, ReadOnlySpan<byte> text)
    {
        if (!CacheCommands.TryLeaseTime(c, text, out var time)) return false;
        Lease = time;
        return true;
    }

    bool TryWait(in CommandContext c, ReadOnlySpan<byte> text)
    {
        if (!CacheCommands.TryLeaseTime(c, text, out var time)) return false;
        Wait = time;
        return true;
    }

    bool TryEarly(in CommandContext c, ReadOnlySpan<byte> text)
    {
        if (!Numbers.TryParseInt64(text, out var early))
        {
            c.Fail(Errors.NotInteger);
            return false;
        }
        if (early < 0)
        {
            c.Fail(Errors.EarlyNegative);
            return false;
        }
        Early = early;
        return true;
    }

    bool TryKnown(in CommandContext c, ReadOnlySpan<byte> text)
    {
        if (!CacheCommands.TryVersion(c, text, out var version)) return false;
        Known = version;
        return true;
    }
}
