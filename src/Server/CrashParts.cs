using MiniRedis.Server.Commands.Administration.Info;
using MiniRedis.Server.Commands.Connection;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server;

/// <summary>The parts of a crash report, in the order and with the titles of Redis's.</summary>
static class CrashParts
{
    /// <summary>Clients that are listed. A report is read by people.</summary>
    const int MostClients = 100;

    /// <summary>The settings that Redis's reports have.</summary>
    static readonly string[] s_settings =
    [
        "activedefrag", "client-query-buffer-limit", "io-threads", "io-threads-do-reads", "lazyfree-lazy-eviction", "lazyfree-lazy-expire",
        "lazyfree-lazy-server-del", "lazyfree-lazy-user-del", "lazyfree-lazy-user-flush", "list-compress-depth", "proto-max-bulk-len",
        "repl-diskless-load", "repl-diskless-sync", "replica-read-only", "sanitize-dump-payload", "debug-context",
    ];

    public static void Add(CrashReport report, ServerParts server)
    {
        report.Add("LAST COMMAND", needsLock: false, () => LastCommand(server));
        report.Add("INFO OUTPUT", needsLock: true, () => InfoSections.ForReport(server));
        report.Add("CLIENT LIST OUTPUT", needsLock: true, () => ClientDescription.ForReport(server.Clients.All.Take(MostClients), server));
        report.Add("CURRENT CLIENT INFO", needsLock: false, () => CurrentClient(server));
        report.Add("CONFIG DEBUG OUTPUT", needsLock: false,
            () => string.Join('\n', s_settings.Select(name => $"{name} {server.ConfigService.Get(name)}")));
    }

    static string LastCommand(ServerParts server)
    {
        var running = server.Running;
        return running.LastCommand is not { } last ? "none" : running.Command is null ? $"{last.FullName} (ended)" : $"{last.FullName} (running)";
    }

    static string CurrentClient(ServerParts server) =>
        server.Running is { Command: not null, LastClient: { } client } ? ClientDescription.ForReport([client], server) : "none";
}
