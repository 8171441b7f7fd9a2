using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>Saving and loading the data set.</summary>
sealed partial class ServerLog
{
    [LoggerMessage(LogLevel.Warning, "Metadata of keys (tags, stale windows) or purges are damaged or of a newer version, and are left out")]
    public partial void UnknownMetadata();

    [LoggerMessage(LogLevel.Information, "DB saved on disk")]
    public partial void Saved();

    [LoggerMessage(LogLevel.Warning, "{line}")]
    public partial void SaveFailed(string line);

    [LoggerMessage(LogLevel.Information, "{changes} changes in {seconds} seconds. Saving...")]
    public partial void SavePointReached(long changes, long seconds);

    [LoggerMessage(LogLevel.Information, "Background saving started")]
    public partial void BackgroundSaveStarted();

    [LoggerMessage(LogLevel.Information, "Background saving terminated with success: {keys} keys, at most {megabytes} MB of memory beside the data")]
    public partial void BackgroundSaveEnded(long keys, long megabytes);

    [LoggerMessage(LogLevel.Warning, "Background saving error: {reason}")]
    public partial void BackgroundSaveFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "Can't save in background: fork: {reason}")]
    public partial void CannotSaveInBackground(string reason);

    [LoggerMessage(LogLevel.Warning, "{what}: {reason}")]
    public partial void FileFailed(string what, string reason);

    [LoggerMessage(LogLevel.Warning, "{holder} writes the append only files in {directory}. Waiting for it to end, for at most {seconds} seconds.")]
    public partial void AofIsHeld(string holder, string directory, int seconds);

    [LoggerMessage(LogLevel.Critical, "{holder} writes the append only files in {directory}: two servers would tear them. Exiting.")]
    public partial void AofStaysHeld(string holder, string directory);

    [LoggerMessage(LogLevel.Information, "Background saving cancelled")]
    public partial void BackgroundSaveCancelled();

    [LoggerMessage(LogLevel.Warning, "AOF was enabled but there is already another background operation. "
        + "An AOF background was scheduled to start when possible.")]
    public partial void AofScheduled();

    [LoggerMessage(LogLevel.Information, "Background append only file rewriting started")]
    public partial void AofRewriteStarted();

    [LoggerMessage(LogLevel.Information, "Background AOF rewrite finished successfully: a base of {bytes} bytes, "
        + "at most {megabytes} MB of memory beside the data")]
    public partial void AofRewriteEnded(long bytes, long megabytes);

    [LoggerMessage(LogLevel.Warning, "Background AOF rewrite failed: {reason}")]
    public partial void AofRewriteFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "Background AOF rewrite has repeatedly failed and triggered the limit, will retry in {minutes} minutes")]
    public partial void AofRewriteDelayed(int minutes);

    [LoggerMessage(LogLevel.Information, "Killing running AOF rewrite child, that is, giving its snapshot up")]
    public partial void AofRewriteCancelled();

    [LoggerMessage(LogLevel.Information, "Starting automatic rewriting of AOF on {percent}% growth")]
    public partial void AofHasGrown(long percent);

    [LoggerMessage(LogLevel.Warning, "Error writing to the AOF file: {reason}")]
    public partial void AofFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "The disk does not take the end of the append only file")]
    public partial void AofNotFlushed();

    [LoggerMessage(LogLevel.Warning, "!!! Warning: short read while loading the AOF file {name}!!!")]
    public partial void AofShortRead(string name);

    [LoggerMessage(LogLevel.Warning, "!!! Truncating the AOF {name} at offset {offset} !!!")]
    public partial void AofCut(string name, long offset);

    [LoggerMessage(LogLevel.Warning, "The append only file {name} was begun when the file before it had {then} bytes. Now it has {now}: power has "
        + "failed, and what follows ran on changes that are lost.")]
    public partial void AofFollowsLoss(string name, long then, long now);

    [LoggerMessage(LogLevel.Warning, "AOF {name} loaded anyway because aof-load-truncated is enabled")]
    public partial void AofLoadedThoughTruncated(string name);

    [LoggerMessage(LogLevel.Warning, "Revert incomplete MULTI/EXEC transaction from AOF file {name}")]
    public partial void AofTransactionReverted(string name);

    [LoggerMessage(LogLevel.Warning, "The append only file {name} has a MULTI within a transaction, at offset {offset}: as in Redis it is ignored, "
        + "and EXEC runs what is queued behind both. The server that wrote the file had cut a half written EXEC off.")]
    public partial void AofNestedMulti(long offset, string name);

    [LoggerMessage(LogLevel.Critical, "Unexpected end of file reading the append only file {name}. "
        + "You can: 1) Make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>. "
        + "2) Alternatively you can set the 'aof-load-truncated' configuration option to yes and restart the server. "
        + "(Here the first is called miniredis check-aof. What is whole ends at offset {offset}.)")]
    public partial void AofEndsEarly(string name, long offset);

    [LoggerMessage(LogLevel.Critical, "{reason}: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest> "
        + "(here it is called miniredis check-aof; what is whole ends at offset {offset})")]
    public partial void AofDamaged(string reason, long offset);

    [LoggerMessage(LogLevel.Critical, "Unrecoverable error reading the append only file {name}: {reason}")]
    public partial void AofUnreadable(string name, string reason);

    [LoggerMessage(LogLevel.Critical, "{reason}")]
    public partial void AofManifestDamaged(string reason);

    [LoggerMessage(LogLevel.Information, "Successfully migrated an old-style AOF configuration ({name}) into the AOF directory ({directory})")]
    public partial void AofUpgraded(string name, string directory);

    [LoggerMessage(LogLevel.Warning, "Writing initial AOF, can't exit")]
    public partial void CannotExitWithoutBase();

    [LoggerMessage(LogLevel.Warning, "Writing initial AOF. Exit anyway.")]
    public partial void ExitsWithoutBase();

    [LoggerMessage(LogLevel.Warning, "Cannot delete {name}: {reason}")]
    public partial void AofNotDeleted(string name, string reason);

    [LoggerMessage(LogLevel.Warning, "== CRITICAL == {failure}")]
    public partial void AofCommandFailed(string failure);

    [LoggerMessage(LogLevel.Critical, "The append only file {name} is not loaded, as that would change the data, and stays as it is. You can: "
        + "1) Make a backup of the directory, then mend the file. 2) Alternatively you can set the 'propagation-error-behavior' configuration "
        + "option to ignore and restart the server: commands that fail are then left out.")]
    public partial void AofRefusedForFailure(string name);

    [LoggerMessage(LogLevel.Warning, "{count} commands of the append only file failed and are left out, as propagation-error-behavior allows. "
        + "The files that have them are kept when the file is rewritten.")]
    public partial void AofLoadedWithFailures(long count);

    [LoggerMessage(LogLevel.Warning, "Not deleted, as commands of the append only file failed when it was loaded: {names} in {directory}")]
    public partial void AofKept(string names, string directory);

    [LoggerMessage(LogLevel.Information, "DB loaded from {kind} file {name}: {seconds:F3} seconds")]
    public partial void AofFileLoaded(string kind, string name, double seconds);

    [LoggerMessage(LogLevel.Information, "DB loaded from append only file: {seconds:F3} seconds")]
    public partial void AofLoaded(double seconds);

    [LoggerMessage(LogLevel.Information, "Creating AOF base file {name} on server start")]
    public partial void AofBaseCreated(string name);

    [LoggerMessage(LogLevel.Warning, "There is a file {name}, but appendonly is set and there is no append only file: "
        + "as in Redis, nothing is loaded. To keep the data, start without appendonly, and turn it on with CONFIG SET appendonly yes.")]
    public partial void RdbIgnored(string name);

    [LoggerMessage(LogLevel.Warning, "Append Only File loaded by DEBUG LOADAOF")]
    public partial void AofReloaded();

    [LoggerMessage(LogLevel.Warning, "Asynchronous AOF fsync is taking too long (disk is busy?). Writes wait until it has caught up.")]
    public partial void AofIsSlow();

    [LoggerMessage(LogLevel.Warning, "AOF write error looks solved. The server can write again.")]
    public partial void AofRecovered();

    [LoggerMessage(LogLevel.Warning, "A transaction was too large to be appended to the AOF. Writes are refused until it has been rewritten.")]
    public partial void AofHasGap();

    [LoggerMessage(LogLevel.Critical, "Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...")]
    public partial void AofFailedWithAlways();

    [LoggerMessage(LogLevel.Information, "Loading RDB produced by {product} version {version}")]
    public partial void LoadingVersion(string product, string version);

    [LoggerMessage(LogLevel.Information, "RDB age {seconds} seconds")]
    public partial void LoadingAge(long seconds);

    [LoggerMessage(LogLevel.Information, "RDB memory usage when created {megabytes:F2} Mb")]
    public partial void LoadingMemory(double megabytes);

    [LoggerMessage(LogLevel.Information, "rdbLoadObject skipping empty key: {key}")]
    public partial void EmptyKeySkipped(string key);

    [LoggerMessage(LogLevel.Information, "Done loading RDB, keys loaded: {loaded}, keys expired: {expired}, empty keys skipped: {empty}.")]
    public partial void KeysLoaded(long loaded, long expired, long empty);

    [LoggerMessage(LogLevel.Information, "DB loaded from disk: {seconds:F3} seconds")]
    public partial void Loaded(double seconds);

    [LoggerMessage(LogLevel.Warning, "DB reloaded by DEBUG RELOAD")]
    public partial void Reloaded();

    [LoggerMessage(LogLevel.Warning, "The data set cannot be reloaded: {reason}")]
    public partial void CannotReload(string reason);

    [LoggerMessage(LogLevel.Warning, "Short read or OOM loading DB. Unrecoverable error, aborting now.")]
    public partial void ShortRead();

    [LoggerMessage(LogLevel.Warning, "Internal error in RDB reading offset {offset}: {reason}, while reading {reading}")]
    public partial void LoadFailed(long offset, string reason, string reading);

    [LoggerMessage(LogLevel.Warning, "A payload of RESTORE was refused: {reason}")]
    public partial void PayloadRefused(string reason);

    [LoggerMessage(LogLevel.Warning, "Fatal error loading the DB, check server logs. Exiting.")]
    public partial void CannotLoad();

    [LoggerMessage(LogLevel.Warning, "Terminating server after rdb file reading failure.")]
    public partial void RdbRefused();

    [LoggerMessage(LogLevel.Critical, "Error reading the RDB base file {name}, AOF loading aborted")]
    public partial void AofBaseRefused(string name);

    [LoggerMessage(LogLevel.Warning, "Fatal error loading the DB: {reason}. Exiting.")]
    public partial void CannotOpenData(string reason);
}
