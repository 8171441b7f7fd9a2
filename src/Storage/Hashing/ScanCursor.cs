using System.Buffers.Binary;
using System.Numerics;

namespace MiniRedis.Storage.Hashing;

/// <summary>
/// The cursor of the SCAN family is Redis's (Noordhuis, 2012): a hash value read from its lowest bit on, counted upward in that
/// order. A bucket holds all hashes that end in its number. In that order they form one interval, and the buckets of a table tile
/// the line. A step shows the bucket that the cursor lies in and moves to the end of its interval. Splitting a bucket cuts an
/// interval in two, merging joins two; neither moves an element across the cursor.
/// </summary>
static class ScanCursor
{
    /// <summary>
    /// The cursor behind a bucket, whose number is the cursor's bits under the mask <paramref name="bits"/>; 0 at the end.
    /// </summary>
    public static ulong Next(ulong cursor, ulong bits) => Reverse(Reverse(cursor | ~bits) + 1);

    /// <summary>As <see cref="Next"/>, so many buckets on, if those between are named by as many bits. Behind the end it begins again.</summary>
    public static ulong Ahead(ulong cursor, ulong bits, int buckets) =>
        Reverse(Reverse(cursor | ~bits) + 1 + ((ulong)(buckets - 1) << -BitOperations.PopCount(bits)));

    /// <summary>Whether a scan that stands at a cursor has still to reach a hash.</summary>
    public static bool IsAhead(ulong hash, ulong cursor) => Reverse(hash) >= Reverse(cursor);

    /// <summary>Reverses the bits, so that cursors and hashes can be compared.</summary>
    public static ulong Reverse(ulong v)
    {
        v = v >> 1 & 0x5555555555555555 | (v & 0x5555555555555555) << 1;
        v = v >> 2 & 0x3333333333333333 | (v & 0x3333333333333333) << 2;
        v = v >> 4 & 0x0F0F0F0F0F0F0F0F | (v & 0x0F0F0F0F0F0F0F0F) << 4;
        return BinaryPrimitives.ReverseEndianness(v);
    }
}
