using System.Globalization;
using System.Text;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Administration.Info;

/// <summary>What INFO says of single commands and of errors.</summary>
static partial class InfoSections
{
    static void CommandStats(InfoText text, ServerParts server)
    {
        text.Section("Commandstats");
        foreach (var command in WithSubcommands(server))
        {
            var statistics = server.CommandStatistics[command.Ordinal];
            if ((statistics.Calls | statistics.RejectedCalls | statistics.FailedCalls) == 0) continue;
            var microseconds = server.Clock.TotalMicroseconds(statistics.Ticks);
            var perCall = statistics.Calls == 0 ? 0 : (double)microseconds / statistics.Calls;
            text.Line(string.Create(CultureInfo.InvariantCulture,
                $"cmdstat_{InfoText.Safe(command.FullName)}:calls={statistics.Calls},usec={microseconds},usec_per_call={perCall:F2}")
                + string.Create(CultureInfo.InvariantCulture,
                    $",rejected_calls={statistics.RejectedCalls},failed_calls={statistics.FailedCalls}"));
        }
    }

    static void LatencyStats(InfoText text, ServerParts server)
    {
        text.Section("Latencystats");
        if (!server.Config.Observation.LatencyTracking) return;
        foreach (var command in WithSubcommands(server))
        {
            if (server.CommandStatistics[command.Ordinal].Latency is not { } latency) continue;
            var line = new StringBuilder();
            foreach (var percent in server.Config.Observation.LatencyTrackingInfoPercentiles)
            {
                line.Append(line.Length == 0 ? "" : ",");
                line.Append(CultureInfo.InvariantCulture, $"p{percent:0.######}={latency.Percentile(percent) / 1000.0:F3}");
            }
            text.Field("latency_percentiles_usec_" + InfoText.Safe(command.FullName), line.ToString());
        }
    }

    static void ErrorStats(InfoText text, ServerParts server)
    {
        text.Section("Errorstats");
        foreach (var (code, count) in server.Statistics.Errors)
            text.Line(string.Create(CultureInfo.InvariantCulture, $"errorstat_{InfoText.Safe(code)}:count={count}"));
    }

    static IEnumerable<Command> WithSubcommands(ServerParts server)
    {
        foreach (var command in server.Commands.All)
        {
            yield return command;
            foreach (var subcommand in command.Subcommands) yield return (Command)subcommand;
        }
    }
}
