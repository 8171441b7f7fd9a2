using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Metrics.Http;

/// <summary>
/// Who may read metrics: who knows the password or, as long as there is none, what protected-mode lets in: this machine. The user and the
/// password are HTTP's alone; they open nothing else.
/// </summary>
/// <remarks>Any thread.</remarks>
sealed class MetricsAccess(MetricsSettings settings, NetworkSettings network)
{
    public enum Verdict
    {
        Welcome,

        /// <summary>It may try again with a password.</summary>
        AsksForPassword,

        /// <summary>Nobody from there is answered.</summary>
        Refused,
    }

    const string Scheme = "Basic ";

    /// <summary>Bytes of credentials that are looked at: more than a header of a request can have (<see cref="HttpLimits"/>).</summary>
    const int MostBytes = HttpLimits.HeaderBytes;

    /// <param name="from">The peer's address.</param>
    /// <param name="authorization">The header; null if it is missing or there are several.</param>
    public Verdict Judge(IPAddress? from, string? authorization)
    {
        // Read once each: CONFIG SET may change them meanwhile.
        var (user, password) = (settings.MetricsUser, settings.MetricsPassword);
        if (password.Length > 0)
            return Matches(authorization, ConfigText.ToBytes($"{user}:{password}")) ? Verdict.Welcome : Verdict.AsksForPassword;
        return network.ProtectedMode && !IsThisMachine(from) ? Verdict.Refused : Verdict.Welcome;
    }

    static bool IsThisMachine(IPAddress? from) =>
        from is not null && IPAddress.IsLoopback(from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from);

    /// <summary>
    /// Compares in a time that depends on nothing that a guess could learn from: neither on where the first difference is, nor on the
    /// length of the password.
    /// </summary>
    static bool Matches(string? authorization, ReadOnlySpan<byte> expected)
    {
        if (authorization is null || !authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return false;
        if (authorization.Length > MostBytes || expected.Length > MostBytes) return false;
        Span<byte> given = stackalloc byte[MostBytes], wanted = stackalloc byte[MostBytes];
        given.Clear();
        wanted.Clear();
        expected.CopyTo(wanted);
        Span<byte> encoded = stackalloc byte[MostBytes];
        var length = Encoding.Latin1.GetBytes(authorization.AsSpan(Scheme.Length).Trim(), encoded);
        if (Base64.DecodeFromUtf8(encoded[..length], given, out _, out var decoded) != OperationStatus.Done) return false;
        // What follows is zero in both. A zero byte at the end of a guess makes it longer, so lengths are compared too.
        return CryptographicOperations.FixedTimeEquals(given, wanted) & decoded == expected.Length;
    }
}
