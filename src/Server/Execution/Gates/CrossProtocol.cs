using MiniRedis.Server.Clients;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Timing;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Tls;
using Ascii = MiniRedis.Server.Text.Ascii;

namespace MiniRedis.Server.Execution.Gates;

/// <summary>
/// Ends connections that speak HTTP. A web page can have its visitor's browser post text to a port of the visitor's own machine; a server
/// that answers each header with an error and reads on would run the body. Every such request has a line that begins with POST or Host:,
/// and behind it nothing runs. A client that speaks TLS to the port without it is told of in the log too. Under the executor's lock.
/// </summary>
sealed class CrossProtocol(Clock clock, ServerLog log)
{
    /// <summary>Between two lines of the log, as Redis has it: who attacks must not fill a disk.</summary>
    const long QuietMilliseconds = 60_000;

    long? _loggedAt, _tlsLoggedAt;

    /// <summary>Whether a request's first word is one that HTTP has.</summary>
    public static bool Begins(ReadOnlySpan<byte> word) =>
        Ascii.EqualsIgnoreCase(word, "post"u8) || Ascii.EqualsIgnoreCase(word, "host:"u8);

    /// <summary>Whether bytes are the beginning of a TLS handshake: a record of type 22, of a version 3.x (RFC 8446, section 5.1).</summary>
    public static bool IsTls(ReadOnlySpan<byte> bytes) => bytes is [HandshakeLimits.RecordType, 3, ..];

    /// <summary>Closes the connection of a client that speaks TLS where nobody does.</summary>
    public void RefuseTls(Client client)
    {
        client.Connection.CloseLocked(CloseMode.AtOnce, "TLS on the port without it");
        if (MayLog(ref _tlsLoggedAt)) log.TlsOnPlainPort(client.Connection.Remote);
    }

    /// <summary>Closes the connection at once: what was answered before is not sent either.</summary>
    public void Refuse(Client client)
    {
        client.Connection.CloseLocked(CloseMode.AtOnce, "cross protocol scripting");
        if (MayLog(ref _loggedAt)) log.CrossProtocol(client.Connection.Remote);
    }

    bool MayLog(ref long? loggedAt)
    {
        // The clock of the machine may be set back.
        if (loggedAt is { } last && Math.Abs(clock.Now - last) <= QuietMilliseconds) return false;
        loggedAt = clock.Now;
        return true;
    }
}
