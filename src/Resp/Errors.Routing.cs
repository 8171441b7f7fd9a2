using System.Text;

namespace MiniRedis.Resp;

/// <summary>Requests that another node of a cluster serves, or none.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> CrossSlot => "CROSSSLOT Keys in request don't hash to the same slot"u8;
    public static ReadOnlySpan<byte> TryAgain => "TRYAGAIN Multiple keys request during rehashing of slot"u8;
    public static ReadOnlySpan<byte> ClusterDown => "CLUSTERDOWN The cluster is down"u8;
    public static ReadOnlySpan<byte> ClusterOnlyReads => "CLUSTERDOWN The cluster is down and only accepts read commands"u8;
    public static ReadOnlySpan<byte> SlotNotServed => "CLUSTERDOWN Hash slot not served"u8;

    /// <param name="isForGood">Whether the slot has moved, or only keys of it have.</param>
    /// <param name="slot">The slot.</param>
    /// <param name="endpoint">The host; empty if the client is to take the one that it knows.</param>
    /// <param name="port">The port for connections of the client's kind.</param>
    public static byte[] Redirection(bool isForGood, int slot, string endpoint, int port) =>
        Encoding.Latin1.GetBytes($"{(isForGood ? "MOVED" : "ASK")} {slot} {endpoint}:{port}");

    /// <summary>What a replica outside of a cluster answers to clients that understand it (Valkey 8).</summary>
    public static byte[] RedirectToMaster(string host, int port) => Encoding.Latin1.GetBytes($"REDIRECT {host}:{port}");

    // Scripts
    public static ReadOnlySpan<byte> ScriptNotInCluster => "ERR Can not run script on cluster, 'no-cluster' flag is set."u8;
    public static ReadOnlySpan<byte> ScriptClusterOnlyReads =>
        "ERR Script attempted to execute a write command while the cluster is down and readonly"u8;
    public static ReadOnlySpan<byte> ScriptClusterDown => "ERR Script attempted to execute a command while the cluster is down"u8;
    public static ReadOnlySpan<byte> ScriptNonLocalKey => "ERR Script attempted to access a non local key in a cluster node"u8;
    public static ReadOnlySpan<byte> ScriptSlotNotServed => "ERR Script attempted to access a slot not served"u8;
    public static ReadOnlySpan<byte> ScriptCrossSlot => "ERR Script attempted to access keys that do not hash to the same slot"u8;

    public static byte[] ScriptCommandCrossSlot(string command) => Encoding.Latin1.GetBytes(
        $"ERR Command '{command}' in script attempted to access keys that don't hash to the same slot");

    public static byte[] ScriptCommandDuringMove(string command) => Encoding.Latin1.GetBytes(
        $"ERR Unable to execute command '{command}' in script because undeclared keys were accessed during rehashing of the slot");

    // CLUSTER on keys and slots
    public static ReadOnlySpan<byte> NoSuchSlot => "ERR Invalid slot"u8;
    public static ReadOnlySpan<byte> SlotStatsMetric => "ERR Unrecognized sort metric for ORDERBY."u8;
    public static ReadOnlySpan<byte> SlotStatsLimit => "ERR Limit has to lie in between 1 and 16384 (maximum number of slots)."u8;
    public static ReadOnlySpan<byte> SlotStatsTwice => "ERR Multiple filters of the same type are disallowed."u8;

    public static string SlotStatsBackward(int first, int last) => $"ERR Start slot number {first} is greater than end slot number {last}";

    public static ReadOnlySpan<byte> InvalidSlotOrCount => "ERR Invalid slot or number of keys"u8;
}
