namespace MiniRedis.Server.Configuration.Settings;

// The values behind the enum directives. ConfigTable has the spelling that users type and the order of error texts; these types
// only name the choices in code.

internal enum MaxMemoryPolicy : byte
{
    NoEviction, VolatileLru, VolatileLfu, VolatileRandom, VolatileTtl, AllKeysLru, AllKeysLfu, AllKeysRandom,
}

internal enum AppendFsync : byte { EverySec, Always, No }

internal enum ServerLogLevel : byte { Debug, Verbose, Notice, Warning, Nothing }

internal enum LogFormat : byte { Legacy, LogFmt, Json }

internal enum LogTimestampFormat : byte { Legacy, Iso8601, Milliseconds }

internal enum SupervisedMode : byte { No, Auto, Systemd, Upstart }

/// <summary>Numbers are those of syslog(3), shifted by three bits there: RFC 5424, table 1.</summary>
internal enum SyslogFacility : byte
{
    User = 1, Local0 = 16, Local1, Local2, Local3, Local4, Local5, Local6, Local7,
}

internal enum DisklessLoad : byte { Disabled, OnEmptyDb, SwapDb, FlushBeforeLoad }

internal enum TlsClientAuth : byte { No, Yes, Optional }

internal enum TlsClientUser : byte { Off, CommonName, Uri }

internal enum OomScoreAdjust : byte { No, Relative, Absolute }

internal enum AclPubSubDefault : byte { ResetChannels, AllChannels }

internal enum SanitizeDump : byte { No, Yes, Clients }

/// <summary>The clients that may use a dangerous feature: none, all, or those of this machine.</summary>
internal enum ProtectedAction : byte { No, Yes, Local }

internal enum EndpointType : byte { Ip, Hostname, Unknown }

internal enum PropagationErrorBehavior : byte { PanicOnAof, Ignore, Panic, PanicOnReplicas }

internal enum RdbVersionCheck : byte { Strict, Relaxed }

/// <summary>Options of a shutdown by signal; bits combine. Numbers are Redis's SHUTDOWN_* flags.</summary>
[Flags]
internal enum ShutdownFlags : byte { Default = 0, Save = 1, NoSave = 2, Now = 4, Force = 8 }
