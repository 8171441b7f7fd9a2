using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MiniRedis.Server.Timing;

// The idea. Every command is timed, and reading the system's monotonic clock took a seventh of a PING: 24 ns, most of it for the
// barrier before the instruction that reads the processor's counter. Without that barrier and the clock's locks, reading takes 10
// ns (Redis does the same in builds with USE_PROCESSOR_CLOCK). So the cron reads the system's clock ten times a second, and
// between two readings time advances by the counter:
//
//     now = system's clock at the last look + (counter - counter at the last look) × nanoseconds a tick
//
// The counter is trusted if the kernel trusts it: if it is the system's clock source (constant rate, the same on all cores), and
// as long as the two agree. A tick's length is measured from the first look to the last, so it becomes more exact over time. C#
// has no intrinsic for the instruction, so a few instructions of machine code in a page of their own replace it. If a policy
// forbids pages of code, or the processor is another one, the system's clock is read.

/// <summary>Time in ticks of <see cref="Stopwatch"/>, read from the processor's time-stamp counter.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed unsafe partial class ProcessorCounter
{
    /// <summary>Nanoseconds over which a tick's length is measured at least: one reading is off by some 50 ns.</summary>
    const long LeastMeasured = 10_000_000;

    /// <summary>Counter and clock may differ by a millisecond plus a thousandth of the time since the last look.</summary>
    const long MostApart = 1_000_000;

    /// <summary>The clock is read again after this many ticks of the counter at the latest: a second or two.</summary>
    const ulong Longest = uint.MaxValue;

    /// <summary>
    /// Nanoseconds in which the clock catches up with time that is ahead of it: about the time between two looks.
    /// </summary>
    const long CatchingUp = 100_000_000;

    /// <summary>Most nanoseconds to catch up within CatchingUp: twice what NTP's slewing may cause.</summary>
    const long MostCaughtUp = CatchingUp / 1000;

    /// <summary>Attempts to read both without an interruption in between.</summary>
    const int Tries = 8;

    // rdtsc; shl rdx, 32; or rax, rdx; ret
    static ReadOnlySpan<byte> Code => [0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0, 0xC3];

    readonly delegate* unmanaged[SuppressGCTransition]<ulong> _read;
    readonly long _firstClock;
    readonly ulong _firstCounter;

    // The last look. A tick is _scale / 2^32 nanoseconds. More than _limit ticks after the look, the clock is read.
    long _clock;
    ulong _counter, _scale, _limit;
    bool _isTrusted = true;

    ProcessorCounter(delegate* unmanaged[SuppressGCTransition]<ulong> read)
    {
        _read = read;
        if (read != null) ReadBoth(out _firstClock, out _firstCounter);
    }

    /// <summary>For tests: begins at 0 for both, and only follows what it is told.</summary>
    internal static ProcessorCounter AtZero() => new(null);

    // Shared by all servers of the process and never freed. Null if the counter cannot be read or trusted.
    static readonly delegate* unmanaged[SuppressGCTransition]<ulong> s_read = Prepare();

    /// <summary>The counter, or null if there is none to trust.</summary>
    public static ProcessorCounter? TryCreate() => s_read == null ? null : new(s_read);

    static delegate* unmanaged[SuppressGCTransition]<ulong> Prepare()
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return null;
        if (Stopwatch.Frequency != 1_000_000_000 || !IsClockSource()) return null;
        var size = Environment.SystemPageSize;
        var page = Map(null, size, ProtRead | ProtWrite, MapPrivate | MapAnonymous, -1, 0);
        if ((nint)page == -1) return null;
        Code.CopyTo(new Span<byte>(page, size));
        if (Protect(page, size, ProtRead | ProtExec) == 0) return (delegate* unmanaged[SuppressGCTransition]<ulong>)page;
        _ = Unmap(page, size);
        return null;
    }

    static bool IsClockSource()
    {
        try
        {
            return File.ReadAllText("/sys/devices/system/clocksource/clocksource0/current_clocksource").Trim() == "tsc";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Ticks of the counter in a microsecond; 0 if that is not known yet or the counter is no longer used.</summary>
    public double TicksPerMicrosecond => _limit == 0 ? 0 : 1000 * 4294967296.0 / _scale;

    /// <summary>
    /// The time, in ticks of <see cref="Stopwatch"/>. It does not run backwards while the counter is trusted, apart from some
    /// nanoseconds by which the processor may read early, when another thread asks next.
    /// </summary>
    public long Read()
    {
        var ticks = _read() - _counter;
        return ticks <= _limit && _limit != 0 ? At(ticks) : ReadClock();
    }

    long At(ulong ticks) => _clock + (long)(ticks * _scale >> 32);

    long ReadClock()
    {
        if (_limit != 0) Synchronize();
        return _limit == 0 ? Stopwatch.GetTimestamp() : _clock;
    }

    /// <summary>Reads the system's clock. Called by the cron.</summary>
    public void Synchronize()
    {
        if (!_isTrusted) return;
        ReadBoth(out var clock, out var counter);
        Follow(clock, counter);
    }

    void ReadBoth(out long clock, out ulong counter)
    {
        var least = ulong.MaxValue;
        (clock, counter) = (0, 0);
        // The pair that was read fastest is closest together.
        for (var i = 0; i < Tries; i++)
        {
            var before = _read();
            var now = Stopwatch.GetTimestamp();
            var after = _read();
            if (after - before >= least) continue;
            least = after - before;
            (clock, counter) = (now, before + least / 2);
        }
    }

    /// <summary>Continues from a look at both.</summary>
    internal void Follow(long clock, ulong counter)
    {
        var measured = clock - _firstClock;
        if (measured < LeastMeasured) return;
        // How far time is ahead of the clock.
        var ahead = _limit == 0 ? 0 : _clock + (long)((UInt128)(counter - _counter) * _scale >> 32) - clock;
        if (counter < _counter || counter <= _firstCounter || Math.Abs(ahead) > MostApart + (clock - _clock) / 1000)
        {
            // The machine was suspended, or the process moved to another one: the length of a tick is no longer known.
            (_isTrusted, _limit) = (false, 0);
            return;
        }
        clock += Math.Max(ahead, 0);
        var scale = (ulong)(((UInt128)(ulong)measured << 32) / (counter - _firstCounter));
        // NTP changes the clock's rate by parts in a million, and the mean since the first look follows late. The lead that
        // results is removed by the next look: added up, it would seem to be a jump within hours.
        if (ahead > 0) scale -= (ulong)((UInt128)scale * (ulong)Math.Min(ahead, MostCaughtUp) / CatchingUp);
        // The product of the two must not overflow, as it would if a tick were longer than a nanosecond.
        (_clock, _counter, _scale, _limit) = (clock, counter, scale, Math.Min(Longest, ulong.MaxValue / scale));
    }

    /// <summary>For tests: the time at a value of the counter.</summary>
    internal long? TimeAt(ulong counter) => counter - _counter <= _limit && _limit != 0 ? At(counter - _counter) : null;

    const int ProtRead = 1, ProtWrite = 2, ProtExec = 4, MapPrivate = 2, MapAnonymous = 0x20;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial byte* Map(byte* address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(byte* address, nint length, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(byte* address, nint length);
}
