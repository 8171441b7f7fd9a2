using System.Globalization;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>
/// The "sentinel …" lines of the configuration file: what an operator wrote, and what the machine must not forget.
/// </summary>
public sealed partial class SentinelMachine
{
    /// <summary>Read before "monitor": how an address is understood hangs on them.</summary>
    static readonly HashSet<string> s_beforeMonitor = new(StringComparer.OrdinalIgnoreCase)
    {
        "announce-ip", "announce-port", "deny-scripts-reconfig", "sentinel-user", "sentinel-pass", "current-epoch", "myid",
        "resolve-hostnames", "announce-hostnames",
    };

    const int IdLength = 40;

    /// <summary>
    /// Takes the lines, each without the word "sentinel": first what concerns the whole Sentinel, then the masters, then what
    /// concerns a master, whatever their order in the file. Returns why one is refused, and which.
    /// </summary>
    public (string Error, int Index)? Load(IReadOnlyList<string[]> lines, long now)
    {
        _now = now;
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < lines.Count; i++)
            {
                if (RoundOf(lines[i][0]) == round && Apply(lines[i]) is { } error) return (error, i);
            }
        }
        return null;
    }

    static int RoundOf(string directive) =>
        s_beforeMonitor.Contains(directive) ? 0 : directive.Equals("monitor", StringComparison.OrdinalIgnoreCase) ? 1 : 2;

    string? Apply(string[] words)
    {
        words = [words[0].ToLowerInvariant(), .. words.AsSpan(1)];
        return words switch
        {
            ["monitor", var name, var host, var port, var quorum] => ApplyMonitor(name, host, Number(port), Number(quorum)),
            ["myid", var id] => ApplyMyId(id),
            ["current-epoch", var epoch] => ApplyCurrentEpoch(Epoch(epoch)),
            ["announce-ip", var ip] => Do(() => Settings.AnnounceIp = NullIfEmpty(ip)),
            ["announce-port", var port] => Do(() => Settings.AnnouncePort = Number(port)),
            ["sentinel-user", var user] => Do(() => Settings.SentinelUser = NullIfEmpty(user)),
            ["sentinel-pass", var pass] => Do(() => Settings.SentinelPass = NullIfEmpty(pass)),
            ["deny-scripts-reconfig", var yes] => ApplyYesNo(yes, b => Settings.DenyScriptsReconfig = b, DirectiveErrors.DenyScriptsReconfig),
            ["resolve-hostnames", var yes] => ApplyYesNo(yes, b => Settings.ResolveHostnames = b, DirectiveErrors.ResolveHostnames),
            ["announce-hostnames", var yes] => ApplyYesNo(yes, b => Settings.AnnounceHostnames = b, DirectiveErrors.AnnounceHostnames),
            // The form of old versions, without an id, tells nothing that hellos do not tell.
            ["known-sentinel", _, _, _] => null,
            [var option, var name, ..] when IsOfMaster(option, words.Length) =>
                Masters.TryGet(name, out var master) ? ApplyToMaster(master, words) : DirectiveErrors.NoSuchMaster,
            _ => DirectiveErrors.Unknown,
        };
    }

    static bool IsOfMaster(string option, int words) => option switch
    {
        "down-after-milliseconds" or "failover-timeout" or "parallel-syncs" or "notification-script" or "client-reconfig-script"
            or "auth-pass" or "auth-user" or "config-epoch" or "leader-epoch" or "master-reboot-down-after-period"
            or "primary-reboot-down-after-period" => words == 3,
        "known-slave" or "known-replica" or "rename-command" => words == 4,
        "known-sentinel" => words == 5,
        _ => false,
    };

    string? ApplyToMaster(SentinelInstance master, string[] words)
    {
        var value = words[2];
        switch (words[0])
        {
            case "down-after-milliseconds": return ApplyTime(Number(value), DirectiveErrors.Time, least: 1, ms => SetDownAfter(master, ms));
            case "failover-timeout": return ApplyTime(Number(value), DirectiveErrors.Time, least: 1, ms => master.FailoverTimeout = ms);
            case "parallel-syncs": return Do(() => master.ParallelSyncs = Number(value));
            case "notification-script":
                return ApplyScript(value, path => master.NotificationScript = path, DirectiveErrors.NotificationScript);
            case "client-reconfig-script":
                return ApplyScript(value, path => master.ClientReconfigScript = path, DirectiveErrors.ClientReconfigScript);
            case "auth-pass": return Do(() => master.AuthPass = value);
            case "auth-user": return Do(() => master.AuthUser = value);
            case "config-epoch": return ApplyConfigEpoch(master, Epoch(value));
            case "leader-epoch": return Do(() => master.LeaderEpoch = Epoch(value));
            case "rename-command": return master.RenamedCommands.TryAdd(value, words[3]) ? null : DirectiveErrors.RenamedTwice;
            case "known-sentinel": return ApplyKnownSentinel(master, value, Number(words[3]), words[4]);
            case "known-slave" or "known-replica": return ApplyKnownReplica(master, value, Number(words[3]));
            default: return ApplyTime(Number(value), DirectiveErrors.NegativeTime, least: 0, ms => master.RebootDownAfter = ms);
        }
    }

    string? ApplyMonitor(string name, string host, int port, int quorum)
    {
        if (quorum <= 0) return DirectiveErrors.Quorum;
        if (MakeAddress(host, port, mayBeUnresolved: true, out var error) is not { } address) return DirectiveErrors.Of(error);
        return AddMaster(name, address, quorum) is null ? DirectiveErrors.DuplicateMaster : null;
    }

    SentinelInstance? AddMaster(string name, InstanceAddress address, int quorum)
    {
        var master = new SentinelInstance(InstanceFlags.Master, name, address, null, Periods, _now) { Quorum = quorum };
        return Masters.TryAdd(master) ? master : null;
    }

    string? ApplyMyId(string id)
    {
        if (id.Length != IdLength) return DirectiveErrors.MyId;
        Settings.MyId = id;
        return null;
    }

    string? ApplyCurrentEpoch(ulong epoch)
    {
        CurrentEpoch = Math.Max(CurrentEpoch, epoch);
        return null;
    }

    string? ApplyConfigEpoch(SentinelInstance master, ulong epoch)
    {
        master.ConfigEpoch = epoch;
        return ApplyCurrentEpoch(epoch);
    }

    string? ApplyKnownReplica(SentinelInstance master, string host, int port)
    {
        if (MakeAddress(host, port, mayBeUnresolved: true, out var error) is not { } address) return DirectiveErrors.Of(error);
        var known = master.Replicas.Count;
        AddReplica(master, address, isEvent: false);
        return master.Replicas.Count == known ? DirectiveErrors.DuplicateReplica : null;
    }

    string? ApplyKnownSentinel(SentinelInstance master, string host, int port, string runId)
    {
        if (MakeAddress(host, port, mayBeUnresolved: true, out var error) is not { } address) return DirectiveErrors.Of(error);
        if (AddSentinel(master, runId, address) is not { } sentinel) return DirectiveErrors.DuplicateSentinel;
        ShareLink(sentinel);
        return null;
    }

    string? ApplyScript(string path, Action<string> set, string refused)
    {
        if (!_host.IsExecutable(path)) return refused;
        set(path);
        return null;
    }

    static string? ApplyTime(int value, string refused, int least, Action<long> set)
    {
        if (value < least) return refused;
        set(value);
        return null;
    }

    static string? ApplyYesNo(string word, Action<bool> set, string refused)
    {
        if (YesNo(word) is not { } value) return refused;
        set(value);
        return null;
    }

    static string? Do(Action action)
    {
        action();
        return null;
    }

    static bool? YesNo(string word) => word.ToUpperInvariant() switch
    {
        "YES" => true,
        "NO" => false,
        _ => null,
    };

    static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    static int Number(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;

    static ulong Epoch(string text) => ulong.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;

    static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>
    /// What is to be written: groups of lines by their directive, each line without the word "sentinel". A group without lines
    /// has none in the file either.
    /// </summary>
    public IReadOnlyList<(string Directive, IReadOnlyList<string[]> Lines)> ConfigLines() =>
    [
        ("myid", [["myid", Settings.MyId]]),
        ("deny-scripts-reconfig", Settings.DenyScriptsReconfig ? [] : [["deny-scripts-reconfig", "no"]]),
        ("resolve-hostnames", Settings.ResolveHostnames ? [["resolve-hostnames", "yes"]] : []),
        ("announce-hostnames", Settings.AnnounceHostnames ? [["announce-hostnames", "yes"]] : []),
        ("monitor", OfMasters(m => ["monitor", m.Name, Announced(m.CurrentAddress), Text(m.CurrentAddress.Port), Text(m.Quorum)])),
        ("down-after-milliseconds", OfMasters(
            m => m.DownAfter == Periods.DefaultDownAfter ? null : ["down-after-milliseconds", m.Name, Text(m.DownAfter)])),
        ("failover-timeout", OfMasters(
            m => m.FailoverTimeout == Periods.DefaultFailoverTimeout ? null : ["failover-timeout", m.Name, Text(m.FailoverTimeout)])),
        ("parallel-syncs", OfMasters(m => m.ParallelSyncs == 1 ? null : ["parallel-syncs", m.Name, Text(m.ParallelSyncs)])),
        ("notification-script", OfMasters(m => m.NotificationScript is { } s ? ["notification-script", m.Name, s] : null)),
        ("client-reconfig-script", OfMasters(m => m.ClientReconfigScript is { } s ? ["client-reconfig-script", m.Name, s] : null)),
        ("auth-pass", OfMasters(m => m.AuthPass is { } p ? ["auth-pass", m.Name, p] : null)),
        ("auth-user", OfMasters(m => m.AuthUser is { } u ? ["auth-user", m.Name, u] : null)),
        ("master-reboot-down-after-period", OfMasters(
            m => m.RebootDownAfter == 0 ? null : ["master-reboot-down-after-period", m.Name, Text(m.RebootDownAfter)])),
        ("primary-reboot-down-after-period", []),
        ("config-epoch", OfMasters(m => ["config-epoch", m.Name, Text(m.ConfigEpoch)])),
        ("leader-epoch", OfMasters(m => ["leader-epoch", m.Name, Text(m.LeaderEpoch)])),
        ("known-slave", []),
        ("known-replica", [.. Masters.SelectMany(KnownReplicas)]),
        ("known-sentinel", [.. Masters.SelectMany(KnownSentinels)]),
        ("rename-command", [.. Masters.SelectMany(
            m => m.RenamedCommands.Select(r => new[] { "rename-command", m.Name, r.Key, r.Value }))]),
        ("current-epoch", [["current-epoch", Text(CurrentEpoch)]]),
        ("announce-ip", Settings.AnnounceIp is { } ip ? [["announce-ip", ip]] : []),
        ("announce-port", Settings.AnnouncePort != 0 ? [["announce-port", Text(Settings.AnnouncePort)]] : []),
        ("sentinel-user", Settings.SentinelUser is { } user ? [["sentinel-user", user]] : []),
        ("sentinel-pass", Settings.SentinelPass is { } pass ? [["sentinel-pass", pass]] : []),
    ];

    List<string[]> OfMasters(Func<SentinelInstance, string[]?> line) => [.. Masters.Select(line).OfType<string[]>()];

    /// <summary>
    /// The master's line has the promoted replica's address once it is master, so the replica's line has the old master's: a
    /// Sentinel that restarts in the middle of a failover knows both.
    /// </summary>
    IEnumerable<string[]> KnownReplicas(SentinelInstance master)
    {
        foreach (var replica in master.Replicas)
        {
            var address = replica.Address.IsSamePlace(master.CurrentAddress) ? master.Address : replica.Address;
            yield return ["known-replica", master.Name, Announced(address), Text(address.Port)];
        }
    }

    IEnumerable<string[]> KnownSentinels(SentinelInstance master)
    {
        foreach (var sentinel in master.Sentinels)
            yield return ["known-sentinel", master.Name, Announced(sentinel.Address), Text(sentinel.Address.Port), sentinel.Name];
    }
}
