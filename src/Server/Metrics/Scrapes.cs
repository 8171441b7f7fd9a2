namespace MiniRedis.Server.Metrics;

/// <summary>
/// Answers scrapes, one at a time: whatever many scrapers ask, the executor is asked ten times a second at most for each format, and
/// the memory is that of two pages.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class Scrapes(MetricsCollector collector, MetricsPage page, TimeProvider time) : IDisposable
{
    /// <summary>For how long a page is good enough for the next scraper: the cron's pace at hz 10.</summary>
    static readonly TimeSpan s_fresh = TimeSpan.FromMilliseconds(100);

    /// <summary>A page of each format, and when it was written.</summary>
    sealed class Kept(MetricsFormat format)
    {
        public MetricsText Text { get; } = new(format);

        public long? At { get; set; }
    }

    readonly SemaphoreSlim _turn = new(1);
    readonly Kept[] _pages = [new(MetricsFormat.Prometheus), new(MetricsFormat.OpenMetrics)];

    /// <summary>
    /// How long a scrape waits for the executor, which may be busy with a long script. Half of Prometheus's scrape_timeout, so that it
    /// gets the answer that the server is down rather than none.
    /// </summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Writes a page.</summary>
    /// <param name="format">Of the page.</param>
    /// <param name="receive">Copies it, without waiting for the scraper: others wait for their turn.</param>
    /// <param name="cancellation">The scraper has gone.</param>
    public async Task WriteAsync(MetricsFormat format, Func<ReadOnlyMemory<byte>, Task> receive, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            var kept = _pages[(int)format];
            if (kept.At is not { } at || time.GetElapsedTime(at) >= s_fresh) await RenewAsync(kept, cancellation);
            await receive(kept.Text.Written);
        }
        finally
        {
            _turn.Release();
        }
    }

    async Task RenewAsync(Kept kept, CancellationToken cancellation)
    {
        try
        {
            page.Write(kept.Text, await collector.Take().WaitAsync(Patience, cancellation));
        }
        catch (TimeoutException)
        {
            MetricsPage.WriteDown(kept.Text);
        }
        kept.At = time.GetTimestamp();
    }

    public void Dispose() => _turn.Dispose();
}
