using MiniRedis.Server.Execution;
using MiniRedis.Server.Hosting;

namespace MiniRedis.Server.Tests.Hosting;

public class RehearsalTests
{
    /// <summary>Commands that are not rehearsed, and why.</summary>
    static readonly Dictionary<string, string> s_left = new()
    {
        ["shutdown"] = "ends the server",
        ["cache.restore"] = "takes metadata that another server has written",
        ["quit"] = "ends the connection",
        ["sync"] = "makes the connection a replica's",
        ["psync"] = "makes the connection a replica's",
        ["client|reply"] = "mutes the connection",
        ["config|resetstat"] = "forgets what this test counts by",
        ["config|rewrite"] = "writes the configuration file",
        ["memory|purge"] = "is for the whole process",
        ["client|import-source"] = "needs import-mode",
        ["pfselftest"] = "computes for seconds",
    };

    [Fact]
    public void Each_line_is_answered_and_only_those_marked_so_are_refused()
    {
        var wrong = new List<string>();
        Rehearsal.Run((line, reply) =>
        {
            if (reply.Contains("-ERR", StringComparison.Ordinal) != line.StartsWith('!') && !reply.StartsWith("-OOM", StringComparison.Ordinal)
                && !reply.StartsWith("-WRONGTYPE", StringComparison.Ordinal))
                wrong.Add($"{line}: {reply}");
        });
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void Every_command_is_rehearsed()
    {
        var server = Rehearsal.Run();
        var missing = Everything(server)
            .Where(c => c.Run is not null && server.CommandStatistics[c.Ordinal].Calls == 0)
            .Select(c => c.FullName)
            .Order();
        Assert.Equal(s_left.Keys.Order(), missing);
    }

    static IEnumerable<Command> Everything(ServerParts server) =>
        server.Commands.All.SelectMany(command => command.Subcommands.Cast<Command>().Prepend(command));
}
