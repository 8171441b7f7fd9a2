using System.CommandLine;
using System.Globalization;
using MiniRedis.Compare;

if (args is [Stampede.ReadersCommand, var port, var first, var count, var way, var seconds])
{
    var culture = CultureInfo.InvariantCulture;
    StampedeReaders.Run(int.Parse(port, culture), int.Parse(first, culture), int.Parse(count, culture), way, double.Parse(seconds, culture));
    return 0;
}

// Measures MiniRedis beside a real redis-server on this machine: see README.md, "Measure".
var redis = new Option<string>("--redis") { Description = "The redis-server to compare with.", DefaultValueFactory = _ => "redis-server" };
var server = new Option<string?>("--server") { Description = "The command that starts MiniRedis; by default this repository is published first." };
var rounds = new Option<int>("--rounds") { Description = "Rounds of each workload, taken in turn by both servers; the median counts.", DefaultValueFactory = _ => 3 };
var scale = new Option<double>("--scale") { Description = "Factor on the number of requests and keys; 0.01 shows that all works.", DefaultValueFactory = _ => 1 };
var only = new Option<string[]>("--only")
{
    Description = "Parts to run: commands, collections, scripts, memory, connections, access, pubsub, tracking, hotkeys, pauses, load, snapshot, stalls, hitrate, bound, expiry, defrag, aof, returned, replication, slots, caching, leases, purges, afterpurge, stampede, start.",
    AllowMultipleArgumentsPerToken = true,
};

var root = new RootCommand("Compares MiniRedis with redis-server: throughput, latency, CPU a command, memory a key.") { redis, server, rounds, scale, only };
root.SetAction(parsed =>
{
    var wanted = parsed.GetValue(only) ?? [];
    bool Wants(string part) => wanted.Length == 0 || wanted.Contains(part);
    var factor = parsed.GetValue(scale);
    var mine = parsed.GetValue(server) ?? Publish.ThisRepository();

    if (Wants("start")) Measure.Start(mine, parsed.GetValue(redis)!);
    if (Wants("commands")) Measure.Commands(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor, Workload.Strings);
    if (Wants("collections")) Measure.Commands(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor, Workload.Collections(factor));
    if (Wants("scripts")) Scripts.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("memory")) Measure.Memory(mine, parsed.GetValue(redis)!, (int)(1_000_000 * factor));
    if (Wants("connections")) Measure.Connections(mine, parsed.GetValue(redis)!, (int)(10_000 * factor));
    if (Wants("access")) Access.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("pubsub")) PubSub.Run(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("tracking")) Tracked.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("hotkeys")) HotKeys.Measure(mine, parsed.GetValue(rounds), factor);
    if (Wants("pauses")) Measure.Pauses(mine, (int)(5_000_000 * factor));
    if (Wants("load")) Persistence.Load(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), (int)(5_000_000 * factor));
    if (Wants("snapshot")) Snapshots.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), (int)(5_000_000 * factor));
    if (Wants("stalls")) Stalls.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), (int)(1_000_000 * factor));
    if (Wants("hitrate")) HitRate.Measure(mine, parsed.GetValue(redis)!, factor);
    if (Wants("bound")) MemoryBound.Measure(mine, parsed.GetValue(redis)!, factor);
    if (Wants("expiry")) Expiry.Measure(mine, parsed.GetValue(redis)!, (int)(1_000_000 * factor));
    if (Wants("aof")) Measure.AppendOnly(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("returned")) Returned.Measure(mine, parsed.GetValue(redis)!, factor);
    if (Wants("replication")) Replication.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("slots")) SlotMove.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("caching")) Caching.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("leases")) Leases.Measure(mine, parsed.GetValue(rounds), factor);
    if (Wants("stampede")) Stampede.Measure(mine, parsed.GetValue(redis)!, factor);
    if (Wants("purges")) Purges.Measure(mine, parsed.GetValue(redis)!, parsed.GetValue(rounds), factor);
    if (Wants("afterpurge")) Purges.PlainKeys(mine, parsed.GetValue(rounds), factor);
    if (Wants("defrag")) Defrag.Measure(mine, parsed.GetValue(redis)!, factor);
});
return root.Parse(args).Invoke();
