namespace MiniRedis.Storage.Hashes;

/// <summary>
/// The limits up to which a hash stays small: <c>hash-max-listpack-entries</c> and <c>hash-max-listpack-value</c>.
/// </summary>
public readonly record struct HashLimits(long Entries, long ValueLength);
