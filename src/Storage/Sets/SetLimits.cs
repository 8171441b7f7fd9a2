namespace MiniRedis.Storage.Sets;

/// <summary>Up to where a set stays small: <c>set-max-intset-entries</c>, <c>set-max-listpack-entries</c>, <c>set-max-listpack-value</c>.</summary>
public readonly record struct SetLimits(long IntsetEntries, long ListpackEntries, long ListpackValue);
