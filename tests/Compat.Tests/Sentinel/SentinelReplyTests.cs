using System.Text.RegularExpressions;
using MiniRedis.Server.Tests;

namespace MiniRedis.Compat.Tests.Sentinel;

/// <summary>A Sentinel of ours and one of Redis watch the same master with a replica, and each other: they answer alike.</summary>
public sealed partial class SentinelReplyTests : IDisposable
{
    readonly SentinelFleet _fleet = new();
    readonly int _master = ServerProcess.FreePort(), _replica = ServerProcess.FreePort();

    /// <summary>
    /// Those that change something come in an order in which both go through the same states. Left out: HELP, whose words are our own, and
    /// what came to CONFIG after 7.0.
    /// </summary>
    static readonly string[] s_requests =
    [
        "PING",
        "ROLE",
        "SENTINEL",
        "SENTINEL NOSUCH",
        "SENTINEL HELP me",
        "SENTINEL MASTERS",
        "SENTINEL MASTERS x",
        "SENTINEL MASTER mymaster",
        "SENTINEL MASTER nosuch",
        "SENTINEL MASTER",
        "SENTINEL REPLICAS mymaster",
        "SENTINEL REPLICAS nosuch",
        "SENTINEL SLAVES mymaster",
        "SENTINEL SLAVES",
        "SENTINEL SENTINELS mymaster",
        "SENTINEL SENTINELS nosuch",
        "SENTINEL MYID",
        "SENTINEL MYID x",
        "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster",
        "SENTINEL GET-MASTER-ADDR-BY-NAME nosuch",
        "SENTINEL GET-MASTER-ADDR-BY-NAME",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 MASTERPORT 0 *",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 1 0 *",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 x 0 *",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1 MASTERPORT x *",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR nowhere.invalid 1 0 *",
        "SENTINEL IS-MASTER-DOWN-BY-ADDR 127.0.0.1",
        "SENTINEL CKQUORUM mymaster",
        "SENTINEL CKQUORUM nosuch",
        "SENTINEL CKQUORUM",
        "SENTINEL PENDING-SCRIPTS",
        "SENTINEL PENDING-SCRIPTS x",
        "SENTINEL INFO-CACHE nosuch",
        "SENTINEL INFO-CACHE",
        "SENTINEL FAILOVER nosuch",
        "SENTINEL FAILOVER",
        "SENTINEL SIMULATE-FAILURE HELP",
        "SENTINEL SIMULATE-FAILURE nosuch",
        "SENTINEL SIMULATE-FAILURE",
        "SENTINEL DEBUG",
        "SENTINEL DEBUG info-period",
        "SENTINEL DEBUG info-period 0",
        "SENTINEL DEBUG info-period x",
        "SENTINEL DEBUG nosuch 1",
        "SENTINEL DEBUG info-period 9000 nosuch 1",
        "SENTINEL DEBUG info-period 10000",
        "SENTINEL CONFIG",
        "SENTINEL CONFIG GET nosuch",
        "SENTINEL CONFIG GET resolve-hostnames",
        "SENTINEL CONFIG GET announce-h*",
        "SENTINEL CONFIG GET sentinel-*",
        "SENTINEL CONFIG SET nosuch 1",
        "SENTINEL CONFIG SET announce-port x",
        "SENTINEL CONFIG SET announce-port 70000",
        "SENTINEL CONFIG SET resolve-hostnames maybe",
        "SENTINEL CONFIG SET announce-hostnames no",
        "SENTINEL SET",
        "SENTINEL SET mymaster",
        "SENTINEL SET nosuch quorum 1",
        "SENTINEL SET mymaster quorum",
        "SENTINEL SET mymaster quorum 0",
        "SENTINEL SET mymaster quorum x",
        "SENTINEL SET mymaster nosuch 1",
        "SENTINEL SET mymaster down-after-milliseconds 0",
        "SENTINEL SET mymaster down-after-milliseconds -5",
        "SENTINEL SET mymaster failover-timeout x",
        "SENTINEL SET mymaster parallel-syncs 0",
        "SENTINEL SET mymaster notification-script /nosuch",
        "SENTINEL SET mymaster client-reconfig-script /nosuch",
        "SENTINEL SET mymaster rename-command CONFIG",
        "SENTINEL SET mymaster rename-command CONFIG OTHER",
        "SENTINEL SET mymaster rename-command CONFIG CONFIG",
        "SENTINEL SET mymaster quorum 2 parallel-syncs 3",
        "SENTINEL SET mymaster master-reboot-down-after-period -1",
        "SENTINEL SET mymaster master-reboot-down-after-period 0",
        "SENTINEL MASTER mymaster",
        "SENTINEL CKQUORUM mymaster",
        "SENTINEL SET mymaster quorum 3",
        "SENTINEL CKQUORUM mymaster",
        "SENTINEL SET mymaster quorum 1",
        "SENTINEL MONITOR mymaster 127.0.0.1 7000 1",
        "SENTINEL MONITOR other 127.0.0.1 x 1",
        "SENTINEL MONITOR other 127.0.0.1 70000 1",
        "SENTINEL MONITOR other 127.0.0.1 7000 0",
        "SENTINEL MONITOR other 127.0.0.1 7000 x",
        "SENTINEL MONITOR other nowhere.invalid 7000 1",
        "SENTINEL MONITOR other 127.0.0.1 7000",
        "SENTINEL REMOVE nosuch",
        "SENTINEL REMOVE",
        "SENTINEL RESET nosuch*",
        "SENTINEL RESET",
        "SENTINEL FLUSHCONFIG",
        "SENTINEL FLUSHCONFIG x",
        "GET key",
        "SET key value",
        "SELECT 1",
        "MULTI",
        "EVAL return 0",
        "CONFIG GET port",
        "CLIENT SETNAME me",
        "CLIENT GETNAME",
        "CLIENT NOSUCH",
        "AUTH x",
        "AUTH x y",
        "ACL WHOAMI",
        "HELLO 4",
        "PUBLISH somewhere x",
        "SHUTDOWN NOSUCH",
        "COMMAND COUNT x",
        "INFO sentinel",
        "SENTINEL REMOVE mymaster",
        "SENTINEL MASTERS",
        "INFO sentinel",
    ];

    public void Dispose() => _fleet.Dispose();

    [RedisServerFact]
    public void Requests_are_answered_as_redis_sentinel_answers_them()
    {
        _fleet.RealNode(_master);
        _fleet.RealNode(_replica, _master);
        _fleet.AddOurSentinel(_master, quorum: 1);
        _fleet.AddRealSentinel(_master, quorum: 1);
        _fleet.Meet(replicas: 1);
        // What a Sentinel knows of a replica comes with its second INFO.
        foreach (var port in _fleet.Sentinels)
        {
            SentinelFleet.Until(port, "SENTINEL REPLICAS mymaster", r =>
                r.Contains("master-link-status $2 ok", StringComparison.Ordinal) && !r.Contains("role-reported-time $1 0", StringComparison.Ordinal));
            SentinelFleet.Until(port, "SENTINEL SENTINELS mymaster", r => !r.Contains("disconnected", StringComparison.Ordinal));
        }
        using var ours = new RawClient(_fleet.Sentinels[0]);
        using var theirs = new RawClient(_fleet.Sentinels[1]);
        var differences = new List<string>();
        foreach (var text in s_requests)
        {
            var request = text.Replace("MASTERPORT", $"{_master}", StringComparison.Ordinal);
            var (right, mine) = (Plain(theirs.Call(request)), Plain(ours.Call(request)));
            if (mine != right) differences.Add($"{request}\n  theirs: {right}\n  ours:   {mine}");
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    /// <summary>A reply without what differs by nature: ids, times, and the ports of the two Sentinels.</summary>
    string Plain(string reply)
    {
        reply = Identity().Replace(reply, "id");
        reply = Moment().Replace(reply, "$1 $$ ?");
        foreach (var port in _fleet.Sentinels) reply = reply.Replace($"{port}", "port", StringComparison.Ordinal);
        return reply;
    }

    [GeneratedRegex("[0-9a-f]{40}")]
    private static partial Regex Identity();

    [GeneratedRegex(@"\b(last-ping-sent|last-ok-ping-reply|last-ping-reply|info-refresh|role-reported-time|last-hello-message|slave-repl-offset|replica-repl-offset|link-refcount) \$\d+ -?\d+")]
    private static partial Regex Moment();
}
