using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// Decides whether a call is recorded for its time or for the size of its request or reply: in COMMANDLOG, SLOWLOG, LATENCY or HOTKEYS.
/// Every call costs one comparison each with <see cref="LeastTicks"/> and <see cref="LeastBytes"/>, which no call reaches while
/// all records are off. Under the executor's lock.
/// </summary>
sealed class CallWatch
{
    readonly ObservationSettings _settings;
    readonly Clock _clock;
    readonly LatencyMonitor _latency;
    readonly HotKeys? _hotKeys;
    long _slowTicks, _latencyTicks, _requestBytes, _replyBytes;

    public CallWatch(ObservationSettings settings, Clock clock, LatencyMonitor latency, Redactions redactions, HotKeys? hotKeys = null)
    {
        _hotKeys = hotKeys;
        (_settings, _clock, _latency) = (settings, clock, latency);
        (SlowLog, LargeRequests, LargeReplies) = (new(redactions, clock), new(redactions, clock), new(redactions, clock));
        Refresh();
    }

    public CommandLog SlowLog { get; }

    public CommandLog LargeRequests { get; }

    public CommandLog LargeReplies { get; }

    /// <summary>Ticks of the clock from which a call is examined.</summary>
    public long LeastTicks { get; private set; }

    /// <summary>Bytes of request and reply together from which a call is examined: 0, which is every call, while hot keys are looked for.</summary>
    public long LeastBytes { get; private set; }

    /// <summary>Follows the thresholds of the configuration.</summary>
    public void Refresh()
    {
        var microseconds = Threshold(SlowLog, _settings.SlowlogLogSlowerThan, _settings.SlowlogMaxLen);
        _slowTicks = microseconds == long.MaxValue ? long.MaxValue : _clock.Ticks(microseconds);
        var milliseconds = Math.Min(_settings.LatencyMonitorThreshold, long.MaxValue / 1000);
        _latencyTicks = milliseconds > 0 ? _clock.Ticks(milliseconds * 1000) : long.MaxValue;
        LeastTicks = Math.Min(_slowTicks, _latencyTicks);
        _requestBytes = Threshold(LargeRequests, _settings.CommandlogRequestLargerThan, _settings.CommandlogLargeRequestMaxLen);
        _replyBytes = Threshold(LargeReplies, _settings.CommandlogReplyLargerThan, _settings.CommandlogLargeReplyMaxLen);
        LeastBytes = _hotKeys is { IsOn: true } ? 0 : Math.Min(_requestBytes, _replyBytes);
    }

    /// <summary>
    /// The bound above which a log takes calls; <see cref="long.MaxValue"/> if it is off. A log that is off keeps its entries.
    /// </summary>
    static long Threshold(CommandLog log, long threshold, long limit)
    {
        if (threshold < 0 || limit == 0) return long.MaxValue;
        log.Bound(limit);
        return threshold;
    }

    public void NoteTime(Client client, CommandSpec command, in Request request, long ticks)
    {
        var flags = command.Flags;
        var microseconds = _clock.Microseconds(0, ticks);
        if (ticks >= _slowTicks && (flags & CommandFlags.SkipSlowlog) == 0) SlowLog.Add(client, request, microseconds);
        // LATENCY itself is not recorded, however long it takes: a monitoring tool would find its own calls.
        if (ticks >= _latencyTicks && command.Parent is not { Name: "LATENCY" })
            _latency.Note((flags & CommandFlags.Fast) != 0 ? "fast-command" : "command", microseconds / 1000);
    }

    public void NoteBytes(Client client, CommandSpec command, in Request request, long replyBytes)
    {
        // Looking for hot keys has every call noted.
        if (request.MostEncodedLength + replyBytes < Math.Min(_requestBytes, _replyBytes)) return;
        if ((command.Flags & CommandFlags.SkipSlowlog) != 0) return;
        var requestBytes = request.EncodedLength;
        if (requestBytes >= _requestBytes) LargeRequests.Add(client, request, requestBytes);
        if (replyBytes >= _replyBytes) LargeReplies.Add(client, request, replyBytes);
    }
}
