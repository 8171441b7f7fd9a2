using System.Globalization;
using System.Runtime.InteropServices;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    static readonly string s_buildId = typeof(InfoSections).Module.ModuleVersionId.ToString("N")[..16];

    static void Server(InfoText text, ServerParts server)
    {
        var config = server.Config;
        text.Section("Server");
        text.Field("redis_version", ServerVersion.Redis);
        text.Field("server_name", "miniredis");
        text.Field("miniredis_version", ServerVersion.Own);
        text.Field("redis_git_sha1", "00000000");
        text.Field("redis_git_dirty", 0);
        text.Field("redis_build_id", s_buildId);
        text.Field("redis_mode", config.Mode);
        text.Field("os", OperatingSystemName());
        text.Field("arch_bits", IntPtr.Size * 8);
        text.Field("monotonic_clock", server.Clock.CounterName);
        text.Field("multiplexing_api", server.TransportName);
        text.Field("atomicvar_api", "dotnet-interlocked");
        // There is no C compiler. A bug report needs the version of the runtime instead.
        text.Field("gcc_version", "0.0.0");
        text.Field("dotnet_version", Environment.Version.ToString());
        text.Field("process_id", Environment.ProcessId);
        text.Field("process_supervised", "no");
        text.Field("run_id", server.Ids.Run);
        text.Field("tcp_port", config.Network.Port != 0 ? config.Network.Port : config.Tls.TlsPort);
        text.Field("server_time_usec", server.Clock.ReadMicroseconds());
        text.Field("uptime_in_seconds", server.Clock.UptimeSeconds);
        text.Field("uptime_in_days", server.Clock.UptimeSeconds / 86_400);
        if (server.ReplicasBeforeShutdown.Left is { } left) text.Field("shutdown_in_milliseconds", left);
        text.Field("hz", config.Process.Hz);
        text.Field("configured_hz", config.Process.Hz);
        text.Field("lru_clock", server.Clock.LruClock);
        text.Field("executable", Environment.ProcessPath ?? "");
        text.Field("config_file", server.ConfigService.FilePath ?? "");
        text.Field("io_threads_active", config.Network.IoThreads > 1);
        if (config.Process.AvailabilityZone.Length > 0) text.Field("availability_zone", ConfigText.ToUnicode(config.Process.AvailabilityZone));
        Listeners(text, config);
    }

    static string OperatingSystemName()
    {
        var name = OperatingSystem.IsLinux() ? "Linux" : OperatingSystem.IsMacOS() ? "Darwin" : "Windows";
        var machine = RuntimeInformation.OSArchitecture switch
        {
            Architecture.X64 => "x86_64",
            Architecture.Arm64 => "aarch64",
            var other => other.ToString().ToLowerInvariant(),
        };
        return $"{name} {Environment.OSVersion.Version} {machine}";
    }

    static void Listeners(InfoText text, ServerConfig config)
    {
        var number = 0;
        var addresses = string.Concat(config.Network.Bind.Select(b => ",bind=" + b));
        if (config.Network.Port != 0)
            text.Field(Name(number++), string.Create(CultureInfo.InvariantCulture, $"name=tcp{addresses},port={config.Network.Port}"));
        if (config.Network.UnixSocket.Length > 0) text.Field(Name(number++), $"name=unix,bind={ConfigText.ToUnicode(config.Network.UnixSocket)}");
        if (config.Tls.TlsPort != 0)
            text.Field(Name(number), string.Create(CultureInfo.InvariantCulture, $"name=tls{addresses},port={config.Tls.TlsPort}"));

        static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"listener{number}");
    }
}
