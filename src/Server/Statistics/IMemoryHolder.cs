namespace MiniRedis.Server.Statistics;

/// <summary>A part of the server that holds memory outside the keyspace. <see cref="MemoryUsage"/> adds it up.</summary>
interface IMemoryHolder
{
    /// <summary>Bytes held at this moment. Under the executor's lock.</summary>
    long MemoryBytes { get; }
}
