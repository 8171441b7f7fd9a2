using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>The master's side of replication. Texts are Redis's where Redis has one.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Warning, "The stream of changes has lost a part, for lack of memory: all replicas have to synchronize again")]
    public partial void ReplicationStreamLost();

    [LoggerMessage(LogLevel.Information, "Replication backlog created, my new replication IDs are '{id}' and '{second}'")]
    public partial void BacklogCreated(string id, string second);

    [LoggerMessage(LogLevel.Information, "Replication backlog freed after {seconds} seconds without connected replicas.")]
    public partial void BacklogFreed(long seconds);

    [LoggerMessage(LogLevel.Information, "Replica {replica} asks for synchronization")]
    public partial void ReplicaAsks(string replica);

    [LoggerMessage(LogLevel.Warning, "Replica {replica} asks for synchronization but with a wrong offset")]
    public partial void ReplicaAsksWithWrongOffset(string replica);

    [LoggerMessage(LogLevel.Information, "Full resync requested by replica {replica}")]
    public partial void FullResyncRequested(string replica);

    [LoggerMessage(LogLevel.Information, "Partial resynchronization not accepted: Replication ID mismatch "
        + "(Replica asked for '{asked}', my replication IDs are '{id}' and '{second}')")]
    public partial void PartialResyncOfOtherHistory(string asked, string id, string second);

    [LoggerMessage(LogLevel.Information, "Partial resynchronization not accepted: Requested offset for second ID was {asked}, "
        + "but I can reply up to {most}")]
    public partial void PartialResyncBeyondSecond(long asked, long most);

    [LoggerMessage(LogLevel.Information, "Unable to partial resync with replica {replica} for lack of backlog (Replica request was: {asked}).")]
    public partial void PartialResyncLacksBacklog(string replica, long asked);

    [LoggerMessage(LogLevel.Warning, "Replica {replica} tried to PSYNC with an offset that is greater than the master replication offset.")]
    public partial void ReplicaIsAhead(string replica);

    [LoggerMessage(LogLevel.Information, "Partial resynchronization request from {replica} accepted. "
        + "Sending {bytes} bytes of backlog starting from offset {offset}.")]
    public partial void PartialResyncAccepted(string replica, long bytes, long offset);

    [LoggerMessage(LogLevel.Information, "Starting BGSAVE for SYNC with target: {target} using: {way}")]
    public partial void FullSyncStarts(string target, string way);

    [LoggerMessage(LogLevel.Information, "Delay next BGSAVE for diskless SYNC")]
    public partial void FullSyncDelayed();

    [LoggerMessage(LogLevel.Information, "Waiting for end of BGSAVE for SYNC")]
    public partial void FullSyncShared();

    [LoggerMessage(LogLevel.Information, "Can't attach the replica to the current BGSAVE. Waiting for next BGSAVE for SYNC")]
    public partial void FullSyncNotShared();

    [LoggerMessage(LogLevel.Information, "Current BGSAVE has socket target. Waiting for next BGSAVE for SYNC")]
    public partial void FullSyncWaitsForSockets();

    [LoggerMessage(LogLevel.Information, "No BGSAVE in progress, but another BG operation is active. BGSAVE for replication delayed")]
    public partial void FullSyncWaitsForOther();

    [LoggerMessage(LogLevel.Warning, "BGSAVE for replication failed: {reason}")]
    public partial void FullSyncCannotStart(string reason);

    [LoggerMessage(LogLevel.Warning, "SYNC failed. BGSAVE child returned an error: {reason}")]
    public partial void FullSyncFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "SYNC failed. Can't open/stat DB after BGSAVE: {reason}")]
    public partial void FullSyncFileLost(string reason);

    [LoggerMessage(LogLevel.Warning, "What slow replicas cannot take cannot be put aside on disk ({reason}): commands may have to wait for them")]
    public partial void CannotPutAside(string reason);

    [LoggerMessage(LogLevel.Information, "Diskless rdb transfer, done reading from pipe, {replicas} replicas still up.")]
    public partial void DisklessTransferDone(int replicas);

    [LoggerMessage(LogLevel.Warning, "Diskless rdb transfer, last replica dropped, killing fork child.")]
    public partial void DisklessTransferAlone();

    [LoggerMessage(LogLevel.Information, "Streamed RDB transfer with replica {replica} succeeded (socket). "
        + "Waiting for REPLCONF ACK from replica to enable streaming")]
    public partial void StreamedTransferEnded(string replica);

    [LoggerMessage(LogLevel.Information, "RDB transfer completed, rdb only replica ({replica}) should be disconnected asap")]
    public partial void RdbOnlyTransferEnded(string replica);

    [LoggerMessage(LogLevel.Information, "Synchronization with replica {replica} succeeded")]
    public partial void ReplicaSynchronized(string replica);

    [LoggerMessage(LogLevel.Warning, "Replica generated a reply to command '{command}', disconnecting it: {replica}")]
    public partial void ReplicaGotReply(string command, string replica);

    [LoggerMessage(LogLevel.Information, "Connection with replica {replica} lost.")]
    public partial void ReplicaLost(string replica);

    [LoggerMessage(LogLevel.Information, "Replica {replica} rdb channel disconnected.")]
    public partial void RdbChannelLost(string replica);

    [LoggerMessage(LogLevel.Warning, "Background RDB transfer error: {reason}")]
    public partial void TransferFailed(string reason);

    [LoggerMessage(LogLevel.Information, "Replica {replica} is capable of dual channel synchronization, and partial sync isn't possible. "
        + "Full sync will continue with dedicated RDB channel.")]
    public partial void DualChannelOffered(string replica);

    [LoggerMessage(LogLevel.Information, "Sending to replica {replica} RDB end offset {offset} and client-id {id}")]
    public partial void EndOffsetSent(string replica, long offset, long id);

    [LoggerMessage(LogLevel.Debug, "Add rdb replica {replica} to waiting psync, with cid {id}, {tail}")]
    public partial void AwaitsMainChannel(string replica, long id, string tail);

    [LoggerMessage(LogLevel.Debug, "Attach replica rdb client {id} to repl buf block")]
    public partial void KeepsForMainChannel(long id);

    [LoggerMessage(LogLevel.Debug, "Postpone RDB client id={id} ({replica}) free for {seconds} seconds")]
    public partial void AwaitsMainChannelLonger(long id, string replica, int seconds);

    [LoggerMessage(LogLevel.Information, "Replica main channel failed to establish PSYNC within the grace period ({seconds} seconds). "
        + "Freeing RDB client {id}.")]
    public partial void MainChannelNeverCame(long seconds, long id);

    [LoggerMessage(LogLevel.Information, "Process is about to stop.")]
    public partial void ProcessStops();

    [LoggerMessage(LogLevel.Information, "Process has been continued.")]
    public partial void ProcessGoesOn();

    [LoggerMessage(LogLevel.Warning, "Disconnecting timedout replica (streaming sync): {replica}")]
    public partial void ReplicaTimedOut(string replica);

    [LoggerMessage(LogLevel.Warning, "Disconnecting timedout replica (full sync): {replica}")]
    public partial void ReplicaTimedOutInFullSync(string replica);

    [LoggerMessage(LogLevel.Information, "Waiting for replicas before shutting down.")]
    public partial void WaitingForReplicas();

    [LoggerMessage(LogLevel.Information, "Lagging replica {replica} reported offset {bytes} behind master, lag={seconds}, state={state}.")]
    public partial void ReplicaLags(string replica, long bytes, long seconds, string state);

    [LoggerMessage(LogLevel.Information, "{inSync} of {replicas} replicas are in sync when shutting down.")]
    public partial void ReplicasInSync(int inSync, int replicas);

    [LoggerMessage(LogLevel.Information, "Removing the RDB file used to feed replicas in a persistence-less instance")]
    public partial void SyncFileRemoved();

    [LoggerMessage(LogLevel.Information, "Setting secondary replication ID to {second}, valid up to offset: {offset}. New replication ID is {id}")]
    public partial void HistoryShifted(string second, long offset, string id);
}
