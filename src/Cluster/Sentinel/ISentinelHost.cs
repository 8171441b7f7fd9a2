namespace MiniRedis.Cluster.Sentinel;

/// <summary>What the machine asks its surroundings in the middle of a step. The answers decide nothing about safety.</summary>
public interface ISentinelHost
{
    /// <summary>
    /// The address of a hostname, or null. It is asked only with <c>resolve-hostnames yes</c>, and never for an address.
    /// </summary>
    string? Resolve(string hostname);

    /// <summary>Whether a script can be run.</summary>
    bool IsExecutable(string path);
}
