using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Commands.Administration.Info;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Commands.Administration.Observation;

/// <summary>MEMORY: what memory is used for.</summary>
static partial class ObservationCommands
{
    static readonly Command MemorySpec = new()
    {
        Name = "MEMORY", Group = CommandGroup.Server, Since = "4.0.0", Complexity = "Depends on subcommand.",
        Summary = "A container for commands about memory.",
        Arity = -2,
        Subcommands =
        [
            AboutMemory("DOCTOR", "Looks for problems with memory, for people.", MemoryDoctor),
            AboutMemory("MALLOC-STATS", "Answers the figures of the allocator.", MemoryMallocStats),
            new Command
            {
                Name = "PURGE", Group = CommandGroup.Server, Since = "4.0.0",
                Complexity = "O(N) where N is the size of the collected heap",
                Summary = "Gives memory that is not needed back to the system.",
                Arity = 2, Tips = ["request_policy:all_shards", "response_policy:all_succeeded"],
                Run = MemoryPurge,
            },
            AboutMemory("STATS", "Answers what memory is used for.", MemoryStats),
            new Command
            {
                Name = "USAGE", Group = CommandGroup.Server, Since = "4.0.0", Complexity = "O(1)",
                Summary = "Answers how many bytes a key takes.",
                Arity = -3, Flags = CommandFlags.ReadOnly,
                Keys = [KeySpec.At(2, KeyFlags.RO)],
                Args = [Arg.Key("key"), Arg.Integer("count").After("SAMPLES").Optional()],
                Run = MemoryUsageOf,
            },
            Help.Subcommand("4.0.0", CommandGroup.Server,
                ("DOCTOR", "Looks for problems with memory."),
                ("MALLOC-STATS", "Answers the figures of the allocator."),
                ("PURGE", "Gives memory that is not needed back to the system."),
                ("STATS", "Answers what memory is used for."),
                ("USAGE <key> [SAMPLES <count>]", "Answers how many bytes <key> takes with its value. The figure is exact, so "
                    + "nothing is sampled.")),
        ],
    };

    static Command AboutMemory(string name, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Server, Since = "4.0.0", Complexity = "O(1)", Summary = summary,
        Arity = 2, Tips = ["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
        Run = run,
    };

    /// <summary>With less data than this (Redis's bound) the doctor has too little to judge by.</summary>
    const long LeastForDoctor = 5 << 20;

    /// <summary>More bytes for the average client than this count as too many (Redis's bound).</summary>
    const long LargeClient = 200 * 1024;

    /// <summary>Fragmentation is a problem if it exceeds both of these (Redis's bounds).</summary>
    const double MuchFragmentation = 1.1;

    const long LeastFragmentation = 10 << 20;

    static void MemoryDoctor(ref CommandContext c)
    {
        var memory = c.Server.Memory;
        var problems = new List<string>();
        if (memory.Total < LeastForDoctor) problems.Add("There is hardly any data here, so there is nothing to judge.");
        else
        {
            var arena = c.Server.Keyspace.Arena;
            if (memory.Peak > memory.Total * 3 / 2)
                problems.Add("More than one and a half times as much was used once: the peak is over.");
            if (arena.FragmentationRatio > MuchFragmentation && arena.FragmentedBytes > LeastFragmentation)
            {
                problems.Add("Deleted records have left holes between others: " + (c.Server.Config.Memory.ActiveDefrag
                    ? "activedefrag will move these together, if its thresholds let it."
                    : "CONFIG SET activedefrag yes has these moved together."));
            }
            if (c.Server.ClientMemory.MemoryBytes / Math.Max(1, c.Server.Clients.Count) > LargeClient)
                problems.Add("Clients hold large buffers: see CLIENT LIST.");
            if (problems.Count == 0) problems.Add("No problem was found.");
        }
        c.Reply.Verbatim("txt", Encoding.ASCII.GetBytes(string.Join('\n', problems) + "\n"));
    }

    static void MemoryMallocStats(ref CommandContext c)
    {
        var arena = c.Server.Keyspace.Arena;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"miniredis-arena: allocated {arena.UsedBytes}, active {arena.ActiveBytes}, ")
            .Append(CultureInfo.InvariantCulture, $"resident {arena.ResidentBytes}, indexes {c.Server.Keyspace.IndexBytes}, ")
            .Append(CultureInfo.InvariantCulture, $"free blocks {arena.FragmentedBytes}\n\n")
            .Append("   block      slabs       blocks         room   full\n");
        foreach (var use in arena.CountSlabs())
        {
            text.Append(CultureInfo.InvariantCulture,
                $"{use.BlockBytes,8} {use.Slabs,10} {use.Blocks,12} {use.Room,12} {100.0 * use.Blocks / use.Room,5:F1}%\n");
        }
        c.Reply.Verbatim("txt", Encoding.ASCII.GetBytes(text.ToString()));
    }

    /// <summary>
    /// The arenas give back empty slabs by themselves, except for a reserve. This gives back the reserve, and has the collected
    /// heap give back what it does not need.
    /// </summary>
    static void MemoryPurge(ref CommandContext c)
    {
        c.Server.Keyspace.Arena.Purge();
        ChunkPool.Empty();
        BufferMemory.Purge();
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        c.Reply.Ok();
    }

    static void MemoryUsageOf(ref CommandContext c)
    {
        for (var i = 3; i < c.Count; i++)
        {
            if (!c.IsToken(i, "SAMPLES"u8) || i + 1 == c.Count)
            {
                c.Fail(Errors.Syntax);
                return;
            }
            if (!c.TryInteger(++i, out var samples)) return;
            if (samples >= 0) continue;
            c.Fail(Errors.Syntax);
            return;
        }
        var at = c.Database.Lookup(c.Arg(2));
        if (at.Found && !c.Database.IsPurged(at.Record)) c.Reply.Integer(at.Record.AllocatedBytes + Database.IndexBytesPerKey);
        else c.Reply.Null();
    }

    static void MemoryStats(ref CommandContext c)
    {
        var reply = c.Reply;
        var server = c.Server;
        var memory = server.Memory;
        var arena = server.Keyspace.Arena;
        var process = InfoSections.ProcessMemoryOf(server);
        server.Memory.NotePeak(server.Clock.Now);
        var deferred = reply.BeginDeferred();
        var pairs = 0;
        Number("peak.allocated", memory.Peak);
        Number("total.allocated", memory.Total);
        Number("startup.allocated", memory.Startup);
        Number("replication.backlog", server.ReplicationStream.MemoryBytes - server.Replicas.StreamBytes);
        Number("clients.slaves", server.Replicas.ClientBytes);
        Number("clients.normal", server.ClientMemory.MemoryBytes - server.Replicas.OwnBytes);
        Number("cluster.links", server.Cluster?.MemoryBytes ?? 0);
        Number("aof.buffer", server.Aof.BufferBytes);
        Number("lua.caches", server.EvalScripts.ScriptBytes);
        Number("functions.caches", server.Functions.LibraryBytes);
        Number("cache.leases", server.Leases.MemoryBytes);
        Number("cache.purges", server.Purges.MemoryBytes);
        foreach (var database in server.Keyspace.Databases)
        {
            if (database.Count == 0) continue;
            reply.Bulk(string.Create(CultureInfo.InvariantCulture, $"db.{database.Number}"));
            reply.Map(2);
            reply.Pair("overhead.hashtable.main", database.IndexBytes);
            // Deadlines are in the records.
            reply.Pair("overhead.hashtable.expires", 0);
            pairs++;
        }
        Number("overhead.db.hashtable.lut", server.Keyspace.IndexBytes);
        Number("overhead.db.hashtable.rehashing", 0);
        Number("overhead.total", memory.Overhead);
        Number("db.dict.rehashing.count", 0);
        Number("keys.count", server.Keyspace.Count);
        Number("keys.bytes-per-key", server.Keyspace.BytesPerKey);
        Number("dataset.bytes", memory.Dataset);
        Ratio("dataset.percentage", 100.0 * memory.Dataset, memory.Total - memory.Startup);
        Ratio("peak.percentage", 100.0 * memory.Total, memory.Peak);
        Number("allocator.allocated", arena.UsedBytes);
        Number("allocator.active", arena.ActiveBytes);
        Number("allocator.resident", arena.ResidentBytes);
        Number("allocator.muzzy", 0);
        Number("buffers.allocated", BufferMemory.AllocatedBytes);
        Number("buffers.resident", BufferMemory.ResidentBytes);
        Ratio("allocator-fragmentation.ratio", arena.FragmentationRatio, 1);
        Number("allocator-fragmentation.bytes", arena.FragmentedBytes);
        Ratio("allocator-rss.ratio", ProcessMemory.Quotient(arena.ResidentBytes, arena.ActiveBytes), 1);
        Number("allocator-rss.bytes", arena.ResidentBytes - arena.ActiveBytes);
        Ratio("rss-overhead.ratio", process.OverheadRatio, 1);
        Number("rss-overhead.bytes", process.OverheadBytes);
        Ratio("fragmentation", process.FragmentationRatio, 1);
        Number("fragmentation.bytes", process.FragmentationBytes);
        reply.EndMap(deferred, pairs);

        void Number(string name, long value)
        {
            reply.Pair(name, value);
            pairs++;
        }

        void Ratio(string name, double numerator, double denominator)
        {
            reply.Bulk(name);
            reply.Double(denominator <= 0 ? 0 : numerator / denominator);
            pairs++;
        }
    }
}
