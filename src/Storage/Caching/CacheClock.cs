namespace MiniRedis.Storage.Caching;

/// <summary>
/// The clock of cache versions: microseconds of unix time that never run back, whatever the system's clock does. Writes and
/// purges stand on one scale: a value is dead if a purge of one of its tags has a version above the value's.
/// </summary>
/// <remarks>
/// One a keyspace, used by its thread. Versions stay below 2^53, which a double holds, until the year 2255. The value is saved and
/// replicated: a server that takes over goes on above it.
/// </remarks>
public sealed class CacheClock
{
    /// <summary>The latest version that was given out; 0 before the first.</summary>
    public long Value { get; private set; }

    /// <summary>The version of a purge: above all versions before it.</summary>
    /// <param name="nowMicros">Microseconds of unix time.</param>
    public long Next(long nowMicros) => Value = Math.Max(Value + 1, nowMicros);

    /// <summary>The version of a value that is written now: no purge so far has a version above it.</summary>
    /// <param name="nowMicros">Microseconds of unix time.</param>
    public long Touch(long nowMicros) => Value = Math.Max(Value, nowMicros);

    /// <summary>Goes on from <paramref name="version"/>, if that is later: a version that another server gave out, or a file holds.</summary>
    public void RaiseTo(long version) => Value = Math.Max(Value, version);
}
