using System.Reflection;

namespace MiniRedis.Server.Lifecycle;

/// <summary>The versions that this server reports.</summary>
static class ServerVersion
{
    /// <summary>The version of Redis that this server follows. Clients enable features by it.</summary>
    public const string Redis = "7.4.0";

    /// <summary>Our own version.</summary>
    public static string Own { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
