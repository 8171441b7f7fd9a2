using System.Globalization;
using System.Runtime.InteropServices;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Commands.Administration.Debugging;

/// <summary>Faults on purpose: they end the server, and its log gets a report.</summary>
static partial class DebugCommands
{
    static void DebugAssert(ref CommandContext c) =>
        EndByFault(ref c, "=== ASSERTION FAILED ===", "==> DEBUG ASSERT '1 == 2' is not true");

    static void DebugPanic(ref CommandContext c) => EndByFault(
        ref c, "------------------------------------------------", "!!! Software Failure. Press left mouse button to continue",
        string.Create(CultureInfo.InvariantCulture, $"Guru Meditation: DEBUG PANIC called at Unix time {c.Now / 1000}"));

    /// <summary>The runtime ends the process for it, and the report is written on the way: see <see cref="Files.AbortSignal"/>.</summary>
    static void DebugSegmentationFault(ref CommandContext c)
    {
        // In the half of the addresses that belongs to the kernel.
        Marshal.WriteByte(unchecked((nint)0xFFFF_8000_0000_1000), 0);
    }

    static void EndByFault(ref CommandContext c, params string[] reasons)
    {
        c.Server.Crash.Write(reasons, Environment.StackTrace);
        c.Server.Exit.Panic();
        c.Client.Connection.CloseLocked(CloseMode.AtOnce, "the server ends by a fault");
    }
}
