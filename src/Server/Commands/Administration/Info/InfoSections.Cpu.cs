using MiniRedis.Server.Execution;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Commands.Administration.Info;

static partial class InfoSections
{
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
