using MiniRedis.Cluster.Sentinel;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sentinel;

/// <summary>What a Sentinel knows of instances.</summary>
static partial class SentinelCommands
{
    /// <summary>The flags in the order and words of Redis. "disconnected" is none: it stands behind the kinds.</summary>
    static readonly (InstanceFlags Flag, string Name)[] s_flagNames =
    [
        (InstanceFlags.SubjectivelyDown, "s_down"), (InstanceFlags.ObjectivelyDown, "o_down"), (InstanceFlags.Master, "master"),
        (InstanceFlags.Replica, "slave"), (InstanceFlags.Sentinel, "sentinel"), (InstanceFlags.None, "disconnected"),
        (InstanceFlags.MasterDown, "master_down"), (InstanceFlags.FailoverInProgress, "failover_in_progress"),
        (InstanceFlags.Promoted, "promoted"), (InstanceFlags.ReconfSent, "reconf_sent"), (InstanceFlags.ReconfInProgress, "reconf_inprog"),
        (InstanceFlags.ReconfDone, "reconf_done"), (InstanceFlags.ForceFailover, "force_failover"),
        (InstanceFlags.ScriptKillSent, "script_kill_sent"), (InstanceFlags.MasterReboot, "master_reboot"),
    ];

    static void Masters(ref CommandContext c) => Instances(ref c, Of(ref c).Masters);

    static void Master(ref CommandContext c)
    {
        if (TryMaster(ref c, out var master)) Instance(ref c, master);
    }

    static void Replicas(ref CommandContext c)
    {
        if (TryMaster(ref c, out var master)) Instances(ref c, master.Replicas.Where(r => r.IsAnnounced));
    }

    static void Sentinels(ref CommandContext c)
    {
        if (TryMaster(ref c, out var master)) Instances(ref c, master.Sentinels);
    }

    static void Instances(ref CommandContext c, IEnumerable<SentinelInstance> instances)
    {
        c.Reply.Array(instances.Count());
        foreach (var instance in instances) Instance(ref c, instance);
    }

    static void Instance(ref CommandContext c, SentinelInstance instance)
    {
        var fields = new Fields(c.Reply, Now(ref c));
        fields.Common(instance, Of(ref c));
        if (!instance.IsSentinel) fields.Info(instance);
        if (instance.IsMaster) fields.Master(instance);
        if (instance.IsReplica) fields.Replica(instance);
        if (instance.IsSentinel) fields.Sentinel(instance);
        fields.End();
    }

    /// <summary>The fields of one instance, in the order of Redis.</summary>
    ref struct Fields(ReplyWriter reply, long now)
    {
        readonly DeferredCount _map = reply.BeginDeferred();
        int _count;

        public readonly void End() => reply.EndMap(_map, _count);

        void Add(string name, string value)
        {
            Text(reply, name);
            Text(reply, value);
            _count++;
        }

        void Add(string name, long value)
        {
            Text(reply, name);
            reply.BulkInteger(value);
            _count++;
        }

        /// <summary>How long ago; 0 if never.</summary>
        void Since(string name, long time) => Add(name, time == SentinelMachine.Never ? 0 : now - time);

        public void Common(SentinelInstance instance, SentinelMachine machine)
        {
            Add("name", instance.Name);
            Add("ip", machine.Announced(instance.Address));
            Add("port", instance.Address.Port);
            Add("runid", instance.RunId ?? "");
            Add("flags", string.Join(',', s_flagNames
                .Where(f => f.Flag == InstanceFlags.None ? instance.Link.IsDisconnected : instance.Is(f.Flag)).Select(f => f.Name)));
            Add("link-pending-commands", instance.Link.PendingCommands);
            Add("link-refcount", instance.Link.References);
            if (instance.IsFailingOver) Add("failover-state", NameOf(instance.FailoverState));
            Since("last-ping-sent", instance.Link.UnansweredPingAt);
            Since("last-ok-ping-reply", instance.Link.LastAvailableAt);
            Since("last-ping-reply", instance.Link.LastPongAt);
            if (instance.Is(InstanceFlags.SubjectivelyDown)) Since("s-down-time", instance.SubjectivelyDownSince);
            if (instance.Is(InstanceFlags.ObjectivelyDown)) Since("o-down-time", instance.ObjectivelyDownSince);
            Add("down-after-milliseconds", instance.DownAfter);
        }

        public void Info(SentinelInstance instance)
        {
            Since("info-refresh", instance.InfoAt);
            Add("role-reported", instance.RoleReported == InstanceRole.Master ? "master" : "slave");
            Since("role-reported-time", instance.RoleReportedAt);
        }

        public void Master(SentinelInstance master)
        {
            Add("config-epoch", (long)master.ConfigEpoch);
            Add("num-slaves", master.Replicas.Count);
            Add("num-other-sentinels", master.Sentinels.Count);
            Add("quorum", master.Quorum);
            Add("failover-timeout", master.FailoverTimeout);
            Add("parallel-syncs", master.ParallelSyncs);
            if (master.NotificationScript is { } notification) Add("notification-script", notification);
            if (master.ClientReconfigScript is { } reconfig) Add("client-reconfig-script", reconfig);
        }

        public void Replica(SentinelInstance replica)
        {
            Add("master-link-down-time", replica.MasterLinkDownTime);
            Add("master-link-status", replica.IsMasterLinkUp ? "ok" : "err");
            Add("master-host", replica.ReportedMasterHost ?? "?");
            Add("master-port", replica.ReportedMasterPort);
            Add("slave-priority", replica.Priority);
            Add("slave-repl-offset", (long)replica.ReplicationOffset);
            Add("replica-announced", replica.IsAnnounced ? 1 : 0);
        }

        public void Sentinel(SentinelInstance sentinel)
        {
            Since("last-hello-message", sentinel.LastHelloAt);
            Add("voted-leader", sentinel.Leader ?? "?");
            Add("voted-leader-epoch", (long)sentinel.LeaderEpoch);
        }

        static string NameOf(FailoverState state) => state switch
        {
            FailoverState.WaitStart => "wait_start",
            FailoverState.SelectReplica => "select_slave",
            FailoverState.SendReplicaOfNoOne => "send_slaveof_noone",
            FailoverState.WaitPromotion => "wait_promotion",
            FailoverState.ReconfReplicas => "reconf_slaves",
            FailoverState.UpdateConfig => "update_config",
            _ => "none",
        };
    }

    static void GetMasterAddress(ref CommandContext c)
    {
        var machine = Of(ref c);
        if (!machine.Masters.TryGet(Word(ref c, 2), out var master))
        {
            c.Reply.NullArray();
            return;
        }
        c.Reply.Array(2);
        Text(c.Reply, machine.Announced(master.CurrentAddress));
        c.Reply.BulkInteger(master.CurrentAddress.Port);
    }

    static void CheckQuorum(ref CommandContext c)
    {
        if (!TryMaster(ref c, out var master)) return;
        var (usable, isQuorum, isMajority) = SentinelMachine.CheckQuorum(master);
        if (isQuorum && isMajority)
            c.Reply.SimpleString($"OK {usable} usable Sentinels. Quorum and failover authorization can be reached");
        else
            c.Fail(Errors.NoQuorum(usable, isQuorum, isMajority));
    }

    /// <summary>For each master its name, and then a pair of age and text for itself and for each of its replicas.</summary>
    static void InfoCache(ref CommandContext c)
    {
        var masters = new List<SentinelInstance>();
        for (var i = 2; i < c.Count; i++)
        {
            if (Of(ref c).Masters.TryGet(Word(ref c, i), out var master) && !masters.Contains(master)) masters.Add(master);
        }
        c.Reply.Array(masters.Count * 2);
        foreach (var master in masters)
        {
            Text(c.Reply, master.Name);
            c.Reply.Array(master.Replicas.Count + 1);
            foreach (var instance in master.Replicas.Prepend(master))
            {
                c.Reply.Array(2);
                c.Reply.Integer(instance.InfoAt == SentinelMachine.Never ? 0 : Now(ref c) - instance.InfoAt);
                if (instance.Info is { } info) Text(c.Reply, info);
                else c.Reply.Null();
            }
        }
    }

    static void PendingScripts(ref CommandContext c)
    {
        var scripts = Of(ref c).Scripts;
        c.Reply.Array(scripts.Jobs.Count);
        foreach (var job in scripts.Jobs)
        {
            c.Reply.Map(5);
            Text(c.Reply, "argv");
            c.Reply.Array(job.Arguments.Count);
            foreach (var argument in job.Arguments) Text(c.Reply, argument);
            Text(c.Reply, "flags");
            Text(c.Reply, job.IsRunning ? "running" : "scheduled");
            Text(c.Reply, "pid");
            c.Reply.BulkInteger(job.Pid);
            Text(c.Reply, job.IsRunning ? "run-time" : "run-delay");
            c.Reply.BulkInteger(job.IsRunning ? Now(ref c) - job.StartAt : Math.Max(0, job.StartAt - Now(ref c)));
            Text(c.Reply, "retry-num");
            c.Reply.BulkInteger(job.Attempts);
        }
    }
}
