namespace MiniRedis.Cluster.Sentinel;

/// <summary>The hello messages, by which Sentinels find each other and the newest configuration reaches all.</summary>
public sealed partial class SentinelMachine
{
    /// <summary>A hello that was published to this Sentinel itself.</summary>
    public void Hello(string message, long now)
    {
        _now = now;
        ProcessHello(message);
    }

    /// <summary>A hello on the channel of an instance: our own come back on it as well.</summary>
    void ReceiveHello(string message)
    {
        if (!message.Contains(Settings.MyId, StringComparison.Ordinal)) ProcessHello(message);
    }

    void ProcessHello(string message)
    {
        if (HelloMessage.Parse(message) is not { } hello || !Masters.TryGet(hello.MasterName, out var master)) return;
        var sender = FindSender(master, hello) ?? Meet(master, hello);
        NoteEpoch(master, hello.CurrentEpoch);
        if (IsWithoutPast && master.LeaderEpoch < hello.CurrentEpoch)
        {
            (master.Leader, master.LeaderEpoch) = (null, hello.CurrentEpoch);
            Changed();
        }
        if (sender is null) return;
        if (master.ConfigEpoch < hello.ConfigEpoch) TakeConfiguration(master, sender, hello);
        sender.LastHelloAt = _now;
    }

    SentinelInstance? FindSender(SentinelInstance master, HelloMessage hello)
    {
        var sender = master.Sentinels.WithRunId(hello.RunId);
        return sender is not null && MakeAddress(hello.Ip, hello.Port, true, out _) is { } address && sender.Address.IsSamePlace(address)
            ? sender
            : null;
    }

    /// <summary>
    /// A Sentinel that is new, or has a new address. One whose address it took over is gone: an address has one Sentinel, or the
    /// votes that a majority takes would be counted of Sentinels that no longer exist.
    /// </summary>
    SentinelInstance? Meet(SentinelInstance master, HelloMessage hello)
    {
        if (MakeAddress(hello.Ip, hello.Port, mayBeUnresolved: true, out _) is not { } address) return null;
        var isMoved = RemoveSentinel(master, hello.RunId);
        if (isMoved)
        {
            Event(
                EventLevel.Notice, "+sentinel-address-switch", master, $" ip {hello.Ip} port {hello.Port} for {hello.RunId}");
        }
        else if (master.Sentinels.At(address) is { RunId: { } obsolete } other)
        {
            Event(EventLevel.Notice, "+sentinel-invalid-addr", other);
            foreach (var any in Masters) RemoveSentinel(any, obsolete);
        }
        var sentinel = AddSentinel(master, hello.RunId, address);
        if (sentinel is null) return null;
        if (!isMoved) Event(EventLevel.Notice, "+sentinel", sentinel);
        ShareLink(sentinel);
        if (isMoved) UpdateAddressEverywhere(sentinel);
        Changed();
        return sentinel;
    }

    SentinelInstance? AddSentinel(SentinelInstance master, string runId, InstanceAddress address)
    {
        var sentinel = new SentinelInstance(InstanceFlags.Sentinel, runId, address, master, Periods, _now) { RunId = runId };
        return master.Sentinels.TryAdd(sentinel) ? sentinel : null;
    }

    bool RemoveSentinel(SentinelInstance master, string runId)
    {
        if (master.Sentinels.WithRunId(runId) is not { } found) return false;
        master.Sentinels.Remove(found);
        Release(found);
        return true;
    }

    /// <summary>The same Sentinel watches other masters: its address there is the old one.</summary>
    void UpdateAddressEverywhere(SentinelInstance sentinel)
    {
        var updated = 0;
        foreach (var master in Masters)
        {
            if (master.Sentinels.WithRunId(sentinel.RunId!) is not { } same) continue;
            CloseBoth(same.Link);
            if (same == sentinel) continue;
            same.Address = sentinel.Address;
            updated++;
        }
        if (updated > 0)
            Event(EventLevel.Notice, "+sentinel-address-update", sentinel, $" {updated} additional matching instances");
    }

    void NoteEpoch(SentinelInstance master, ulong epoch)
    {
        if (epoch <= CurrentEpoch) return;
        CurrentEpoch = epoch;
        Changed();
        EventWithText(EventLevel.Warning, "+new-epoch", master, $"{CurrentEpoch}");
    }

    /// <summary>
    /// Another Sentinel has a newer configuration of the master than we. A failover of ours is overtaken by it, whatever its
    /// state: one that has not promoted yet would promote into an epoch that is over; and after the promotion we would tell our
    /// replica's address with the other's epoch, where the other made our old master the master again. Redis compares with the
    /// old master's address alone, and then two Sentinels have two masters in one epoch, for good.
    /// </summary>
    void TakeConfiguration(SentinelInstance master, SentinelInstance sender, HelloMessage hello)
    {
        if (MakeAddress(hello.MasterHost, hello.MasterPort, mayBeUnresolved: false, out _) is not { } address) return;
        master.ConfigEpoch = hello.ConfigEpoch;
        Changed();
        var current = master.CurrentAddress;
        if (current.IsSamePlace(address))
        {
            if (master.IsFailingOver && master.FailoverState <= FailoverState.WaitPromotion && master.FailoverEpoch <= hello.ConfigEpoch)
                AbortFailover(master);
            return;
        }
        Event(EventLevel.Warning, "+config-update-from", sender);
        AnnounceSwitch(master, current, hello.MasterHost, hello.MasterPort);
        ResetAndSwitch(master, address);
        RunClientReconfigScript(master, "observer", current, master.Address);
    }

    /// <summary>Tells an instance, and all who listen there, who we are and which configuration we have.</summary>
    void SendHello(SentinelInstance instance)
    {
        var master = instance.Master ?? instance;
        if (instance.Link.Commands is not { } connection || (Settings.AnnounceIp ?? connection.LocalIp) is not { } ownIp) return;
        var ownPort = Settings.AnnouncePort != 0 ? Settings.AnnouncePort : Settings.OwnPort;
        var address = master.CurrentAddress;
        var hello = new HelloMessage(
            ownIp, ownPort, Settings.MyId, CurrentEpoch, master.Name, Announced(address), address.Port, master.ConfigEpoch);
        Send(connection, instance, AwaitedReply.Publish, "PUBLISH", HelloMessage.Channel, hello.ToString());
    }

    /// <summary>Has a hello leave for everyone at the next tick.</summary>
    void ForceHello(SentinelInstance master)
    {
        master.LastPublishAt = Never;
        foreach (var replica in master.Replicas) replica.LastPublishAt = Never;
        foreach (var sentinel in master.Sentinels) sentinel.LastPublishAt = Never;
    }
}
