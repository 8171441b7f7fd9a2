using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// Finds the keys that clients use most, in either way: a session that a client starts (<see cref="HotKeySession"/>), and windows that the
/// configuration turns on (<see cref="HotKeyWindows"/>). Which arguments of a command are keys is what its declaration says.
/// While both are off, no command pays: see <see cref="CallWatch"/>. Under the executor's lock.
/// </summary>
sealed class HotKeys(ObservationSettings settings, ServerStatistics statistics, EffectStream effects, Clock clock, Random random)
    : IMemoryHolder, IEffectSink
{
    /// <summary>Called when it is turned on or off.</summary>
    public Action? Turned { get; set; }

    /// <summary>The session of the last HOTKEYS START; null after a reset.</summary>
    public HotKeySession? Session { get; private set; }

    /// <summary>The windows; null if hotkeys-top-k is 0.</summary>
    public HotKeyWindows? Windows { get; private set; }

    public bool IsOn => Session is { IsActive: true } || Windows is not null;

    public long MemoryBytes => (Session?.MemoryBytes ?? 0) + (Windows?.MemoryBytes ?? 0);

    /// <summary>Ticks of the clock that counting has taken.</summary>
    public long OwnTicks => (Session?.OwnTicks ?? 0) + (Windows?.OwnTicks ?? 0);

    /// <summary>Starts a session. There is none that is active.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it; a former one is still there.</exception>
    public void Start(in HotKeyOptions options)
    {
        var session = new HotKeySession(options, statistics, clock, random);
        Session?.Dispose();
        Session = session;
        Turned?.Invoke();
    }

    public void Stop()
    {
        Session!.Stop();
        Turned?.Invoke();
    }

    /// <summary>Forgets what was found. No session is active.</summary>
    public void Reset()
    {
        Session?.Dispose();
        Session = null;
        Windows?.Clear();
    }

    /// <summary>Follows hotkeys-top-k, hotkeys-sampling-percentage and hotkeys-window-seconds.</summary>
    /// <exception cref="OutOfMemoryException">There is no memory for it.</exception>
    public void Follow()
    {
        var (count, percent, seconds) = (settings.HotkeysTopK, settings.HotkeysSamplingPercentage, settings.HotkeysWindowSeconds);
        if (count > 0 && Windows is not null) Windows.Change(count, percent, seconds);
        else if (count > 0)
        {
            Windows = new(count, percent, seconds, clock, random);
            effects.AddSink(this);
        }
        else if (Windows is not null)
        {
            effects.RemoveSink(this);
            Windows.Dispose();
            Windows = null;
        }
        Turned?.Invoke();
    }

    /// <summary>Ends what is due. Called by the cron.</summary>
    public void Run()
    {
        Windows?.FreezeIfDue();
        if (Session is not { IsActive: true } session) return;
        session.EndIfDue();
        if (!session.IsActive) Turned?.Invoke();
    }

    /// <summary>Counts a command that has run.</summary>
    /// <param name="database">Its database.</param>
    /// <param name="command">The command.</param>
    /// <param name="request">Its arguments.</param>
    /// <param name="firstKeyHash">The hash of its first key, if it is known.</param>
    /// <param name="ticks">The time that it took.</param>
    /// <param name="replyBytes">Of its reply; null if a script called it, which sends nothing.</param>
    public void Note(Database database, CommandSpec command, in Request request, ulong? firstKeyHash, long ticks, long? replyBytes)
    {
        Run();
        // What EXEC and scripts run counts by itself.
        var runsOthers = command.Group == CommandGroup.Scripting || command.InMulti == InMulti.RunsQueue;
        try
        {
            if (!runsOthers) Windows?.Note(database, command, request, firstKeyHash);
            if (Session is not { IsActive: true } session) return;
            var bytes = replyBytes is { } sent ? request.EncodedLength + sent : 0;
            session.Note(database, command, request, firstKeyHash, runsOthers ? 0 : ticks, bytes);
        }
        catch (MemoryRefusedException)
        {
            // The command has run and is answered. A key that is not counted is no harm.
        }
    }

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.None;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    void IEffectSink.OnFlushing(int database) => Windows?.Clear();

    void IEffectSink.OnFlushingAll(int databases) => Windows?.Clear();
}
