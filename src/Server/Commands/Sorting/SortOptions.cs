using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sorting;

/// <summary>The options of SORT, as indices of arguments; 0 means that there is none.</summary>
struct SortOptions
{
    public bool IsDescending, IsAlpha;
    public long Offset, Limit;

    /// <summary>Arguments: the pattern that tells what to sort by, and the key to store the result at.</summary>
    public int By, Store;

    /// <summary>How many GET options there are; <see cref="NextGet"/> finds them.</summary>
    public int Gets;

    /// <summary>Whether BY names one key for all elements: then nothing is sorted.</summary>
    public bool KeepsOrder;

    public static bool TryParse(ref CommandContext c, bool mayStore, out SortOptions options)
    {
        options = new SortOptions { Limit = -1 };
        for (var i = 2; i < c.Count; i++)
        {
            var left = c.Count - i - 1;
            if (c.IsToken(i, "ASC"u8)) options.IsDescending = false;
            else if (c.IsToken(i, "DESC"u8)) options.IsDescending = true;
            else if (c.IsToken(i, "ALPHA"u8)) options.IsAlpha = true;
            else if (c.IsToken(i, "LIMIT"u8) && left >= 2)
            {
                if (!c.TryInteger(i + 1, out options.Offset) || !c.TryInteger(i + 2, out options.Limit)) return false;
                i += 2;
            }
            else if (mayStore && c.IsToken(i, "STORE"u8) && left >= 1) options.Store = ++i;
            else if (c.IsToken(i, "BY"u8) && left >= 1)
            {
                options.By = ++i;
                if (!c.Arg(i).Contains((byte)'*')) options.KeepsOrder = true;
                else if (!CheckSlot(ref c, i, Errors.SortByInCluster) || !CheckRights(ref c, Errors.SortByPermission)) return false;
            }
            else if (c.IsToken(i, "GET"u8) && left >= 1)
            {
                if (!CheckSlot(ref c, ++i, Errors.SortGetInCluster) || !CheckRights(ref c, Errors.SortGetPermission)) return false;
                options.Gets++;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    /// <summary>
    /// The argument of the next GET option behind <paramref name="after"/>, the argument of the GET before (0 at first).
    /// </summary>
    public static int NextGet(in CommandContext c, int after)
    {
        for (var i = after == 0 ? 2 : after + 1; ; i++)
        {
            if (c.IsToken(i, "GET"u8)) return i + 1;
            if (c.IsToken(i, "LIMIT"u8)) i += 2;
            else if (c.IsToken(i, "BY"u8) || c.IsToken(i, "STORE"u8)) i++;
        }
    }

    /// <summary>Checks that the user may read every key: which keys a pattern leads to is up to the data.</summary>
    static bool CheckRights(ref CommandContext c, ReadOnlySpan<byte> error)
    {
        if (AccessCheck.MayUseEveryKey(c.Client.User, c.Command, c.Request, c.Database.Number, KeyRight.Read)) return true;
        c.Fail(error);
        return false;
    }

    /// <summary>Checks a pattern in cluster mode: its keys must be in the slot of the key that is sorted.</summary>
    static bool CheckSlot(ref CommandContext c, int pattern, ReadOnlySpan<byte> error)
    {
        if (!c.Server.Config.Cluster.ClusterEnabled || PatternSlot(c.Arg(pattern)) == KeySlot.Of(c.Arg(1))) return true;
        c.Fail(error);
        return false;
    }

    /// <summary>The slot of all keys of a pattern; -1 if they may be in several.</summary>
    static int PatternSlot(ReadOnlySpan<byte> pattern)
    {
        var open = pattern.IndexOf((byte)'{');
        var tag = open < 0 ? default : pattern[(open + 1)..];
        var close = tag.IndexOf((byte)'}');
        // A hash tag that is not empty decides the slot, unless the element goes into it.
        if (close > 0 && !pattern[..(open + 1 + close)].Contains((byte)'*')) return KeySlot.Of(pattern);
        return pattern.Contains((byte)'*') ? -1 : KeySlot.Of(pattern);
    }
}
