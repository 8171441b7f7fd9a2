namespace MiniRedis.Server.Statistics;

/// <summary>
/// How the resident memory of the process compares with what is in use: INFO's mem_fragmentation_* and rss_overhead_*.
/// <para>
/// The code and the collected heap of a .NET process are some 15 MB, whatever the data. Redis's quotients (RSS by used_memory, RSS by what
/// the allocator has) would be in the thousands for a small server, and alarms read them. So these bytes stand on both sides: the first
/// quotient tells of holes between records and buffers, and the second of what the process has grown by besides.
/// </para>
/// </summary>
/// <param name="Resident">Bytes of the process in memory (RSS).</param>
/// <param name="Used">used_memory.</param>
/// <param name="Allocators">Bytes of pages that the arenas of keys and buffers have taken.</param>
/// <param name="OwnAtStart">What the process took before it had data.</param>
readonly record struct ProcessMemory(long Resident, long Used, long Allocators, long OwnAtStart)
{
    /// <summary>What is neither keys nor buffers.</summary>
    public long Own => Math.Max(0, Resident - Allocators);

    public double FragmentationRatio => Quotient(Resident, Used + Own);

    public long FragmentationBytes => Resident - Used - Own;

    public double OverheadRatio => Quotient(Resident, Allocators + OwnAtStart);

    public long OverheadBytes => Resident - Allocators - OwnAtStart;

    /// <summary>A quotient of bytes; 1 of nothing by nothing.</summary>
    public static double Quotient(long part, long whole) => whole <= 0 ? 1 : (double)part / whole;
}
