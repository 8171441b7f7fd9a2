using MiniRedis.Storage.Packed;

namespace MiniRedis.Storage.Streams;

/// <summary>
/// The places in a stream node's listpack: the master entry comes first, then the entries (see StreamLayout.cs).
/// </summary>
static unsafe class StreamNodes
{
    /// <summary>Offset of the element that counts the entries.</summary>
    public const int Count = Listpack.HeaderSize;

    public static int DeletedAt(byte* lp) => Listpack.Next(lp, Count);

    /// <summary>Entries that are not deleted.</summary>
    public static long Live(byte* lp) => Listpack.Get(lp, Count).Integer;

    /// <summary>Entries marked as deleted.</summary>
    public static long Deleted(byte* lp) => Listpack.Get(lp, DeletedAt(lp)).Integer;

    /// <summary>Fields of the master entry; <paramref name="first"/> is where they begin.</summary>
    public static int Fields(byte* lp, out int first)
    {
        var number = Listpack.Next(lp, DeletedAt(lp));
        first = Listpack.Next(lp, number);
        return (int)Listpack.Get(lp, number).Integer;
    }

    /// <summary>The element <paramref name="count"/> places further on; -1 behind the last.</summary>
    public static int Skip(byte* lp, int offset, long count)
    {
        while (count-- > 0) offset = Listpack.Next(lp, offset);
        return offset;
    }

    /// <summary>
    /// Whether the bytes of a listpack are a node: counts, flags and lengths of entries agree. For RESTORE and files.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (!Listpack.IsValid(bytes, leastElements: 4)) return false;
        fixed (byte* lp = bytes)
        {
            var at = Count;
            if (!TryTake(lp, ref at, 0, int.MaxValue, out var live) || !TryTake(lp, ref at, 0, int.MaxValue, out var deleted)) return false;
            if (!TryTake(lp, ref at, 0, bytes.Length, out var fields) || !TrySkip(lp, ref at, fields)) return false;
            if (!TryTake(lp, ref at, 0, 0, out _)) return false;
            long liveSeen = 0, deletedSeen = 0;
            while (at >= 0)
            {
                // The flags must have their shortest form, so that they can be changed in place.
                if (lp[at] > 3 || !TryTake(lp, ref at, 0, 3, out var flags)) return false;
                if (!TryTake(lp, ref at, long.MinValue, long.MaxValue, out _)) return false;
                if (!TryTake(lp, ref at, long.MinValue, long.MaxValue, out _)) return false;
                var elements = 3 + fields;
                var own = fields;
                if ((flags & 2) == 0)
                {
                    if (!TryTake(lp, ref at, 0, bytes.Length, out own)) return false;
                    elements = 4 + 2 * own;
                    own *= 2;
                }
                if (!TrySkip(lp, ref at, own) || !TryTake(lp, ref at, elements, elements, out _)) return false;
                if ((flags & 1) == 0) liveSeen++;
                else deletedSeen++;
            }
            return live == liveSeen && deleted == deletedSeen;
        }
    }

    static bool TryTake(byte* lp, ref int at, long least, long most, out long value)
    {
        value = 0;
        if (at < 0) return false;
        var element = Listpack.Get(lp, at);
        if (!element.IsInteger || element.Integer < least || element.Integer > most) return false;
        value = element.Integer;
        at = Listpack.Next(lp, at);
        return true;
    }

    static bool TrySkip(byte* lp, ref int at, long count)
    {
        for (; count > 0; count--)
        {
            if (at < 0) return false;
            at = Listpack.Next(lp, at);
        }
        return true;
    }
}
