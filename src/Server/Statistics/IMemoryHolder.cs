namespace MiniRedis.Server.Statistics;

/// <summary>A part of the server that holds memory outside the keyspace, for <see cref="MemoryUsage"/> to add up.</summary>
interface IMemoryHolder
{
    /// <summary>Bytes held at this moment. Under the executor's lock.</summary>
    long MemoryBytes { get; }
}
