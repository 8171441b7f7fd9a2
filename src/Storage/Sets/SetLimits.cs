namespace MiniRedis.Storage.Sets;

/// <summary>
/// The limits up to which a set stays small: <c>set-max-intset-entries</c>, <c>set-max-listpack-entries</c>,
/// <c>set-max-listpack-value</c>.
/// </summary>
public readonly record struct SetLimits(long IntsetEntries, long ListpackEntries, long ListpackValue);
