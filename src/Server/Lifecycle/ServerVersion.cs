namespace MiniRedis.Server.Lifecycle;

/// <summary>The versions that this server reports.</summary>
static class ServerVersion
{
    /// <summary>The version of Redis that this server follows. Clients enable features by it.</summary>
    public const string Redis = "7.4.0";

    /// <summary>Our own version: that of Directory.Build.props, which a test compares.</summary>
    public const string Own = "0.1.0";
}
