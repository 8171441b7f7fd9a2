using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>
/// The value of every directive, one field each: what hot paths read. <see cref="ConfigTable"/> says what each one is called,
/// what it accepts and what its default is; the constructor sets those defaults.
/// </summary>
/// <remarks>
/// Written under the executor (start-up, CONFIG SET), read by any thread: numbers and references are whole either way, and
/// lists are replaced, never changed in place. Two fields read one after the other may straddle a CONFIG SET.
/// Text is Latin-1, one char per byte: see <see cref="ConfigText"/>. The empty text means "not set" where that makes sense.
/// Sizes are bytes, times seconds, unless a comment says otherwise.
/// </remarks>
internal sealed class ServerConfig
{
    public ServerConfig()
    {
        Dir = ConfigText.FromUnicode(Directory.GetCurrentDirectory());
        foreach (var directive in ConfigTable.All)
        {
            if (directive.Set(this, ConfigLine.Split(directive.Default), readingFile: false) is { } error)
                throw new InvalidOperationException($"The default of '{directive.Name}' is wrong: {error}");
        }
    }

    // ---- network
    public string[] Bind = [];
    public string BindSourceAddr = "";
    public int Port;
    public int TcpBacklog, TcpKeepAlive, Timeout;
    public bool ProtectedMode;
    public string UnixSocket = "", UnixSocketGroup = "";
    /// <summary>Mode bits; 0 leaves them to the umask.</summary>
    public int UnixSocketPerm;
    public long SocketMarkId;
    public long MaxClients;
    public int IoThreads, EventsPerIoThread, PrefetchBatchMaxSize;
    public bool IoThreadsDoReads;
    public int MaxNewConnectionsPerCycle, MaxNewTlsConnectionsPerCycle;
    public long ProtoMaxBulkLen, ClientQueryBufferLimit;
    public OutputBufferLimit[] OutputBufferLimits = new OutputBufferLimit[3];

    // ---- process
    public bool Daemonize, SetProcTitle, AlwaysShowLogo, CrashLogEnabled, CrashMemcheckEnabled, UseExitOnPanic, DisableThp;
    public bool JemallocBgThread, EnableDebugAssert;
    public string PidFile = "", ProcTitleTemplate = "", IgnoreWarnings = "", LocaleCollate = "", DebugContext = "";
    public SupervisedMode Supervised;
    public string ServerCpuList = "", BioCpuList = "", AofRewriteCpuList = "", BgsaveCpuList = "";
    public OomScoreAdjust OomScoreAdj;
    /// <summary>Of a master, a replica, a background worker.</summary>
    public int[] OomScoreAdjValues = [];
    public int ShutdownTimeout;
    public ShutdownFlags ShutdownOnSigint, ShutdownOnSigterm;
    public int Databases, Hz;
    public bool DynamicHz, ActiveRehashing, ExtendedRedisCompatibility, ImportMode;
    /// <summary>Milliseconds.</summary>
    public int WatchdogPeriod;
    /// <summary>Milliseconds a script may run before others are told BUSY; 0 is for ever.</summary>
    public long BusyReplyThreshold;
    public bool LuaEnableDeprecatedApi;
    public string AvailabilityZone = "";

    // ---- logging
    public ServerLogLevel LogLevel;
    public LogFormat LogFormat;
    public LogTimestampFormat LogTimestampFormat;
    public string LogFile = "", SyslogIdent = "";
    public bool SyslogEnabled, HideUserDataFromLog;
    public SyslogFacility SyslogFacility;

    // ---- security
    public string RequirePass = "", AclFile = "";
    public AclPubSubDefault AclPubSubDefault;
    public long AclLogMaxLen, TrackingTableMaxKeys;
    public ProtectedAction EnableProtectedConfigs, EnableDebugCommand, EnableModuleCommand;
    public SanitizeDump SanitizeDumpPayload;

    // ---- memory
    public long MaxMemory;
    public MaxMemoryPolicy MaxMemoryPolicy;
    public int MaxMemorySamples, MaxMemoryEvictionTenacity;
    /// <summary>Bytes; negative is a percentage of maxmemory. <see cref="MaxMemoryClientsBytes"/> has it resolved.</summary>
    public long MaxMemoryClients;
    public int LfuLogFactor;
    /// <summary>Minutes.</summary>
    public int LfuDecayTime;
    public int ActiveExpireEffort;
    public bool LazyFreeLazyEviction, LazyFreeLazyExpire, LazyFreeLazyServerDel, LazyFreeLazyUserDel, LazyFreeLazyUserFlush;
    public bool ActiveDefrag;
    public int ActiveDefragCycleMin, ActiveDefragCycleMax, ActiveDefragThresholdLower, ActiveDefragThresholdUpper;
    /// <summary>Microseconds.</summary>
    public int ActiveDefragCycleUs;
    public long ActiveDefragIgnoreBytes, ActiveDefragMaxScanFields;

    // ---- encodings of small collections
    public int ListMaxListpackSize, ListCompressDepth;
    public long HashMaxListpackEntries, HashMaxListpackValue;
    public long SetMaxIntsetEntries, SetMaxListpackEntries, SetMaxListpackValue;
    public long ZSetMaxListpackEntries, ZSetMaxListpackValue;
    public long StreamNodeMaxBytes, StreamNodeMaxEntries, HllSparseMaxBytes;

    // ---- snapshots and the append-only file
    public string Dir, DbFilename = "", AppendFilename = "", AppendDirname = "";
    public SavePoint[] SavePoints = [];
    public bool RdbChecksum, RdbCompression, RdbDelSyncFiles, RdbSaveIncrementalFsync, StopWritesOnBgsaveError;
    public RdbVersionCheck RdbVersionCheck;
    /// <summary>Microseconds a key, to slow tests down; negative sleeps one microsecond each -n keys.</summary>
    public int RdbKeySaveDelay, KeyLoadDelay;
    public long LoadingProcessEventsIntervalBytes;
    public bool AppendOnly, NoAppendFsyncOnRewrite, AofRewriteIncrementalFsync, AofLoadTruncated, AofUseRdbPreamble;
    public bool AofTimestampEnabled, AofDisableAutoGc;
    public AppendFsync AppendFsync;
    public int AutoAofRewritePercentage;
    public long AutoAofRewriteMinSize;

    // ---- replication
    /// <summary>The master this server follows. The REPLICAOF command changes it too, so that REWRITE keeps the role.</summary>
    public MasterAddress? ReplicaOf;
    public string MasterUser = "", MasterAuth = "", ReplicaAnnounceIp = "";
    public int ReplicaAnnouncePort, ReplicaPriority, MinReplicasToWrite, MinReplicasMaxLag;
    public bool ReplicaServeStaleData, ReplicaReadOnly, ReplicaLazyFlush, ReplicaIgnoreMaxMemory, ReplicaAnnounced;
    public bool ReplicaIgnoreDiskWriteErrors, ReplDisableTcpNoDelay, ReplDisklessSync, DualChannelReplicationEnabled;
    public int ReplDisklessSyncDelay, ReplDisklessSyncMaxReplicas, ReplTimeout, ReplPingReplicaPeriod;
    public DisklessLoad ReplDisklessLoad;
    public long ReplBacklogSize, ReplBacklogTtl;
    public PropagationErrorBehavior PropagationErrorBehavior;

    // ---- cluster
    public bool ClusterEnabled, ClusterRequireFullCoverage, ClusterReplicaNoFailover, ClusterAllowReadsWhenDown;
    public bool ClusterAllowPubSubShardWhenDown, ClusterAllowReplicaMigration, ClusterSlotStatsEnabled;
    public string ClusterConfigFile = "", ClusterAnnounceIp = "", ClusterAnnounceHostname = "", ClusterAnnounceHumanNodename = "";
    public string ClusterAnnounceClientIpV4 = "", ClusterAnnounceClientIpV6 = "";
    public int ClusterPort, ClusterAnnouncePort, ClusterAnnounceTlsPort, ClusterAnnounceBusPort;
    public int ClusterReplicaValidityFactor, ClusterMigrationBarrier;
    /// <summary>Milliseconds; a ping interval of 0 is derived from the timeout.</summary>
    public long ClusterNodeTimeout, ClusterPingInterval, ClusterManualFailoverTimeout;
    public long ClusterLinkSendbufLimit, ClusterBlacklistTtl;
    public EndpointType ClusterPreferredEndpointType;

    // ---- watching the server
    /// <summary>Microseconds; negative is off.</summary>
    public long SlowlogLogSlowerThan;
    public long SlowlogMaxLen;
    /// <summary>Bytes; negative is off.</summary>
    public long CommandlogRequestLargerThan, CommandlogReplyLargerThan;
    public long CommandlogLargeRequestMaxLen, CommandlogLargeReplyMaxLen;
    /// <summary>Milliseconds; 0 is off.</summary>
    public long LatencyMonitorThreshold;
    public bool LatencyTracking;
    public double[] LatencyTrackingInfoPercentiles = [];
    public KeyspaceEvents NotifyKeyspaceEvents;

    // ---- TLS
    public int TlsPort, TlsSessionCacheSize, TlsSessionCacheTimeout;
    public bool TlsCluster, TlsReplication, TlsPreferServerCiphers, TlsSessionCaching;
    public TlsClientAuth TlsAuthClients;
    public string TlsCertFile = "", TlsKeyFile = "", TlsKeyFilePass = "", TlsClientCertFile = "", TlsClientKeyFile = "";
    public string TlsClientKeyFilePass = "", TlsDhParamsFile = "", TlsCaCertFile = "", TlsCaCertDir = "";
    public string TlsProtocols = "", TlsCiphers = "", TlsCipherSuites = "";

    /// <summary>Started as a Sentinel; no directive but a way to start (<see cref="CommandLineConfig.SentinelMode"/>).</summary>
    public bool SentinelMode { get; set; }

    /// <summary>True once a file has named a save point, from where on further ones add to it.</summary>
    internal bool SavePointsAreFromFile;

    /// <summary>maxmemory-clients in bytes; 0 is no limit, also for a percentage while maxmemory is 0.</summary>
    public long MaxMemoryClientsBytes =>
        MaxMemoryClients >= 0 ? MaxMemoryClients : (long)((Int128)MaxMemory * -MaxMemoryClients / 100);

    /// <summary>
    /// The file that a path of the configuration names, as .NET wants it: absolute, relative ones below <c>dir</c>.
    /// </summary>
    public string PathOf(string path) => Path.GetFullPath(ConfigText.ToUnicode(path), ConfigText.ToUnicode(Dir));
}
