using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Lists;
using MiniRedis.Storage.Sets;
using MiniRedis.Storage.SortedSets;

namespace MiniRedis.Storage.RdbValues;

/// <summary>
/// The limits up to which each kind of collection keeps its small form: the *-max-listpack-* directives and their like.
/// </summary>
public readonly record struct CollectionLimits(ListLimits Lists, SetLimits Sets, SortedSetLimits SortedSets, HashLimits Hashes);
