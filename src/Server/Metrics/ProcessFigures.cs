using MiniRedis.Server.Statistics;
using static MiniRedis.Server.Metrics.Metric;

namespace MiniRedis.Server.Metrics;

/// <summary>
/// The rows that need no lock: what the system and the runtime know of the process. Reading it takes system calls and small files, and
/// is done on the scrape's thread.
/// </summary>
sealed class ProcessFigures
{
    Environment.ProcessCpuUsage _cpu;
    long _resident, _used;
    TimeSpan _taken;

    public ProcessFigures() => Rows =
    [
        Counter("redis_cpu_sys_seconds_total", "CPU time of the process in the kernel.", () => _cpu.PrivilegedTime.TotalSeconds),
        Counter("redis_cpu_user_seconds_total", "CPU time of the process outside the kernel.", () => _cpu.UserTime.TotalSeconds),
        Gauge("redis_memory_used_rss_bytes", "Memory of the process.", () => _resident),
        Gauge("redis_mem_fragmentation_bytes", "Memory of the process that is not in redis_memory_used_bytes.", () => _resident - _used),
        Gauge("redis_mem_fragmentation_ratio", "By what factor it is larger.",
            () => _used == 0 ? 0 : Math.Round((double)_resident / _used, 2)),
        Gauge("miniredis_gc_heap_bytes", "The collected heap, which holds no keys.", () => GC.GetTotalMemory(forceFullCollection: false)),
        Counter("miniredis_gc_collections_total", "Collections.", () => GcPauses.Collections),
        Counter("miniredis_gc_pause_seconds_total", "Time for which they stopped every thread.", () => GC.GetTotalPauseDuration().TotalSeconds),
        Gauge("miniredis_scrape_executor_seconds", "For how long commands waited for this scrape.", () => _taken.TotalSeconds),
    ];

    /// <summary>Valid until the next <see cref="Refresh"/>.</summary>
    public IReadOnlyList<Metric> Rows { get; }

    /// <summary>Asks the system.</summary>
    public void Refresh(MetricsSnapshot snapshot)
    {
        (_cpu, _resident) = (Environment.CpuUsage, Environment.WorkingSet);
        (_used, _taken) = (snapshot.UsedMemory, snapshot.Taken);
    }
}
