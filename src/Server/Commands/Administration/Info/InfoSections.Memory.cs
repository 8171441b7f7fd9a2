using MiniRedis.Server.Buffers;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Statistics;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static void Memory(InfoText text, ServerParts server)
    {
        server.ClientMemory.Refresh();
        server.Memory.NotePeak(server.Clock.Now);
        var memory = server.Memory;
        var arena = server.Keyspace.Arena;
        var process = ProcessMemoryOf(server);
        var physical = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

        text.Section("Memory");
        text.Bytes("used_memory", memory.Total);
        text.Bytes("used_memory_rss", process.Resident);
        text.Bytes("used_memory_peak", memory.Peak);
        text.Percent("used_memory_peak_perc", Percent(memory.Total, memory.Peak));
        text.Field("used_memory_peak_time", memory.PeakAt / 1000);
        text.Field("used_memory_overhead", memory.Overhead);
        text.Field("used_memory_startup", memory.Startup);
        text.Field("used_memory_dataset", memory.Dataset);
        text.Percent("used_memory_dataset_perc", Percent(memory.Dataset, memory.Total - memory.Startup));
        text.Field("allocator_allocated", arena.UsedBytes);
        text.Field("allocator_active", arena.ActiveBytes);
        text.Field("allocator_resident", arena.ResidentBytes);
        text.Field("allocator_muzzy", 0);
        text.Bytes("total_system_memory", physical);
        var (eval, functions) = (server.EvalScripts, server.Functions);
        text.Bytes("used_memory_lua", eval.MachineBytes);
        text.Field("used_memory_vm_eval", eval.MachineBytes);
        text.Field("used_memory_scripts_eval", eval.ScriptBytes);
        text.Field("number_of_cached_scripts", eval.Count);
        text.Field("number_of_functions", functions.FunctionCount);
        text.Field("number_of_libraries", functions.All.Count);
        text.Field("used_memory_vm_functions", functions.MachineBytes);
        text.Bytes("used_memory_vm_total", eval.MachineBytes + functions.MachineBytes);
        text.Field("used_memory_functions", functions.LibraryBytes);
        text.Bytes("used_memory_scripts", eval.ScriptBytes + functions.LibraryBytes);
        text.Bytes("maxmemory", server.Config.Memory.MaxMemory);
        text.Field("maxmemory_policy", server.ConfigService.Get("maxmemory-policy")!);
        text.Field("allocator_frag_ratio", arena.FragmentationRatio);
        text.Field("allocator_frag_bytes", arena.FragmentedBytes);
        text.Field("allocator_rss_ratio", ProcessMemory.Quotient(arena.ResidentBytes, arena.ActiveBytes));
        text.Field("allocator_rss_bytes", arena.ResidentBytes - arena.ActiveBytes);
        text.Field("rss_overhead_ratio", process.OverheadRatio);
        text.Field("rss_overhead_bytes", process.OverheadBytes);
        text.Field("mem_fragmentation_ratio", process.FragmentationRatio);
        text.Field("mem_fragmentation_bytes", process.FragmentationBytes);
        text.Field("mem_not_counted_for_evict", memory.NotCountedForEviction);
        var (stream, replicas) = (server.ReplicationStream, server.Replicas);
        text.Field("mem_replication_backlog", stream.MemoryBytes - replicas.StreamBytes);
        text.Field("mem_total_replication_buffers", stream.MemoryBytes);
        text.Field("mem_replica_full_sync_buffer", server.FullSyncs.BufferBytes);
        text.Field("mem_clients_slaves", replicas.ClientBytes);
        text.Field("mem_clients_normal", server.ClientMemory.MemoryBytes - replicas.OwnBytes);
        text.Field("mem_cluster_links", server.Cluster?.MemoryBytes ?? 0);
        text.Field("mem_aof_buffer", server.Aof.BufferBytes);
        text.Field("mem_allocator", "miniredis-arena");
        text.Field("mem_overhead_db_hashtable_rehashing", 0);
        text.Field("active_defrag_running", server.ActiveDefrag.RunningPercent);
        text.Field("lazyfree_pending_objects", server.LazyFree.Pending);
        text.Field("lazyfreed_objects", server.Statistics.LazyFreedObjects);
        text.Field("buffers_allocated", BufferMemory.AllocatedBytes);
        text.Field("buffers_resident", BufferMemory.ResidentBytes);
        GarbageCollector(text, server);
    }

    /// <summary>The runtime's heap. It holds small objects of connections and configuration, and no keys.</summary>
    static void GarbageCollector(InfoText text, ServerParts server)
    {
        server.GcPauses.Look();
        text.Field("gc_heap_bytes", GC.GetTotalMemory(forceFullCollection: false));
        text.Field("gc_committed_bytes", GC.GetGCMemoryInfo().TotalCommittedBytes);
        text.Field("gc_collections", GcPauses.Collections);
        text.Field("gc_total_pause_us", (long)GC.GetTotalPauseDuration().TotalMicroseconds);
        text.Field("gc_longest_pause_us", (long)server.GcPauses.Longest.TotalMicroseconds);
    }

    /// <summary>The figures of the whole process, as they are now.</summary>
    public static ProcessMemory ProcessMemoryOf(ServerParts server) => new(
        Environment.WorkingSet, server.Memory.Total, server.Keyspace.Arena.ResidentBytes + BufferMemory.ResidentBytes, server.Memory.OwnAtStart);

    static double Percent(long part, long whole) => whole <= 0 ? 0 : 100.0 * part / whole;
}
