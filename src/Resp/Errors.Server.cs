using System.Text;

namespace MiniRedis.Resp;

/// <summary>States of the server that refuse commands, scripts, CONFIG, DEBUG and other administration.</summary>
public static partial class Errors
{
    // Gates
    public static ReadOnlySpan<byte> OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'."u8;
    public static ReadOnlySpan<byte> MemoryRefused => "OOM command not allowed: the system refuses more memory."u8;
    public static ReadOnlySpan<byte> Loading => "LOADING Redis is loading the dataset in memory"u8;
    public static ReadOnlySpan<byte> CannotSave =>
        "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the "u8
        + "data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails "u8
        + "(stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."u8;
    public static ReadOnlySpan<byte> ReadOnly => "READONLY You can't write against a read only replica."u8;
    public static ReadOnlySpan<byte> NotEnoughReplicas => "NOREPLICAS Not enough good replicas to write."u8;
    public static ReadOnlySpan<byte> MasterDown =>
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."u8;
    public static ReadOnlySpan<byte> ScriptOnReadOnlyReplica => "READONLY You can not run script with write flag on readonly replica."u8;
    public static ReadOnlySpan<byte> ScriptOnStaleReplica => "ERR Can not execute the command on a stale replica"u8;
    public static ReadOnlySpan<byte> ReplicaOfInCluster => "ERR REPLICAOF not allowed in cluster mode."u8;
    public static ReadOnlySpan<byte> ReplicaOfByReplica => "ERR Command is not valid when client is a replica."u8;
    public static ReadOnlySpan<byte> InvalidMasterPort => "ERR Invalid master port"u8;
    public static ReadOnlySpan<byte> CommandLogType => "ERR type should be one of the following: slow, large-request, large-reply"u8;

    public static ReadOnlySpan<byte> DebugNotAllowed =>
        "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from "u8
        + "a local connection, otherwise you need to set this option in the configuration file, and then restart "u8
        + "the server."u8;
    public static ReadOnlySpan<byte> ModuleNotAllowed =>
        "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it "u8
        + "from a local connection, otherwise you need to set this option in the configuration file, and then "u8
        + "restart the server."u8;
    public static ReadOnlySpan<byte> ModuleNotLoaded => "ERR Error loading the extension. Please check the server logs."u8;
    public static ReadOnlySpan<byte> ModuleNotThere => "ERR Error unloading module: no such module with that name"u8;

    // SYNC, PSYNC, REPLCONF, WAIT, WAITAOF
    public static ReadOnlySpan<byte> NoMasterLink => "NOMASTERLINK Can't SYNC while not connected with my master"u8;
    public static ReadOnlySpan<byte> SyncInFailover => "NOMASTERLINK Can't SYNC while failing over"u8;
    public static ReadOnlySpan<byte> FailoverOfMaster => "ERR PSYNC FAILOVER can't be sent to a master."u8;
    public static ReadOnlySpan<byte> FailoverOfOtherHistory => "ERR PSYNC FAILOVER replid must match my replid."u8;
    public static ReadOnlySpan<byte> ReplicaOfInFailover => "ERR REPLICAOF not allowed while failing over."u8;
    public static ReadOnlySpan<byte> FailoverInCluster => "ERR FAILOVER not allowed in cluster mode."u8;
    public static ReadOnlySpan<byte> NoFailover => "ERR No failover in progress."u8;
    public static ReadOnlySpan<byte> FailoverTimeout => "ERR FAILOVER timeout must be greater than 0"u8;
    public static ReadOnlySpan<byte> FailoverUnderWay => "ERR FAILOVER already in progress."u8;
    public static ReadOnlySpan<byte> FailoverOnReplica => "ERR FAILOVER is not valid when server is a replica."u8;
    public static ReadOnlySpan<byte> FailoverWithoutReplicas => "ERR FAILOVER requires connected replicas."u8;
    public static ReadOnlySpan<byte> FailoverForceNeeds => "ERR FAILOVER with force option requires both a timeout and target HOST and IP."u8;
    public static ReadOnlySpan<byte> FailoverOfNoReplica => "ERR FAILOVER target HOST and PORT is not a replica."u8;
    public static ReadOnlySpan<byte> FailoverOfOffline => "ERR FAILOVER target replica is not online."u8;
    public static ReadOnlySpan<byte> SyncWithPendingOutput => "ERR SYNC and PSYNC are invalid with pending output"u8;
    public static ReadOnlySpan<byte> FilterNeedsEof => "ERR Filtered replica requires EOF capability"u8;
    public static ReadOnlySpan<byte> NoReplicaFilter => "ERR Missing rdb-filter-only values"u8;
    public static ReadOnlySpan<byte> WaitOnReplica =>
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be "u8
        + "writable (which is not the default) writes to replicas are just local and are not propagated."u8;
    public static ReadOnlySpan<byte> WaitAofOnReplica =>
        "ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local and are not "u8
        + "propagated."u8;
    public static ReadOnlySpan<byte> WaitAofWithoutFile =>
        "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."u8;

    public static string ReplicaAddressTooLong(int bytes) =>
        $"ERR REPLCONF ip-address provided by replica instance is too long: {bytes} bytes";

    public static string UnknownReplicaFilter(string filter) => $"ERR Unsupported rdb-filter-only option: {filter}";

    public static string UnknownReplconf(ReadOnlySpan<byte> option) => $"ERR Unrecognized REPLCONF option: {Encoding.Latin1.GetString(option)}";

    public static string UnknownRdbClient(long id) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"ERR Unrecognized RDB client id {id}");

    public static string ReplicaVersion(ReadOnlySpan<byte> version) => $"ERR Unrecognized version format: {Encoding.Latin1.GetString(version)}";

    // DEBUG
    public static ReadOnlySpan<byte> NoAppendOnlyFile => "ERR this server has no append-only file to load"u8;
    public static ReadOnlySpan<byte> AofIsNotWhole => "ERR the append-only file lacks data that are not written yet"u8;
    public static ReadOnlySpan<byte> ReloadOptions => "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."u8;
    public static ReadOnlySpan<byte> LoadAofFailed => "ERR Error trying to load the AOF files, check server logs."u8;
    public static ReadOnlySpan<byte> ReloadFailed => "ERR Error trying to load the RDB dump, check server logs."u8;
    public static ReadOnlySpan<byte> OutOfRangeDatabase => "ERR Out of range database"u8;
    public static ReadOnlySpan<byte> NotAHashTable =>
        "ERR The value stored at the specified key is not represented using an hash table"u8;
    public static ReadOnlySpan<byte> PackedThreshold =>
        "ERR argument must be a memory value bigger than 1 and smaller than 4gb"u8;
    public static ReadOnlySpan<byte> NeedsResp3 => "ERR RESP2 is not supported by this command"u8;

    // CONFIG, COMMAND, SHUTDOWN, SAVE
    public static ReadOnlySpan<byte> NoConfigFile => "ERR The server is running without a config file"u8;
    public static ReadOnlySpan<byte> InvalidCommandSpecified => "ERR Invalid command specified"u8;
    public static ReadOnlySpan<byte> NoKeyArguments => "ERR The command has no key arguments"u8;
    public static ReadOnlySpan<byte> InvalidCommandArguments => "ERR Invalid arguments specified for command"u8;
    public static ReadOnlySpan<byte> InvalidCommandArity => "ERR Invalid number of arguments specified for command"u8;
    public static ReadOnlySpan<byte> NoShutdown => "ERR No shutdown in progress."u8;
    public static ReadOnlySpan<byte> ShutdownMayNotBlock => "ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client"u8;
    public static ReadOnlySpan<byte> ShutdownFailed => "ERR Errors trying to SHUTDOWN. Check logs."u8;

    /// <summary>The log says why.</summary>
    public static ReadOnlySpan<byte> SaveFailed => "ERR"u8;
    public static ReadOnlySpan<byte> SaveInProgress => "ERR Background save already in progress"u8;
    public static ReadOnlySpan<byte> NoSaveToCancel => "ERR Background saving is currently not in progress or scheduled"u8;

    public static ReadOnlySpan<byte> OtherSnapshot =>
        "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a "u8
        + "BGSAVE whenever possible."u8;

    public static ReadOnlySpan<byte> RewriteFailed =>
        "ERR Can't execute an AOF background rewriting. Please check the server logs for more information."u8;

    public static ReadOnlySpan<byte> AofRewriteInProgress => "ERR Background append only file rewriting already in progress"u8;

    /// <param name="reason">What the operating system says, as "No space left on device".</param>
    public static string AofFailed(string reason) => $"MISCONF Errors writing to the AOF file: {reason}";

    /// <summary>LATENCY GRAPH of an event without entries.</summary>
    public static byte[] NoLatencySamples(ReadOnlySpan<byte> name) => Quote("ERR No samples available for event '"u8, name, "'"u8);

    public static ReadOnlySpan<byte> HotKeysMetrics => "ERR METRICS takes the number of metrics and that many of CPU and NET"u8;

    public static ReadOnlySpan<byte> HotKeysActive => "ERR hotkeys tracking is active"u8;

    /// <summary>The words are Redis's.</summary>
    public static ReadOnlySpan<byte> HotKeysSlots => "ERR SLOTS parameter cannot be used in non-cluster mode"u8;

    public static ReadOnlySpan<byte> HotKeysSlotNumbers => "ERR SLOTS takes numbers from 0 to 16383, each once"u8;

    /// <param name="name">The option.</param>
    /// <param name="most">Its largest value.</param>
    public static string HotKeysRange(string name, int most) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"ERR {name} must be between 1 and {most}");

    public static string WrongProtocolType(string types) => $"ERR Wrong protocol type name. Please use one of the following: {types}";

    public static string UnknownConfig(string name) => $"ERR Unknown option or number of arguments for CONFIG SET - '{name}'";

    /// <param name="name">The parameter that was refused.</param>
    /// <param name="reason">Why, as "argument must be a memory value".</param>
    public static string ConfigRefused(string name, string reason) =>
        $"ERR CONFIG SET failed (possibly related to argument '{name}') - {reason}";

    /// <param name="reason">What the operating system says, as "Permission denied".</param>
    public static string ConfigRewriteFailed(string reason) => $"ERR Rewriting config file: {reason}";
}
