using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Bus;

/// <summary>The connection of a link of the bus. The machine knows the link by its number, and whose it is.</summary>
/// <remarks>Under the executor's lock.</remarks>
sealed class BusLink(long id)
{
    /// <summary>Objects around a link: itself, the connection, and their entries in tables. Redis counts its struct so.</summary>
    const int ObjectBytes = 512;

    public long Id => id;

    /// <summary>Null while it is being made.</summary>
    public Connection? Connection { get; set; }

    /// <summary>Bytes that wait to be sent.</summary>
    public long PendingBytes => Connection?.Output.PendingBytes ?? 0;

    /// <summary>Bytes of memory of what waits to be sent.</summary>
    public long OutputBytes => Connection?.Output.MemoryBytes ?? 0;

    /// <summary>Bytes of memory of the whole link.</summary>
    public long MemoryBytes => ObjectBytes + OutputBytes + (Connection?.Input.OwnCapacity ?? 0);
}
