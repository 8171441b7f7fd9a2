using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Storage.Memory.Threads;

/// <summary>
/// What one thread sleeps by until another has something for it. To ring never waits for a thread, and asks the system only if somebody
/// sleeps.
/// <code>
///   Quiet ── Wait ──► Awaited ── Ring, and wakes the sleeper ──► Rung
///     └───────────────────── Ring ────────────────────────────────┘      Wait makes it Quiet again, and returns
/// </code>
/// A ring between two waits ends the next one at once, so none is lost: look whether there is something, then wait, then look again.
/// On Linux the sleep is a futex. The events and monitors of the runtime share one lock of the process there, and keep it while they wake
/// somebody up. A thread that is stopped meanwhile would stop whoever rings.
/// </summary>
/// <remarks>Any thread may ring. One thread at a time waits.</remarks>
public sealed unsafe partial class Doorbell
{
    const int Quiet = 0, Awaited = 1, Rung = 2;

    /// <summary>Bytes of a line of the cache: who rings disturbs nothing else.</summary>
    const int LineBytes = 64;

    // FUTEX_WAIT and FUTEX_WAKE with FUTEX_PRIVATE_FLAG, as of futex(2).
    const int FutexWait = 128, FutexWake = 129;

    static readonly int s_futexCall = NumberOfFutex();

    // Pinned: the system is given its address.
    readonly int[] _line = GC.AllocateArray<int>(2 * LineBytes / sizeof(int), pinned: true);
    readonly AutoResetEvent? _event = s_futexCall == 0 ? new(false) : null;

    ref int State => ref _line[LineBytes / sizeof(int)];

    /// <summary>Ends the present wait, or the next one.</summary>
    public void Ring()
    {
        if (Interlocked.Exchange(ref State, Rung) != Awaited) return;
        if (_event is not null) _event.Set();
        else _ = Call(s_futexCall, (int*)Unsafe.AsPointer(ref State), FutexWake, 1, null);
    }

    /// <summary>Waits until somebody has rung since the last wait. It may return earlier.</summary>
    /// <param name="milliseconds">The longest time; <see cref="Timeout.Infinite"/> for any.</param>
    public void Wait(int milliseconds = Timeout.Infinite)
    {
        if (Interlocked.CompareExchange(ref State, Awaited, Quiet) == Quiet) Sleep(milliseconds);
        Interlocked.Exchange(ref State, Quiet);
    }

    void Sleep(int milliseconds)
    {
        if (_event is not null)
        {
            _event.WaitOne(milliseconds);
            return;
        }
        var most = new TimeSpec(milliseconds / 1000, milliseconds % 1000 * 1_000_000L);
        // It does not sleep if somebody has rung meanwhile: the kernel looks once more.
        _ = Call(s_futexCall, (int*)Unsafe.AsPointer(ref State), FutexWait, Awaited, milliseconds < 0 ? null : &most);
    }

    static int NumberOfFutex() => !OperatingSystem.IsLinux() ? 0 : RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 202,
        Architecture.Arm64 => 98,
        _ => 0,
    };

    [StructLayout(LayoutKind.Sequential)]
    readonly record struct TimeSpec(long Seconds, long Nanoseconds);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number, int* word, nint operation, nint value, TimeSpec* most);
}
