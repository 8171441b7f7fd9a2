using MiniRedis.Server.Execution;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
    /// <summary>The event loops; a walk through all clients tells how many each of them serves.</summary>
    static void Threads(InfoText text, ServerParts server)
    {
        text.Section("Threads");
        var threads = server.Statistics.Threads;
        var clients = new int[threads.Length];
        foreach (var client in server.Clients.All) clients[client.Connection.IoThread]++;
        for (var i = 0; i < threads.Length; i++)
            text.Field($"io_thread_{i}", $"clients={clients[i]},reads={threads[i].Reads},writes={threads[i].Writes}");
    }

    static void Cpu(InfoText text, ServerParts server)
    {
        var process = Environment.CpuUsage;
        text.Section("CPU");
        text.Seconds("used_cpu_sys", process.PrivilegedTime);
        text.Seconds("used_cpu_user", process.UserTime);
        // Snapshots and rewrites need no process of their own.
        text.Seconds("used_cpu_sys_children", TimeSpan.Zero);
        text.Seconds("used_cpu_user_children", TimeSpan.Zero);
        if (!ThreadCpu.TryRead(out var user, out var system)) return;
        text.Seconds("used_cpu_sys_main_thread", system);
        text.Seconds("used_cpu_user_main_thread", user);
    }
}
