using System.Buffers;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// Answers HTTP requests: /metrics, /healthz and /readyz. It stands directly on Kestrel, without routing, middleware or contexts: three
/// paths need none, and none of it is then in the executable.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class MetricsEndpoint(Scrapes scrapes, Health health, MetricsAccess access, ServerLog log) : IHttpApplication<IFeatureCollection>
{
    const string PlainText = "text/plain; charset=utf-8";

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        try
        {
            await AnswerAsync(context);
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            // The scraper has gone.
        }
        catch (Exception failure)
        {
            log.ScrapeFailed(failure);
            // Kestrel answers 500, or cuts the connection if the answer has begun.
            throw;
        }
    }

    Task AnswerAsync(IFeatureCollection context)
    {
        var request = context.GetRequiredFeature<IHttpRequestFeature>();
        if (request.Method is not ("GET" or "HEAD"))
        {
            Response(context).Headers.Allow = "GET, HEAD";
            return Write(context, HttpStatusCode.MethodNotAllowed, "only GET\n");
        }
        return request.Path switch
        {
            "/metrics" => MetricsAsync(context, request),
            "/healthz" => HealthAsync(context, health.WhyNotAlive),
            "/readyz" => HealthAsync(context, health.WhyNotReady),
            _ => Write(context, HttpStatusCode.NotFound, "see /metrics, /healthz, /readyz\n"),
        };
    }

    // Without a password: it tells one word, and probes of containers can't keep a secret.
    static Task HealthAsync(IFeatureCollection context, string? problem) => problem is null
        ? Write(context, HttpStatusCode.OK, "ok\n")
        : Write(context, HttpStatusCode.ServiceUnavailable, problem + "\n");

    async Task MetricsAsync(IFeatureCollection context, IHttpRequestFeature request)
    {
        var from = context.GetRequiredFeature<IHttpConnectionFeature>().RemoteIpAddress;
        var authorization = request.Headers.Authorization;
        switch (access.Judge(from, authorization.Count == 1 ? authorization[0] : null))
        {
            case MetricsAccess.Verdict.AsksForPassword:
                Response(context).Headers.WWWAuthenticate = "Basic realm=\"miniredis\", charset=\"UTF-8\"";
                await Write(context, HttpStatusCode.Unauthorized, "a password is needed\n");
                return;
            case MetricsAccess.Verdict.Refused:
                await Write(context, HttpStatusCode.Forbidden, "protected-mode is on and metrics-password is not set\n");
                return;
        }
        var format = Wanted(request.Headers.Accept);
        var response = Response(context);
        response.Headers.ContentType = ContentType(format);
        response.Headers.Vary = HeaderNames.Accept;
        var body = context.GetRequiredFeature<IHttpResponseBodyFeature>();
        var cancellation = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        await scrapes.WriteAsync(format, async page =>
        {
            response.Headers.ContentLength = page.Length;
            // Not before the headers are written: Kestrel would keep the body in an array of the collected heap.
            await body.StartAsync(cancellation);
            body.Writer.Write(page.Span);
        }, cancellation);
        // A slow reader keeps no other scraper waiting: the page is copied by now.
        await body.Writer.FlushAsync(cancellation);
    }

    public static string ContentType(MetricsFormat format) => format == MetricsFormat.OpenMetrics
        ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
        : "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>
    /// The format that a scraper asks for: OpenMetrics if it names it with no less weight than plain text, Prometheus's own otherwise.
    /// </summary>
    public static MetricsFormat Wanted(StringValues accept)
    {
        double openMetrics = 0, plain = 0;
        if (!MediaTypeHeaderValue.TryParseList(accept, out var types)) return MetricsFormat.Prometheus;
        foreach (var type in types)
        {
            var weight = type.Quality ?? 1;
            if (type.MediaType == "text/plain") plain = Math.Max(plain, weight);
            if (type.MediaType == "application/openmetrics-text" && IsOurs(type)) openMetrics = Math.Max(openMetrics, weight);
        }
        return openMetrics > 0 && openMetrics >= plain ? MetricsFormat.OpenMetrics : MetricsFormat.Prometheus;
    }

    static bool IsOurs(MediaTypeHeaderValue type)
    {
        foreach (var parameter in type.Parameters)
            if (parameter.Name == "version") return parameter.GetUnescapedValue() == "1.0.0";
        return true;
    }

    static IHttpResponseFeature Response(IFeatureCollection context) => context.GetRequiredFeature<IHttpResponseFeature>();

    static async Task Write(IFeatureCollection context, HttpStatusCode status, string text)
    {
        var response = Response(context);
        response.StatusCode = (int)status;
        response.Headers.ContentType = PlainText;
        response.Headers.ContentLength = text.Length;
        var body = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        Encoding.ASCII.GetBytes(text, body);
        await body.FlushAsync();
    }
}
