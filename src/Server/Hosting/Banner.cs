using System.Globalization;

namespace MiniRedis.Server.Hosting;

/// <summary>The start-up banner. Its lines "Port:" and "PID:" are read by scripts and test suites.</summary>
static class Banner
{
    public static string Text(string version, string redisVersion, string mode, int port) => string.Create(CultureInfo.InvariantCulture, $"""

             ___  ___
            /  _\/_  \      MiniRedis {version} ({IntPtr.Size * 8} bit), compatible with Redis {redisVersion}
            \__  __  /
            /  \/  \ \      Running in {mode} mode
            \___/\___/      Port: {port}
                            PID: {Environment.ProcessId}


        """);
}
