using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Server.Files;

/// <summary>
/// SIGABRT: the end of a process that has found itself broken, or that was told so by "kill -ABRT". In the native executable every such
/// end passes here: the runtime calls abort(3) for an exception that nobody catches, for Environment.FailFast, and for a read or write of
/// memory that is not there (SIGSEGV in managed code).
/// </summary>
/// <remarks>
/// The handler is managed code, which may run on a thread only while that thread is outside of managed code. abort raises the signal on the
/// thread that called it, which is outside. A signal from elsewhere would go to any thread, so all of ours block it, and the runtime's own
/// that waits for finalizers gets it; abort takes the block away. The JIT's runtime has a handler of its own for dumps, and keeps it. What
/// cannot be caught like this ends the process without a report: a stack that overflows, and a fault in native code.
/// </remarks>
static unsafe class AbortSignal
{
    public const int Number = 6;

    const int Block = 0;

    /// <summary>SA_RESETHAND and SA_NODEFER: a fault in the handler ends the process at once.</summary>
    const int OneShot = unchecked((int)0x80000000), NotDeferred = 0x40000000;

    static Action? s_caught;

    static bool IsOurs => OperatingSystem.IsLinux() && !RuntimeFeature.IsDynamicCodeSupported;

    /// <summary>struct sigaction of Linux, for glibc and musl, x86-64 and arm64.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 152)]
    struct SignalAction
    {
        [FieldOffset(0)] public delegate* unmanaged<int, void> Handler;
        [FieldOffset(136)] public int Flags;
    }

    /// <summary>Keeps the signal from the calling thread and from those that it starts. To be called before it starts any.</summary>
    public static void Hold()
    {
        if (!IsOurs) return;
        // sigset_t: a bit each, from signal 1 on.
        Span<ulong> set = stackalloc ulong[16];
        set.Clear();
        set[0] = 1ul << (Number - 1);
        // It fails for no set that is one.
        fixed (ulong* signals = set) _ = FileCalls.SignalMask(Block, (nint)signals, 0);
    }

    /// <summary>Has something done before the process ends by the signal.</summary>
    /// <param name="caught">It. It may find any lock taken.</param>
    public static void Catch(Action caught)
    {
        if (!IsOurs) return;
        s_caught = caught;
        var action = new SignalAction { Handler = &OnSignal, Flags = OneShot | NotDeferred };
        FileCalls.SignalAction(Number, (nint)(&action), []);
    }

    /// <summary>Ends the process by the signal.</summary>
    public static void Raise()
    {
        if (OperatingSystem.IsWindows()) Environment.FailFast(null);
        FileCalls.Abort();
    }

    [UnmanagedCallersOnly]
    static void OnSignal(int signal)
    {
        try
        {
            s_caught!();
        }
        catch
        {
            // Nothing is left to tell.
        }
        FileCalls.Abort();
    }
}
