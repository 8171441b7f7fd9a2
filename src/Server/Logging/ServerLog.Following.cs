using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>The link of a replica to its master. The words are Redis's: operators and tests look for them.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Information, "FAILOVER requested to any replica.")]
    public partial void FailoverRequested();

    [LoggerMessage(LogLevel.Information, "FAILOVER requested to {host}:{port}.")]
    public partial void FailoverRequestedTo(string host, int port);

    [LoggerMessage(LogLevel.Information, "FAILOVER to {host}:{port} time out exceeded, failing over.")]
    public partial void FailoverForced(string host, int port);

    [LoggerMessage(LogLevel.Information, "Failover target {host}:{port} is synced, failing over.")]
    public partial void FailoverTargetSynced(string host, int port);

    [LoggerMessage(LogLevel.Information, "Aborting failover{target} while {state}, reason: {reason}")]
    public partial void FailoverAborted(string target, string state, string reason);

    [LoggerMessage(LogLevel.Information, "Failover request received for replid {id}.")]
    public partial void FailoverRequestReceived(string id);

    [LoggerMessage(LogLevel.Information, "MASTER MODE enabled (failover request from '{client}')")]
    public partial void MasterModeByFailover(string client);

    [LoggerMessage(LogLevel.Information, "Connecting to MASTER {host}:{port}")]
    public partial void ConnectingToMaster(string host, int port);

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync started")]
    public partial void MasterSyncStarted();

    [LoggerMessage(LogLevel.Information, "Non blocking connect for SYNC fired the event.")]
    public partial void ConnectedToMaster();

    [LoggerMessage(LogLevel.Warning, "Error condition on socket for SYNC: {reason}")]
    public partial void CannotConnectToMaster(string reason);

    [LoggerMessage(LogLevel.Information, "{line}")]
    public partial void MasterNote(string line);

    [LoggerMessage(LogLevel.Warning, "{line}")]
    public partial void MasterWarning(string line);

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: receiving {bytes} bytes from master to {place}")]
    public partial void ReceivingFromMaster(long bytes, string place);

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to {place}")]
    public partial void ReceivingStreamFromMaster(string place);

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Flushing old data")]
    public partial void FlushingOldData();

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Swapping active DB with loaded DB")]
    public partial void SwappingLoadedData();

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Discarding old DB in background")]
    public partial void DiscardingOldData();

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Discarding temporary DB in background")]
    public partial void DiscardingLoadedData();

    [LoggerMessage(LogLevel.Warning, "The master's libraries of functions cannot be loaded: {reason}")]
    public partial void CannotLoadLibraries(string reason);

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Loading DB in memory")]
    public partial void LoadingFromMaster();

    [LoggerMessage(LogLevel.Information, "MASTER <-> REPLICA sync: Finished with success")]
    public partial void MasterSyncFinished();

    [LoggerMessage(LogLevel.Information, "Replication buffer limit reached, stopping buffering.")]
    public partial void KeepsNoMore();

    [LoggerMessage(LogLevel.Debug, "Dual channel sync - psync established after rdb load")]
    public partial void PsyncAfterLoad();

    [LoggerMessage(LogLevel.Information, "Successfully streamed replication data into memory")]
    public partial void KeptStreamApplied();

    [LoggerMessage(LogLevel.Information, "Aborting dual channel sync")]
    public partial void DualChannelAborted();

    [LoggerMessage(LogLevel.Warning, "Failed trying to load the MASTER synchronization DB from {place}, check server logs.")]
    public partial void CannotLoadFromMaster(string place);

    [LoggerMessage(LogLevel.Warning, "Write error or short write writing to the DB dump file needed for MASTER <-> REPLICA "
        + "synchronization: {reason}")]
    public partial void CannotKeepFromMaster(string reason);

    [LoggerMessage(LogLevel.Warning, "I/O error trying to sync with MASTER: {reason}")]
    public partial void MasterSyncFailed(string reason);

    [LoggerMessage(LogLevel.Information, "Connection with master lost.")]
    public partial void MasterLost();

    [LoggerMessage(LogLevel.Information, "Caching the disconnected master state.")]
    public partial void MasterCached();

    [LoggerMessage(LogLevel.Information, "Reconnecting to MASTER {host}:{port}")]
    public partial void ReconnectingToMaster(string host, int port);

    [LoggerMessage(LogLevel.Warning, "Timeout connecting to the MASTER...")]
    public partial void MasterConnectTimeout();

    [LoggerMessage(LogLevel.Warning, "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in "
        + "redis.conf to a larger value.")]
    public partial void MasterTransferTimeout();

    [LoggerMessage(LogLevel.Warning, "MASTER timeout: no data nor PING received...")]
    public partial void MasterTimeout();

    [LoggerMessage(LogLevel.Warning, "Protocol error from master: what it sends is no command")]
    public partial void MasterProtocolError();

    [LoggerMessage(LogLevel.Warning, "== CRITICAL == This replica is sending an error to its master: '{error}' after processing the command "
        + "'{command}'")]
    public partial void ErrorForMaster(string error, string command);

    [LoggerMessage(LogLevel.Warning, "Applying a command of the master failed")]
    public partial void MasterCommandFailed(Exception failure);

    [LoggerMessage(LogLevel.Critical, "Replica was unable to write command to disk.")]
    public partial void ReplicaEndsForDisk();

    [LoggerMessage(LogLevel.Warning, "Replica is applying a command it is unable to write to disk.")]
    public partial void ReplicaCannotWriteToDisk();

    [LoggerMessage(LogLevel.Information, "REPLICAOF {host}:{port} enabled (user request from '{client}')")]
    public partial void ReplicaOfEnabled(string host, int port, string client);

    [LoggerMessage(LogLevel.Information, "MASTER MODE enabled (user request from '{client}')")]
    public partial void MasterModeEnabled(string client);

    [LoggerMessage(LogLevel.Information, "REPLICAOF would result into synchronization with the master we are already connected with. "
        + "No operation performed.")]
    public partial void ReplicaOfIsSame();

    [LoggerMessage(LogLevel.Information, "Before turning into a replica, using my own master parameters to synthesize a cached master: "
        + "I may be able to synchronize with the new master with just a partial transfer.")]
    public partial void OwnHistoryCached();
}
