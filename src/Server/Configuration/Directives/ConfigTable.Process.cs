using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    const string NoCpuLists = "threads are placed by the operating system; pin the whole process with taskset or a cgroup";

    // This and the next are properties: static fields of a partial type are initialized in an order across files, and All needs
    // these first.
    static (string, ShutdownFlags)[] ShutdownNames =>
    [
        ("default", ShutdownFlags.Default), ("save", ShutdownFlags.Save), ("nosave", ShutdownFlags.NoSave),
        ("now", ShutdownFlags.Now), ("force", ShutdownFlags.Force),
    ];

    static IEnumerable<Directive> Process() =>
    [
        Bool("daemonize", false, c => ref c.Process.Daemonize, Immutable,
            inert: "a .NET process cannot leave itself behind in the background; start it from a service manager, or with setsid"),
        Optional("pidfile", c => ref c.Process.PidFile, Immutable),
        Choice("supervised", "no", c => ref c.Process.Supervised,
        [
            ("upstart", SupervisedMode.Upstart), ("systemd", SupervisedMode.Systemd), ("auto", SupervisedMode.Auto),
            ("no", SupervisedMode.No),
        ], Immutable),
        Int("databases", 16, (1, int.MaxValue), c => ref c.Process.Databases, Immutable),
        // A value out of range is no error: it becomes the nearest valid one, as in Redis (CONFIG_MIN_HZ, CONFIG_MAX_HZ).
        Int("hz", 10, (0, int.MaxValue), c => ref c.Process.Hz, normalize: hz => Math.Clamp(hz, 1, 500)),
        Bool("dynamic-hz", true, c => ref c.Process.DynamicHz, inert: "timers are not slowed down by the number of clients"),
        Bool("activerehashing", true, c => ref c.Process.ActiveRehashing),
        Bool("set-proc-title", true, c => ref c.Process.SetProcTitle, Immutable),
        Text("proc-title-template", "{title} {listen-addr} {server-mode}", c => ref c.Process.ProcTitleTemplate,
            check: ConfigChecks.ProcTitleTemplate),
        Bool("always-show-logo", false, c => ref c.Process.AlwaysShowLogo, Immutable),
        Int("shutdown-timeout", 10, (0, int.MaxValue), c => ref c.Process.ShutdownTimeout),
        Choice("shutdown-on-sigint", "default", c => ref c.Process.ShutdownOnSigint, ShutdownNames, MultiArg,
            check: ConfigChecks.ShutdownFlags),
        Choice("shutdown-on-sigterm", "default", c => ref c.Process.ShutdownOnSigterm, ShutdownNames, MultiArg,
            check: ConfigChecks.ShutdownFlags),
        Choice("oom-score-adj", "no", c => ref c.Process.OomScoreAdj,
        [
            ("no", OomScoreAdjust.No), ("yes", OomScoreAdjust.Relative), ("relative", OomScoreAdjust.Relative),
            ("absolute", OomScoreAdjust.Absolute),
        ]),
        Custom("oom-score-adj-values", "0 200 800", ListDirectives.ParseOomScoreAdjValues,
            ListDirectives.FormatOomScoreAdjValues, MultiArg),
        Long("busy-reply-threshold", 5000, (0, long.MaxValue), c => ref c.Process.BusyReplyThreshold, alias: "lua-time-limit"),
        // A script without end or bound is to fail by itself, before the system ends the server for its memory.
        Bytes("script-memory-limit", 512L * Mb, (0, long.MaxValue), c => ref c.Process.ScriptMemoryLimit, from: Own),
        Bool("lua-enable-deprecated-api", false, c => ref c.Process.LuaEnableDeprecatedApi, Immutable | Hidden),
        Text("locale-collate", "", c => ref c.Process.LocaleCollate, inert: "SORT ALPHA compares bytes, whatever the locale"),
        Text("ignore-warnings", "", c => ref c.Process.IgnoreWarnings),
        Bool("extended-redis-compatibility", false, c => ref c.Process.ExtendedRedisCompatibility, from: Valkey80,
            inert: "the server presents itself as Redis anyway"),
        Text("availability-zone", "", c => ref c.Process.AvailabilityZone, from: Valkey80),
        Bool("import-mode", false, c => ref c.Process.ImportMode, from: Valkey81),
        Bool("disable-thp", true, c => ref c.Process.DisableThp, Immutable),
        Bool("jemalloc-bg-thread", true, c => ref c.Process.JemallocBgThread, inert: "memory does not come from jemalloc"),
        Bool("crash-log-enabled", true, c => ref c.Process.CrashLogEnabled),
        Bool("crash-memcheck-enabled", true, c => ref c.Process.CrashMemcheckEnabled,
            inert: "a crash report has no test of the memory: use memtest86, or memtester"),
        Bool("use-exit-on-panic", false, c => ref c.Process.UseExitOnPanic, Hidden),
        Bool("enable-debug-assert", false, c => ref c.Process.EnableDebugAssert, Immutable | Hidden,
            inert: "assertions are a matter of the build"),
        Text("debug-context", "", c => ref c.Process.DebugContext, Hidden, from: Valkey80),
        Int("watchdog-period", 0, (0, int.MaxValue), c => ref c.Process.WatchdogPeriod, Hidden, inert: "there is no software watchdog"),
        Optional("server-cpulist", c => ref c.Process.ServerCpuList, Immutable, "server_cpulist", inert: NoCpuLists),
        Optional("bio-cpulist", c => ref c.Process.BioCpuList, Immutable, "bio_cpulist", inert: NoCpuLists),
        Optional("aof-rewrite-cpulist", c => ref c.Process.AofRewriteCpuList, Immutable, "aof_rewrite_cpulist", inert: NoCpuLists),
        Optional("bgsave-cpulist", c => ref c.Process.BgsaveCpuList, Immutable, "bgsave_cpulist", inert: NoCpuLists),
    ];

    static IEnumerable<Directive> Logging() =>
    [
        Choice("loglevel", "notice", c => ref c.Logging.LogLevel,
        [
            ("debug", ServerLogLevel.Debug), ("verbose", ServerLogLevel.Verbose), ("notice", ServerLogLevel.Notice),
            ("warning", ServerLogLevel.Warning), ("nothing", ServerLogLevel.Nothing),
        ]),
        // Immutable in Redis. Protected, like "dir": it lets a client choose where a file is written.
        Text("logfile", "", c => ref c.Logging.LogFile, DirectiveFlags.Protected),
        // Valkey's names, a second one for what Redis writes, and json.
        Choice("log-format", "legacy", c => ref c.Logging.LogFormat,
        [
            ("legacy", LogFormat.Legacy), ("redis", LogFormat.Legacy), ("logfmt", LogFormat.LogFmt), ("json", LogFormat.Json),
        ], from: Valkey81),
        Choice("log-timestamp-format", "legacy", c => ref c.Logging.LogTimestampFormat,
        [
            ("legacy", LogTimestampFormat.Legacy), ("iso8601", LogTimestampFormat.Iso8601),
            ("milliseconds", LogTimestampFormat.Milliseconds),
        ], from: Valkey81),
        Bool("syslog-enabled", false, c => ref c.Logging.SyslogEnabled, Immutable),
        Text("syslog-ident", "redis", c => ref c.Logging.SyslogIdent, Immutable),
        Choice("syslog-facility", "local0", c => ref c.Logging.SyslogFacility,
        [
            ("user", SyslogFacility.User), ("local0", SyslogFacility.Local0), ("local1", SyslogFacility.Local1),
            ("local2", SyslogFacility.Local2), ("local3", SyslogFacility.Local3), ("local4", SyslogFacility.Local4),
            ("local5", SyslogFacility.Local5), ("local6", SyslogFacility.Local6), ("local7", SyslogFacility.Local7),
        ], Immutable),
        Bool("hide-user-data-from-log", true, c => ref c.Logging.HideUserDataFromLog, from: Valkey80),
    ];

    static (string, ProtectedAction)[] ProtectedActionNames =>
        [("no", ProtectedAction.No), ("yes", ProtectedAction.Yes), ("local", ProtectedAction.Local)];

    static IEnumerable<Directive> Security() =>
    [
        Optional("requirepass", c => ref c.Security.RequirePass, Sensitive),
        Text("aclfile", "", c => ref c.Security.AclFile, Immutable),
        Choice("acl-pubsub-default", "resetchannels", c => ref c.Security.AclPubSubDefault,
            [("allchannels", AclPubSubDefault.AllChannels), ("resetchannels", AclPubSubDefault.ResetChannels)]),
        Long("acllog-max-len", 128, (0, long.MaxValue), c => ref c.Security.AclLogMaxLen),
        Choice("enable-protected-configs", "no", c => ref c.Security.EnableProtectedConfigs, ProtectedActionNames, Immutable),
        Choice("enable-debug-command", "no", c => ref c.Security.EnableDebugCommand, ProtectedActionNames, Immutable),
        Choice("enable-module-command", "no", c => ref c.Security.EnableModuleCommand, ProtectedActionNames, Immutable),
        Choice("sanitize-dump-payload", "no", c => ref c.Security.SanitizeDumpPayload,
            [("no", SanitizeDump.No), ("yes", SanitizeDump.Yes), ("clients", SanitizeDump.Clients)],
            inert: "every loaded payload is checked in full"),
    ];
}
