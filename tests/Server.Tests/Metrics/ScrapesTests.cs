using System.Text;
using MiniRedis.Server.Metrics;

namespace MiniRedis.Server.Tests.Metrics;

public class ScrapesTests
{
    static Scrapes Of(TestServer server, TimeSpan patience)
    {
        var parts = server.Server;
        var names = new string[parts.CommandStatistics.Length];
        Array.Fill(names, "command");
        return new Scrapes(parts.Metrics, new MetricsPage(parts.Metrics.Rows, names, parts.Config, parts.Ids), parts.Clock.Time)
        {
            Patience = patience,
        };
    }

    static string Read(Scrapes scrapes)
    {
        var page = "";
        scrapes.WriteAsync(MetricsFormat.Prometheus, text =>
        {
            page = Encoding.UTF8.GetString(text.Span);
            return Task.CompletedTask;
        }, TestContext.Current.CancellationToken).GetAwaiter().GetResult();
        return page;
    }

    [Fact]
    public void An_executor_that_does_not_answer_is_down_and_up_again_later()
    {
        using var server = new TestServer();
        using var scrapes = Of(server, TimeSpan.Zero);
        server.Server.Executor.ExecutorLock.Enter();
        try
        {
            Assert.Equal("# HELP redis_up 0: the executor did not answer the scrape in time.\n# TYPE redis_up gauge\nredis_up 0\n", Read(scrapes));
        }
        finally
        {
            server.Server.Executor.ExecutorLock.Exit();
        }
        // The request of that time is answered at the next run of the cron, and the scrape after that takes it.
        server.Tick();
        server.Time.Advance(TimeSpan.FromMilliseconds(100));
        using var client = server.Connect();
        client.Call("PING");
        using var patient = Of(server, TimeSpan.FromSeconds(20));
        Assert.Contains("\nredis_up 1\n", Read(patient), StringComparison.Ordinal);
        Assert.Contains("\nredis_commands_processed_total 1\n", Read(patient), StringComparison.Ordinal);
    }

    [Fact]
    public void A_request_that_was_given_up_is_not_asked_twice()
    {
        using var server = new TestServer();
        var parts = server.Server;
        lock (parts.Executor.ExecutorLock)
        {
            var given = parts.Metrics.Take();
            Assert.Same(given, parts.Metrics.Take());
            parts.Metrics.FillIfWanted();
            Assert.True(given.IsCompletedSuccessfully);
            Assert.NotSame(given, parts.Metrics.Take());
        }
    }

    [Fact]
    public void Filling_a_snapshot_allocates_next_to_nothing()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        client.Call("SET a 1");
        var parts = server.Server;
        lock (parts.Executor.ExecutorLock)
        {
            // The first makes the arrays.
            parts.Metrics.Take();
            parts.Metrics.FillIfWanted();
            parts.Metrics.Take();
            var before = GC.GetAllocatedBytesForCurrentThread();
            parts.Metrics.FillIfWanted();
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1024);
        }
    }
}
