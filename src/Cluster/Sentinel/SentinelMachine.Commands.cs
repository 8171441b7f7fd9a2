using System.Globalization;

namespace MiniRedis.Cluster.Sentinel;

/// <summary>Why SENTINEL MONITOR or FAILOVER is refused.</summary>
public enum SentinelRefusal
{
    None,
    DuplicateName,
    Unresolved,
    InvalidPort,
    InProgress,
    NoGoodReplica,
}

/// <summary>What an operator changes by SENTINEL commands. What is only asked is read from the tables.</summary>
public sealed partial class SentinelMachine
{
    public SentinelRefusal Monitor(string name, string host, int port, int quorum, long now)
    {
        _now = now;
        if (MakeAddress(host, port, mayBeUnresolved: false, out var error) is not { } address)
            return error == AddressError.InvalidPort ? SentinelRefusal.InvalidPort : SentinelRefusal.Unresolved;
        if (AddMaster(name, address, quorum) is not { } master) return SentinelRefusal.DuplicateName;
        Changed();
        Event(EventLevel.Warning, "+monitor", master, $" quorum {quorum}");
        return SentinelRefusal.None;
    }

    public void Remove(SentinelInstance master, long now)
    {
        _now = now;
        Event(EventLevel.Warning, "-monitor", master);
        Masters.Remove(master);
        Release(master);
        Changed();
    }

    /// <summary>Forgets what was learnt of a master, its replicas and Sentinels with it: they are found anew.</summary>
    public void Reset(SentinelInstance master, long now)
    {
        _now = now;
        ResetMaster(master, withSentinels: true);
        Event(EventLevel.Warning, "+reset-master", master);
    }

    /// <summary>Fails over without asking anybody, the master up or not.</summary>
    public SentinelRefusal Failover(SentinelInstance master, long now)
    {
        _now = now;
        if (master.IsFailingOver) return SentinelRefusal.InProgress;
        if (ReplicaSelection.Best(master, Periods, now) is null) return SentinelRefusal.NoGoodReplica;
        Log(EventLevel.Notice, $"Executing user requested FAILOVER of '{master.Name}'");
        StartFailover(master);
        master.Set(InstanceFlags.ForceFailover);
        return SentinelRefusal.None;
    }

    /// <summary>
    /// Settings of the Sentinel as a whole were changed. With new credentials towards its fellows it connects to them anew.
    /// </summary>
    public void SettingsChanged(bool withCredentials, long now)
    {
        _now = now;
        Changed();
        if (!withCredentials) return;
        foreach (var master in Masters)
        {
            foreach (var sentinel in master.Sentinels) CloseBoth(sentinel.Link);
        }
    }

    /// <summary>Has everything written, changed or not.</summary>
    public void Flush(long now)
    {
        _now = now;
        Changed();
    }

    /// <summary>Whether so many Sentinels are up that they can find a master down, and that they can elect.</summary>
    public static (int Usable, bool IsQuorum, bool IsMajority) CheckQuorum(SentinelInstance master)
    {
        var usable = 1;
        foreach (var sentinel in master.Sentinels)
        {
            if (!sentinel.Is(InstanceFlags.SubjectivelyDown | InstanceFlags.ObjectivelyDown)) usable++;
        }
        return (usable, usable >= master.Quorum, usable >= (master.Sentinels.Count + 1) / 2 + 1);
    }

    /// <summary>Why an option of SENTINEL SET is refused.</summary>
    public enum SetRefusal
    {
        None,
        UnknownOption,
        InvalidValue,
        ScriptsDenied,
        NotificationScript,
        ClientReconfigScript,
    }

    /// <summary>The outcome of SENTINEL SET.</summary>
    public readonly record struct SetResult(SetRefusal Refusal, string Option = "", string Value = "");

    /// <summary>
    /// SENTINEL SET: pairs of option and value, and rename-command with two. All are checked before the first is taken, where
    /// Redis takes those in front of a wrong one.
    /// </summary>
    public SetResult Set(SentinelInstance master, IReadOnlyList<string> words, long now)
    {
        _now = now;
        var changes = new List<(Action Apply, string Told)>();
        for (var i = 0; i < words.Count;)
        {
            var option = words[i];
            var length = option.Equals("rename-command", StringComparison.OrdinalIgnoreCase) ? 3 : 2;
            if (i + length > words.Count) return new(SetRefusal.UnknownOption, option);
            var result = Check(master, option, words[i + 1], length == 3 ? words[i + 2] : "", out var apply);
            if (result.Refusal != SetRefusal.None) return result;
            var isSecret = option.Equals("auth-pass", StringComparison.OrdinalIgnoreCase);
            changes.Add((apply!, isSecret ? $"{option} ******" : string.Join(' ', words.Skip(i).Take(length))));
            i += length;
        }
        foreach (var (apply, told) in changes)
        {
            apply();
            Event(EventLevel.Warning, "+set", master, " " + told);
        }
        if (changes.Count > 0) Changed();
        return default;
    }

    SetResult Check(SentinelInstance master, string option, string value, string second, out Action? apply)
    {
        apply = null;
        var hasNumber = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number);
        var isPositive = hasNumber && number > 0;
        var isValid = true;
        switch (option.ToLowerInvariant())
        {
            case "down-after-milliseconds":
                isValid = isPositive;
                apply = () => SetDownAfter(master, number);
                break;
            case "failover-timeout":
                isValid = isPositive;
                apply = () => master.FailoverTimeout = number;
                break;
            case "parallel-syncs":
                isValid = isPositive && number <= int.MaxValue;
                apply = () => master.ParallelSyncs = (int)number;
                break;
            case "quorum":
                isValid = isPositive && number <= int.MaxValue;
                apply = () => master.Quorum = (int)number;
                break;
            case "master-reboot-down-after-period" or "primary-reboot-down-after-period":
                isValid = hasNumber && number >= 0;
                apply = () => master.RebootDownAfter = number;
                break;
            case "notification-script":
                apply = () => master.NotificationScript = NullIfEmpty(value);
                return new(CheckScript(value, SetRefusal.NotificationScript));
            case "client-reconfig-script":
                apply = () => master.ClientReconfigScript = NullIfEmpty(value);
                return new(CheckScript(value, SetRefusal.ClientReconfigScript));
            case "auth-pass":
                apply = () => SetCredentials(master, master.AuthUser, NullIfEmpty(value));
                break;
            case "auth-user":
                apply = () => SetCredentials(master, NullIfEmpty(value), master.AuthPass);
                break;
            case "rename-command":
                if (value.Length == 0 || second.Length == 0)
                    return new(SetRefusal.InvalidValue, option, value.Length == 0 ? value : second);
                apply = () => Rename(master, value, second);
                break;
            default:
                return new(SetRefusal.UnknownOption, option);
        }
        return isValid ? default : new(SetRefusal.InvalidValue, option, value);
    }

    SetRefusal CheckScript(string path, SetRefusal refusal) =>
        Settings.DenyScriptsReconfig ? SetRefusal.ScriptsDenied
        : path.Length > 0 && !_host.IsExecutable(path) ? refusal : SetRefusal.None;

    static void Rename(SentinelInstance master, string command, string name)
    {
        master.RenamedCommands.Remove(command);
        if (!command.Equals(name, StringComparison.OrdinalIgnoreCase)) master.RenamedCommands[command] = name;
    }

    static void SetDownAfter(SentinelInstance master, long milliseconds)
    {
        master.DownAfter = milliseconds;
        foreach (var replica in master.Replicas) replica.DownAfter = milliseconds;
        foreach (var sentinel in master.Sentinels) sentinel.DownAfter = milliseconds;
    }

    void SetCredentials(SentinelInstance master, string? user, string? password)
    {
        (master.AuthUser, master.AuthPass) = (user, password);
        CloseBoth(master.Link);
        foreach (var replica in master.Replicas) CloseBoth(replica.Link);
    }
}
