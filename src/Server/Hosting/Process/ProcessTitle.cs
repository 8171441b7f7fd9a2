using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Hosting.Process;

/// <summary>What ps shows of the server: "miniredis *:6379" (set-proc-title, proc-title-template).</summary>
static class ProcessTitle
{
    /// <summary>Shows the title, and again whenever its template changes. For a process that is one server.</summary>
    public static void Follow(ConfigService service)
    {
        if (!service.Config.Process.SetProcTitle) return;
        string? Show(ServerConfig config)
        {
            var title = Of(config, ConfigText.FromUnicode(ArgumentArea.Program), ConfigText.FromUnicode(service.FilePath ?? ""));
            ArgumentArea.Write(ConfigText.ToBytes(title));
            return null;
        }
        Show(service.Config);
        service.OnApply(Show, "proc-title-template");
    }

    /// <summary>The template with its variables replaced. It has been checked: each is known and closed.</summary>
    public static string Of(ServerConfig config, string program, string configFile)
    {
        var template = config.Process.ProcTitleTemplate.AsSpan();
        var title = new StringBuilder();
        while (template.IndexOf('{') is var open and >= 0)
        {
            title.Append(template[..open]);
            template = template[(open + 1)..];
            if (template.StartsWith('{'))
            {
                title.Append('{');
                template = template[1..];
                continue;
            }
            var close = template.IndexOf('}');
            title.Append(Value(template[..close], config, program, configFile));
            template = template[(close + 1)..];
        }
        return title.Append(template).ToString().Trim(' ');
    }

    static string Value(ReadOnlySpan<char> name, ServerConfig config, string program, string configFile) => name switch
    {
        "title" => program,
        "listen-addr" => Address(config),
        "server-mode" => config.Cluster.ClusterEnabled ? "[cluster]" : config.SentinelMode ? "[sentinel]" : "",
        "port" => config.Network.Port.ToString(CultureInfo.InvariantCulture),
        "tls-port" => config.Tls.TlsPort.ToString(CultureInfo.InvariantCulture),
        "unixsocket" => config.Network.UnixSocket,
        _ => configFile,
    };

    /// <summary>The first address, with the plain port if there is one.</summary>
    static string Address(ServerConfig config)
    {
        var port = config.Network.Port != 0 ? config.Network.Port : config.Tls.TlsPort;
        if (port == 0) return "unixsocket:" + config.Network.UnixSocket;
        return $"{(config.Network.Bind is [var first, ..] ? first : "*")}:{port.ToString(CultureInfo.InvariantCulture)}";
    }
}
