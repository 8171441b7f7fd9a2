using System.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Bus;

/// <summary>
/// nodes.conf (cluster-config-file): what a node must not forget. It is replaced as a whole. A lock beside it keeps other nodes of the same
/// file away for as long as this server lives; on the file itself it would be gone with the first replacement.
/// </summary>
sealed class NodesFile(ServerConfig config) : IDisposable
{
    LockFile? _lock;

    public string Name => config.Cluster.ClusterConfigFile;

    string Path => config.Persistence.PathOf(Name);

    /// <summary>False if another node has it.</summary>
    /// <exception cref="IOException">It cannot be told.</exception>
    public bool TryLock() => (_lock ??= LockFile.TryTake(Path + ".lock")) is not null;

    /// <summary>The text of the file; null if there is none, or an empty one.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public string? Read()
    {
        if (Disk.KindOf(Path) == PathKind.Nothing) return null;
        var bytes = Disk.ReadAll(Path);
        return bytes.Length == 0 ? null : Encoding.Latin1.GetString(bytes);
    }

    /// <param name="text">What the file is to hold.</param>
    /// <param name="sync">Whether the disk must have it when this returns.</param>
    /// <exception cref="IOException">It cannot be replaced; the old one is then still in place.</exception>
    public void Write(string text, bool sync) => WholeFile.Write(Path, Encoding.Latin1.GetBytes(text), sync);

    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }
}
