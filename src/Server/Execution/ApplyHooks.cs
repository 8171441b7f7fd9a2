using System.Globalization;
using MiniRedis.Server.Configuration;

namespace MiniRedis.Server.Execution;

/// <summary>
/// What CONFIG SET has to do beyond storing a value. Most directives are read where they act, each time, and are not here;
/// those of the listeners and of the log belong to the host.
/// </summary>
static class ApplyHooks
{
    /// <summary>Descriptors the process needs beside its clients' (Redis's CONFIG_MIN_RESERVED_FDS).</summary>
    const long ReservedDescriptors = 32;

    public static void Register(MiniRedisServer server)
    {
        var config = server.ConfigService;
        config.OnApply(CheckMaxClients, "maxclients");
        config.OnApply(_ =>
        {
            OpenDoors(server);
            return null;
        }, "requirepass");
        config.OnApply(_ =>
        {
            server.Effects.Refresh();
            return null;
        }, "notify-keyspace-events");
        config.OnApply(_ =>
        {
            server.CallWatch.Refresh();
            return null;
        }, "slowlog-log-slower-than", "slowlog-max-len", "latency-monitor-threshold");
    }

    /// <summary>A client that has authenticated, or never had to, stays in; without a password, nobody has to.</summary>
    static void OpenDoors(MiniRedisServer server)
    {
        if (server.Config.RequirePass.Length > 0) return;
        foreach (var client in server.Clients.All) client.IsAuthenticated = true;
    }

    static string? CheckMaxClients(ServerConfig config)
    {
        var possible = OpenFileLimit() - ReservedDescriptors;
        return config.MaxClients <= possible ? null : ConfigErrors.TooManyClients(possible);
    }

    /// <summary>
    /// The process's limit of descriptors. The runtime has raised the soft one to the hard one when it started, so this is
    /// final; elsewhere than on Linux there is none worth checking.
    /// </summary>
    static long OpenFileLimit()
    {
        if (!OperatingSystem.IsLinux()) return long.MaxValue;
        foreach (var line in File.ReadLines("/proc/self/limits"))
        {
            if (!line.StartsWith("Max open files", StringComparison.Ordinal)) continue;
            var soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
            return long.TryParse(soft, CultureInfo.InvariantCulture, out var limit) ? limit : long.MaxValue;
        }
        return long.MaxValue;
    }
}
