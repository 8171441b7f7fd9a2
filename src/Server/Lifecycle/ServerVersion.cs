using System.Reflection;

namespace MiniRedis.Server.Lifecycle;

/// <summary>What this server calls itself.</summary>
static class ServerVersion
{
    /// <summary>The version of Redis whose behaviour is followed; clients switch features by it.</summary>
    public const string Redis = "7.4.0";

    /// <summary>Our own version.</summary>
    public static string Own { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
