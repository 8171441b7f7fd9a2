using System.Buffers;
using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

/// <summary>Checks of values beyond their type. Each returns null or the error text.</summary>
internal static class ConfigChecks
{
    /// <summary>Longest host name and its terminator in a cluster bus packet: NET_HOST_STR_LEN of Redis.</summary>
    const int HostnameLimit = 256;

    // The second line is ours: these characters separate the fields of a line of nodes.conf.
    static readonly SearchValues<char> NotInNodeNames = SearchValues.Create(
        "!#$%&()*+;<>?@[]^{|}~"
        + " ,=\t\n\v\f\r\0");

    static readonly string[] ProcTitleVariables =
        ["title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file"];

    public static string? FileName(string directive, string what, string value)
    {
        if (value.Length == 0) return ConfigErrors.Empty(directive);
        return value.AsSpan().ContainsAny('/', '\\') ? ConfigErrors.NotAFileName(directive, what) : null;
    }

    public static string? ShutdownFlags(ShutdownFlags flags) =>
        flags.HasFlag(Settings.ShutdownFlags.Save | Settings.ShutdownFlags.NoSave) ? ConfigErrors.SaveAndNoSave : null;

    public static string? Hostname(string value)
    {
        if (value.Length >= HostnameLimit) return ConfigErrors.HostnameTooLong;
        return value.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? null : ConfigErrors.HostnameCharacters;
    }

    /// <summary>
    /// A node's name is a field of a line of nodes.conf. It may hold neither characters that Redis reserves there nor separators
    /// of fields.
    /// </summary>
    public static string? NodeName(string value) =>
        value.AsSpan().ContainsAny(NotInNodeNames) ? ConfigErrors.NodeNameCharacters : null;

    public static string? IpV4(string value) => IsAddress(value, AddressFamily.InterNetwork) ? null : ConfigErrors.InvalidIpV4;

    public static string? IpV6(string value) => IsAddress(value, AddressFamily.InterNetworkV6) ? null : ConfigErrors.InvalidIpV6;

    // IPAddress.TryParse also takes "1.2" and "0x7f000001", which inet_pton(3) does not: the text must be the canonical quad.
    static bool IsAddress(string value, AddressFamily family) =>
        value.Length == 0
        || (IPAddress.TryParse(value, out var address) && address.AddressFamily == family
            && (family == AddressFamily.InterNetworkV6 || address.ToString() == value));

    /// <summary>HTTP's basic authentication has a colon between user and password (RFC 7617).</summary>
    public static string? HttpUser(string value) => value.Contains(':', StringComparison.Ordinal) ? ConfigErrors.UserWithColon : null;

    /// <summary>Every {name} must be known and closed, "{{" is a brace, and the title may not come out empty.</summary>
    public static string? ProcTitleTemplate(string template)
    {
        if (template.Trim(' ').Length == 0) return ConfigErrors.ProcTitleTemplate;
        for (var rest = template.AsSpan(); ;)
        {
            var open = rest.IndexOf('{');
            if (open < 0) return null;
            rest = rest[(open + 1)..];
            if (rest.StartsWith("{")) { rest = rest[1..]; continue; }
            var close = rest.IndexOf('}');
            if (close < 0 || !ProcTitleVariables.Contains(rest[..close].ToString())) return ConfigErrors.ProcTitleTemplate;
            rest = rest[(close + 1)..];
        }
    }
}
