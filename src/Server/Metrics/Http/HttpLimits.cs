namespace MiniRedis.Server.Metrics.Http;

/// <summary>Bounds of the HTTP server. Scrapers and probes are few, and their requests short.</summary>
static class HttpLimits
{
    /// <summary>
    /// Connections at a time: two Prometheus servers, probes and a curious person, twice over. Each costs a descriptor and two buffers
    /// of 4 KB.
    /// </summary>
    public const int Connections = 16;

    /// <summary>Descriptors of the whole: the connections, the sockets that listen, and the runtime's own that wait for them.</summary>
    public const int Descriptors = Connections + 6;

    /// <summary>Bytes of a request's line, and of all its headers. Prometheus's request has about 400, a browser's with cookies 2,000.</summary>
    public const int LineBytes = 1024, HeaderBytes = 8 * 1024;

    public const int Headers = 48;

    /// <summary>How long the headers, or a handshake, may take.</summary>
    public static readonly TimeSpan Arrival = TimeSpan.FromSeconds(5);

    /// <summary>How long a silent connection is kept: longer than Prometheus's scrape_interval of a minute.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(90);
}
