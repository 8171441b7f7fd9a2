namespace MiniRedis.Server.Configuration.Settings;

/// <summary>How the process runs, stops and reports to the system. Directives of <c>ConfigTable.Process.cs</c>.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class ProcessSettings
{
    public bool Daemonize, SetProcTitle, AlwaysShowLogo, CrashLogEnabled, CrashMemcheckEnabled, UseExitOnPanic, DisableThp;
    public bool JemallocBgThread, EnableDebugAssert;
    public string PidFile = "", ProcTitleTemplate = "", IgnoreWarnings = "", LocaleCollate = "", DebugContext = "";
    public SupervisedMode Supervised;
    public string ServerCpuList = "", BioCpuList = "", AofRewriteCpuList = "", BgsaveCpuList = "";
    public OomScoreAdjust OomScoreAdj;
    /// <summary>For a master, a replica, a background worker.</summary>
    public int[] OomScoreAdjValues = [];
    public int ShutdownTimeout;
    public ShutdownFlags ShutdownOnSigint, ShutdownOnSigterm;
    public int Databases, Hz;
    public bool DynamicHz, ActiveRehashing, ExtendedRedisCompatibility, ImportMode;
    /// <summary>Milliseconds.</summary>
    public int WatchdogPeriod;
    /// <summary>Milliseconds that a script may run before other clients are answered BUSY; 0 is no limit.</summary>
    public long BusyReplyThreshold;
    public bool LuaEnableDeprecatedApi;
    /// <summary>Bytes that a script may hold while it runs; 0 is no limit.</summary>
    public long ScriptMemoryLimit;
    public string AvailabilityZone = "";
}
