namespace MiniRedis.Server.Lifecycle;

/// <summary>What this server calls itself.</summary>
static class ServerVersion
{
    /// <summary>The version of Redis whose behaviour is followed; clients switch features by it.</summary>
    public const string Redis = "7.4.0";

    /// <summary>Our own version: that of Directory.Build.props, which a test compares.</summary>
    public const string Own = "0.1.0";
}
