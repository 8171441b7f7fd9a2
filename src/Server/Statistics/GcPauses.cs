namespace MiniRedis.Server.Statistics;

/// <summary>
/// The longest pause of the garbage collector. The runtime has the sum of all pauses and the durations of the last collection of
/// each kind. The cron looks often enough to miss hardly any.
/// </summary>
sealed class GcPauses
{
    static readonly GCKind[] s_kinds = [GCKind.Ephemeral, GCKind.FullBlocking, GCKind.Background];

    long _seen = -1;

    public TimeSpan Longest { get; private set; }

    public static long Collections => GC.CollectionCount(0);

    public void Look()
    {
        if (Collections == _seen) return;
        _seen = Collections;
        foreach (var kind in s_kinds)
        {
            foreach (var pause in GC.GetGCMemoryInfo(kind).PauseDurations)
                if (pause > Longest) Longest = pause;
        }
    }
}
