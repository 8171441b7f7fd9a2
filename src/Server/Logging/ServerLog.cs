using Microsoft.Extensions.Logging;

namespace MiniRedis.Server.Logging;

/// <summary>Every line that the server logs. No line holds a key, a value or an argument: logs outlive secrets.</summary>
sealed partial class ServerLog(ILogger logger)
{
    [LoggerMessage(LogLevel.Information, "oO0OoO0OoO0Oo MiniRedis is starting oO0OoO0OoO0Oo")]
    public partial void Starting();

    [LoggerMessage(LogLevel.Information, "MiniRedis version={version}, Redis compatibility={redisVersion}, bits={bits}, pid={pid}, just started")]
    public partial void Version(string version, string redisVersion, int bits, int pid);

    [LoggerMessage(LogLevel.Information, "Configuration loaded")]
    public partial void ConfigurationLoaded();

    [LoggerMessage(LogLevel.Warning, "No config file specified, using the default config. "
        + "In order to specify a config file use miniredis /path/to/redis.conf")]
    public partial void NoConfigurationFile();

    [LoggerMessage(LogLevel.Information, "CONFIG REWRITE executed with success.")]
    public partial void ConfigurationRewritten();

    [LoggerMessage(LogLevel.Warning, "Deprecation warning: Allowing a first arg of an otherwise blocked command is a misuse of ACL and may get "
        + "disabled in the future (offender: {rule})")]
    public partial void AclFirstArgument(string rule);

    [LoggerMessage(LogLevel.Warning, "Writing ACL file for ACL SAVE: {reason}")]
    public partial void CannotSaveAcl(string reason);

    [LoggerMessage(LogLevel.Information, "The user '{user}' is disabled (there is no 'on' modifier in the user description). Make sure this is "
        + "not a configuration error.")]
    public partial void UserIsOff(string user);

    [LoggerMessage(LogLevel.Warning, "{note}")]
    public partial void Note(string note);

    [LoggerMessage(LogLevel.Information, "Running mode={mode}, port={port}.")]
    public partial void RunningMode(string mode, int port);

    [LoggerMessage(LogLevel.Information, "Server initialized")]
    public partial void Initialized();

    [LoggerMessage(LogLevel.Information, "Ready to accept connections {transport}")]
    public partial void Ready(string transport);

    [LoggerMessage(LogLevel.Warning, "Could not create server TCP listening socket {address}:{port}: {reason}")]
    public partial void CannotListen(string address, int port, string reason);

    [LoggerMessage(LogLevel.Warning, "Failed opening Unix socket: {reason}")]
    public partial void CannotListenUnix(string reason);

    [LoggerMessage(LogLevel.Warning, "Failed listening on port {port} ({transport}), aborting.")]
    public partial void ListenAborted(int port, string transport);

    [LoggerMessage(LogLevel.Information, "Increased maximum number of open files to {limit} (it was originally set to {before}).")]
    public partial void RaisedOpenFiles(long limit, long before);

    [LoggerMessage(LogLevel.Warning, "Your current 'ulimit -n' of {limit} is not enough for the server to start. "
        + "Please increase your open file limit to at least {least}. Exiting.")]
    public partial void NotEnoughOpenFiles(long limit, long least);

    [LoggerMessage(LogLevel.Warning, "You requested maxclients of {clients} requiring at least {files} max file descriptors.")]
    public partial void TooFewOpenFiles(long clients, long files);

    [LoggerMessage(LogLevel.Warning, "Server can't set maximum open files to {files} because of OS error: {reason}.")]
    public partial void CannotRaiseOpenFiles(long files, string reason);

    [LoggerMessage(LogLevel.Warning, "Current maximum open files is {limit}. maxclients has been reduced to {clients} "
        + "to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.")]
    public partial void ReducedMaxClients(long limit, long clients);

    [LoggerMessage(LogLevel.Debug, "Accepted {address}")]
    public partial void Accepted(string address);

    [LoggerMessage(LogLevel.Debug, "Client id={id} closed: {reason}")]
    public partial void Closed(long id, string reason);

    [LoggerMessage(LogLevel.Debug, "Closing idle client")]
    public partial void Idle();

    [LoggerMessage(LogLevel.Debug, "Protocol error from client id={id}: {error}")]
    public partial void ProtocolError(long id, string error);

    [LoggerMessage(LogLevel.Warning, "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. "
        + "This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. "
        + "Connection from {address} aborted.")]
    public partial void CrossProtocol(string address);

    [LoggerMessage(LogLevel.Warning, "Closing client that reached max query buffer length: id={id} qbuf={bytes}")]
    public partial void QueryBufferLimit(long id, long bytes);

    [LoggerMessage(LogLevel.Warning, "Client id={id} omem={bytes} scheduled to be closed ASAP for overcoming of output buffer limits.")]
    public partial void OutputBufferLimit(long id, long bytes);

    [LoggerMessage(LogLevel.Warning, "Unable to write oom_score_adj: {reason}")]
    public partial void CannotAdjustOomScore(string reason);

    [LoggerMessage(LogLevel.Information, "Evicting client id={id} tot-mem={bytes}: clients take more than maxmemory-clients")]
    public partial void EvictedClient(long id, long bytes);

    [LoggerMessage(LogLevel.Warning, "The new maxmemory value set via CONFIG SET ({bytes}) is smaller than the current memory usage ({used}). "
        + "This will result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy.")]
    public partial void MaxMemoryBelowUse(long bytes, long used);

    [LoggerMessage(LogLevel.Error, "Command '{command}' failed (arguments redacted)")]
    public partial void HandlerFailed(string command, Exception failure);

    [LoggerMessage(LogLevel.Error, "Requests of client id={id} failed (arguments redacted); it is closed")]
    public partial void BatchFailed(long id, Exception failure);

    [LoggerMessage(LogLevel.Error, "Out of memory: the system refused {bytes} bytes in the middle of a change ({work}); used_memory is {used}. "
        + "The server ends at once, so that nobody sees half a change.")]
    public partial void MemoryRefused(ulong bytes, string work, long used);

    [LoggerMessage(LogLevel.Error, "Out of memory: the runtime got none in the middle of a change ({work}); used_memory is {used}. "
        + "The server ends at once, so that nobody sees half a change.")]
    public partial void HeapRefused(string work, long used);

    [LoggerMessage(LogLevel.Warning, "The rehearsal of commands failed; the first of each may take some milliseconds longer")]
    public partial void RehearsalFailed(Exception failure);

    [LoggerMessage(LogLevel.Error, "The cron failed")]
    public partial void CronFailed(Exception failure);

    [LoggerMessage(LogLevel.Debug, "Active defrag runs: frag={percent:F0}%, frag_bytes={bytes}, cpu={share}%")]
    public partial void DefragRuns(double percent, long bytes, int share);

    [LoggerMessage(LogLevel.Debug, "Active defrag done in {milliseconds} ms: frag ratio={ratio:F2}, frag_bytes={bytes}")]
    public partial void DefragDone(long milliseconds, double ratio, long bytes);

    [LoggerMessage(LogLevel.Warning, "Accepting client connection: {reason}")]
    public partial void AcceptFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "Error accepting a client connection: {reason} (addr={address})")]
    public partial void HandshakeFailed(string reason, string address);

    [LoggerMessage(LogLevel.Warning, "{count} more connections to the TLS port were given up since the line before")]
    public partial void HandshakesUnsaid(long count);

    [LoggerMessage(LogLevel.Warning, "A client speaks TLS to the port without TLS: {address} (its port is tls-port)")]
    public partial void TlsOnPlainPort(string address);

    [LoggerMessage(LogLevel.Warning, "{reason}")]
    public partial void TlsRefused(string reason);

    [LoggerMessage(LogLevel.Critical, "Failed to configure TLS. Check logs for more info.")]
    public partial void CannotStartTls();

    [LoggerMessage(LogLevel.Information, "TLS materials reloaded successfully")]
    public partial void TlsReloaded();

    [LoggerMessage(LogLevel.Warning, "Received {signal} scheduling shutdown...")]
    public partial void SignalReceived(string signal);

    [LoggerMessage(LogLevel.Information, "Received SIGHUP: the log file, if there is one, is opened again.")]
    public partial void Reopened();

    [LoggerMessage(LogLevel.Warning, "You insist... exiting now.")]
    public partial void SignalInsists();

    [LoggerMessage(LogLevel.Information, "Shutdown manually aborted.")]
    public partial void ShutdownAborted();

    [LoggerMessage(LogLevel.Warning, "User requested shutdown...")]
    public partial void ShutdownRequested();

    [LoggerMessage(LogLevel.Information, "Saving the final RDB snapshot before exiting.")]
    public partial void SavingBeforeExit();

    [LoggerMessage(LogLevel.Warning, "Error trying to save the DB, can't exit.")]
    public partial void CannotExit();

    [LoggerMessage(LogLevel.Information, "Removing the pid file.")]
    public partial void RemovingPidFile();

    [LoggerMessage(LogLevel.Warning, "Configured to not listen anywhere, exiting.")]
    public partial void ListensNowhere();

    [LoggerMessage(LogLevel.Warning, "Errors trying to shut down the server. Check the logs for more information.")]
    public partial void CannotShutDown();

    [LoggerMessage(LogLevel.Error, "The end of the server failed on the way. Exiting anyway.")]
    public partial void ShutdownFailed(Exception failure);

    [LoggerMessage(LogLevel.Warning, "Failed to remove PID file: {reason}")]
    public partial void CannotRemovePidFile(string reason);

    [LoggerMessage(LogLevel.Warning, "Failed to write PID file: {reason}")]
    public partial void CannotWritePidFile(string reason);

    [LoggerMessage(LogLevel.Warning, "MiniRedis is now ready to exit, bye bye...")]
    public partial void Bye();

    [LoggerMessage(LogLevel.Warning, "{text}")]
    public partial void DebugLog(string text);

    [LoggerMessage(LogLevel.Warning, "Slow script detected: still in execution after {milliseconds} milliseconds. You can try killing the "
        + "script using the {command} command. Script name is: {name}.")]
    public partial void SlowScript(long milliseconds, string command, string name);

    [LoggerMessage(LogLevel.Information, "Lua script killed by user with SCRIPT KILL.")]
    public partial void ScriptKilled();

    [LoggerMessage(LogLevel.Trace, "{message}")]
    public partial void ScriptDebug(string message);

    [LoggerMessage(LogLevel.Debug, "{message}")]
    public partial void ScriptVerbose(string message);

    [LoggerMessage(LogLevel.Information, "{message}")]
    public partial void ScriptNotice(string message);

    [LoggerMessage(LogLevel.Warning, "{message}")]
    public partial void ScriptWarning(string message);
}
