namespace MiniRedis.Storage;

/// <summary>Up to where each kind of collection keeps its small form: the *-max-listpack-* directives and their like.</summary>
public readonly record struct CollectionLimits(ListLimits Lists, SetLimits Sets, SortedSetLimits SortedSets, HashLimits Hashes);
