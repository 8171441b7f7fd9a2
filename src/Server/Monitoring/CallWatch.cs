using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// Decides whether anyone wants to know of a call that took so long, or of so large a request or reply: COMMANDLOG, SLOWLOG or LATENCY. What
/// every call pays is one comparison each with <see cref="LeastTicks"/> and <see cref="LeastBytes"/>, which nothing reaches while all are
/// off. Under the executor's lock.
/// </summary>
sealed class CallWatch
{
    readonly MiniRedisServer _server;
    long _slowTicks, _latencyTicks, _requestBytes, _replyBytes;

    public CallWatch(MiniRedisServer server)
    {
        _server = server;
        (SlowLog, LargeRequests, LargeReplies) = (new(server), new(server), new(server));
        Refresh();
    }

    public CommandLog SlowLog { get; }

    public CommandLog LargeRequests { get; }

    public CommandLog LargeReplies { get; }

    /// <summary>Ticks of the clock from which on a call is looked at.</summary>
    public long LeastTicks { get; private set; }

    /// <summary>Bytes of request and reply together from which on a call is looked at.</summary>
    public long LeastBytes { get; private set; }

    /// <summary>Follows the thresholds of the configuration.</summary>
    public void Refresh()
    {
        var config = _server.Config;
        var microseconds = Threshold(SlowLog, config.Observation.SlowlogLogSlowerThan, config.Observation.SlowlogMaxLen);
        _slowTicks = microseconds == long.MaxValue ? long.MaxValue : _server.Clock.Ticks(microseconds);
        var milliseconds = Math.Min(config.Observation.LatencyMonitorThreshold, long.MaxValue / 1000);
        _latencyTicks = milliseconds > 0 ? _server.Clock.Ticks(milliseconds * 1000) : long.MaxValue;
        LeastTicks = Math.Min(_slowTicks, _latencyTicks);
        _requestBytes = Threshold(LargeRequests, config.Observation.CommandlogRequestLargerThan, config.Observation.CommandlogLargeRequestMaxLen);
        _replyBytes = Threshold(LargeReplies, config.Observation.CommandlogReplyLargerThan, config.Observation.CommandlogLargeReplyMaxLen);
        LeastBytes = Math.Min(_requestBytes, _replyBytes);
    }

    /// <summary>From where on a log takes calls; <see cref="long.MaxValue"/> if it is off, and then it keeps what it has.</summary>
    static long Threshold(CommandLog log, long threshold, long limit)
    {
        if (threshold < 0 || limit == 0) return long.MaxValue;
        log.Bound(limit);
        return threshold;
    }

    public void NoteTime(in CommandContext call, long ticks)
    {
        var flags = call.Command.Flags;
        var microseconds = _server.Clock.Microseconds(0, ticks);
        if (ticks >= _slowTicks && (flags & CommandFlags.SkipSlowlog) == 0) SlowLog.Add(call, microseconds);
        if (ticks >= _latencyTicks)
            _server.Latency.Note((flags & CommandFlags.Fast) != 0 ? "fast-command" : "command", microseconds / 1000);
    }

    public void NoteBytes(in CommandContext call, long replyBytes)
    {
        if ((call.Command.Flags & CommandFlags.SkipSlowlog) != 0) return;
        var requestBytes = call.Request.EncodedLength;
        if (requestBytes >= _requestBytes) LargeRequests.Add(call, requestBytes);
        if (replyBytes >= _replyBytes) LargeReplies.Add(call, replyBytes);
    }
}
