using System.Globalization;
using System.Net;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// A Sentinel without sockets, threads, clock or disk: it is told what has happened and when, and leaves in <see
/// cref="TakeOutputs"/> what is to be done about it.
///
/// A Sentinel knows its masters by name, learns their replicas from INFO and its fellow Sentinels from the hello channel. It
/// holds an instance for down when PINGs stay unanswered, and a master for objectively down when a quorum of Sentinels says the
/// same. Then it asks to be elected for a new epoch. The one whom a majority elects picks a replica, makes it master, points the
/// others to it, and tells its configuration, numbered by that epoch, to all. The greatest epoch wins everywhere.
/// docs/design/sentinel.md has the story.
///
/// Behaviour, periods and texts are those of Redis 7's Sentinel.
/// </summary>
/// <remarks>
/// Invariants. A vote is given once an epoch and master: the epoch of the last vote only grows, and is on disk before the vote is
/// told. The epoch of a master's configuration only grows. Each public method that changes something is one step; <c>now</c> is
/// in milliseconds, of a clock that may jump, and a jump puts the machine on TILT. One thread at a time.
/// </remarks>
public sealed partial class SentinelMachine
{
    /// <summary>A time that is always long ago.</summary>
    public const long Never = long.MinValue / 4;

    /// <summary>
    /// Up to this much is added to the beginning of a failover, so that Sentinels that find the same do not act as one.
    /// </summary>
    const int MostDesync = 1000;

    /// <summary>A host calls <see cref="Tick"/> ten to twenty times a second, as <see cref="NextTick"/> says.</summary>
    const int LeastTicksASecond = 10;

    readonly Random _random;
    readonly ISentinelHost _host;
    List<SentinelOutput> _outputs = [];
    long _now;
    long _lastTickAt;
    bool _isUnsaved;
    long _withoutPastUntil = Never;

    public SentinelMachine(Random random, ISentinelHost host, long now)
    {
        _random = random;
        _host = host;
        _now = now;
        _lastTickAt = now;
    }

    public SentinelSettings Settings { get; } = new();

    public SentinelPeriods Periods { get; } = new();

    public ScriptQueue Scripts { get; } = new();

    public InstanceTable Masters { get; } = new();

    /// <summary>The greatest epoch that this Sentinel has heard of.</summary>
    public ulong CurrentEpoch { get; private set; }

    /// <summary>Whether the clock behaved oddly lately: the machine then looks on and does not act.</summary>
    public bool IsTilt { get; private set; }

    public long TiltSince { get; private set; } = Never;

    /// <summary>The time of the last step.</summary>
    public long Now => _now;

    /// <summary>
    /// The first step after the configuration was read. A Sentinel without an identity takes <paramref name="freshId"/>, which it
    /// keeps from then on; and is careful with votes for as long as an election may take.
    /// </summary>
    public void Start(string freshId, long now)
    {
        _now = now;
        _lastTickAt = now;
        if (Settings.MyId.Length == 0)
        {
            Settings.MyId = freshId;
            _withoutPastUntil = now + Periods.ElectionTimeout + MostDesync;
            Changed();
        }
        Save();
        Log(EventLevel.Notice, $"Sentinel ID is {Settings.MyId}");
        foreach (var master in Masters) Event(EventLevel.Warning, "+monitor", master, $" quorum {master.Quorum}");
    }

    /// <summary>
    /// How long to wait until the next tick: a random time, so that Sentinels that began together do not stay together.
    /// </summary>
    public TimeSpan NextTick() =>
        TimeSpan.FromMilliseconds(1000.0 / (LeastTicksASecond + _random.Next(LeastTicksASecond)));

    /// <summary>Time has passed.</summary>
    public void Tick(long now)
    {
        _now = now;
        CheckClock();
        foreach (var master in Masters)
        {
            Look(master);
            foreach (var replica in master.Replicas) Look(replica);
            foreach (var sentinel in master.Sentinels) Look(sentinel);
        }
        foreach (var master in Masters)
        {
            if (master.FailoverState == FailoverState.UpdateConfig) SwitchToPromotedReplica(master);
        }
        RunScripts();
    }

    /// <summary>
    /// Where too much time has passed between two ticks, or time ran backwards, everything looks as if it had timed out: the
    /// process stood still, or the clock was set.
    /// </summary>
    void CheckClock()
    {
        var passed = _now - _lastTickAt;
        _lastTickAt = _now;
        if (passed < 0 || passed > Periods.TiltTrigger)
        {
            IsTilt = true;
            TiltSince = _now;
            Event(EventLevel.Warning, "+tilt", "#tilt mode entered");
        }
        else if (IsTilt && _now - TiltSince >= Periods.TiltPeriod)
        {
            IsTilt = false;
            Event(EventLevel.Warning, "-tilt", "#tilt mode exited");
        }
    }

    void Look(SentinelInstance instance)
    {
        Reconnect(instance);
        SendPeriodicCommands(instance);
        if (IsTilt) return;
        CheckSubjectivelyDown(instance);
        if (!instance.IsMaster) return;
        CheckObjectivelyDown(instance);
        if (StartFailoverIfNeeded(instance)) AskOthers(instance, isForced: true);
        Advance(instance);
        AskOthers(instance, isForced: false);
    }

    /// <summary>What is to be done, in this order. The caller does all of it before the next step.</summary>
    public IReadOnlyList<SentinelOutput> TakeOutputs()
    {
        Save();
        var taken = _outputs;
        _outputs = [];
        return taken;
    }

    /// <summary>Whether there is something to take.</summary>
    public bool HasOutputs => _outputs.Count > 0 || _isUnsaved;

    /// <summary>
    /// Something that must outlive the process has changed. It is written before the next message leaves, and at the end of the
    /// step at the latest, once for all changes of the step.
    /// </summary>
    void Changed() => _isUnsaved = true;

    void Save()
    {
        if (!_isUnsaved) return;
        _isUnsaved = false;
        _outputs.Add(SentinelOutput.Persist.Instance);
    }

    void Log(EventLevel level, string text) => _outputs.Add(new SentinelOutput.Log(level, text));

    void Event(EventLevel level, string type, string text) => _outputs.Add(new SentinelOutput.Event(level, type, text));

    /// <summary>An event about an instance, in the words of Redis: what it is and where, and of which master.</summary>
    void Event(EventLevel level, string type, SentinelInstance about, string more = "") =>
        EventWithText(level, type, about, Describe(about) + more);

    /// <summary>An event about an instance in words of its own.</summary>
    void EventWithText(EventLevel level, string type, SentinelInstance about, string text)
    {
        Event(level, type, text);
        if (level == EventLevel.Warning && (about.Master ?? about).NotificationScript is { } script) Scripts.Schedule(script, type, text);
    }

    string Describe(SentinelInstance instance)
    {
        var own = $"{instance.TypeName} {instance.Name} {Announced(instance.Address)} {instance.Address.Port}";
        return instance.Master is { } master
            ? $"{own} @ {master.Name} {Announced(master.Address)} {master.Address.Port}"
            : own;
    }

    /// <summary>An address as others are told it.</summary>
    public string Announced(InstanceAddress address) => Settings.AnnounceHostnames ? address.Host : address.Ip;

    string AnnouncedWithPort(InstanceAddress address) => Announced(address) is var host && host.Contains(':', StringComparison.Ordinal)
        ? $"[{host}]:{address.Port}"
        : string.Create(CultureInfo.InvariantCulture, $"{host}:{address.Port}");

    /// <summary>
    /// An address of a host and a port. A hostname that does not resolve is taken only where <paramref name="mayBeUnresolved"/>
    /// says so: it is asked for again at each reconnection.
    /// </summary>
    InstanceAddress? MakeAddress(string host, int port, bool mayBeUnresolved, out AddressError error)
    {
        error = AddressError.None;
        if (port is < 0 or > 65535)
        {
            error = AddressError.InvalidPort;
            return null;
        }
        if (Resolve(host) is { } ip) return new(host, ip, port);
        Log(EventLevel.Warning, $"Failed to resolve hostname '{host}'");
        if (Settings.ResolveHostnames && mayBeUnresolved) return new(host, "", port);
        error = AddressError.Unresolved;
        return null;
    }

    string? Resolve(string host)
    {
        // An address is written with three dots or with colons: "1" is a hostname, although it can be read as 0.0.0.1.
        if ((host.AsSpan().Count('.') == 3 || host.Contains(':', StringComparison.Ordinal)) && IPAddress.TryParse(host, out var address))
            return address.ToString();
        return Settings.ResolveHostnames ? _host.Resolve(host) : null;
    }

    bool IsAt(InstanceAddress address, string host) => Resolve(host) is { } ip
        ? string.Equals(address.Ip, ip, StringComparison.OrdinalIgnoreCase)
        : string.Equals(Settings.ResolveHostnames ? address.Host : address.Ip, host, StringComparison.OrdinalIgnoreCase);
}
