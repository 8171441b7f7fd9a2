using MiniRedis.Resp;

namespace MiniRedis.Server.Execution;

/// <summary>
/// Decides whether anyone wants to know of a call that took so long: SLOWLOG or LATENCY. What every call pays is one comparison
/// with <see cref="LeastTicks"/>, which nothing reaches while both are off. Under the executor's lock.
/// </summary>
sealed class CallWatch
{
    readonly MiniRedisServer _server;
    long _slowlogTicks, _latencyTicks;

    public CallWatch(MiniRedisServer server)
    {
        _server = server;
        Refresh();
    }

    /// <summary>Ticks of the clock from which on a call is looked at.</summary>
    public long LeastTicks { get; private set; }

    /// <summary>Follows the thresholds of the configuration.</summary>
    public void Refresh()
    {
        var config = _server.Config;
        var slowlogIsOn = config.SlowlogLogSlowerThan >= 0 && config.SlowlogMaxLen > 0;
        _slowlogTicks = slowlogIsOn ? _server.Clock.Ticks(config.SlowlogLogSlowerThan) : long.MaxValue;
        var latencyMicroseconds = config.LatencyMonitorThreshold > long.MaxValue / 1000 ? long.MaxValue : config.LatencyMonitorThreshold * 1000;
        _latencyTicks = latencyMicroseconds > 0 ? _server.Clock.Ticks(latencyMicroseconds) : long.MaxValue;
        LeastTicks = Math.Min(_slowlogTicks, _latencyTicks);
    }

    public void Note(in CommandContext call, long ticks)
    {
        var flags = call.Command.Flags;
        var microseconds = _server.Clock.Microseconds(0, ticks);
        if (ticks >= _slowlogTicks && (flags & CommandFlags.SkipSlowlog) == 0) _server.SlowLog.Add(call, microseconds);
        if (ticks >= _latencyTicks)
            _server.Latency.Note((flags & CommandFlags.Fast) != 0 ? "fast-command" : "command", microseconds / 1000);
    }
}
