namespace MiniRedis.Storage.Rdb;

/// <summary>The names that redis-check-rdb gives to the forms of values.</summary>
public static class RdbTypeNames
{
    public static string Of(RdbType type) => type switch
    {
        RdbType.String => "string",
        RdbType.List => "list-linked",
        RdbType.Set => "set-hashtable",
        RdbType.SortedSet => "zset-v1",
        RdbType.Hash => "hash-hashtable",
        RdbType.SortedSet2 => "zset-v2",
        RdbType.Module or RdbType.Module2 => "module-value",
        RdbType.HashZipMap => "hash-zipmap",
        RdbType.ListZipList => "list-ziplist",
        RdbType.SetIntSet => "set-intset",
        RdbType.SortedSetZipList => "zset-ziplist",
        RdbType.HashZipList => "hash-ziplist",
        RdbType.ListQuickList => "quicklist",
        RdbType.Stream => "stream",
        RdbType.HashListPack => "hash-listpack",
        RdbType.SortedSetListPack => "zset-listpack",
        RdbType.ListQuickList2 => "quicklist-v2",
        RdbType.Stream2 => "stream-v2",
        RdbType.SetListPack => "set-listpack",
        RdbType.Stream3 => "stream-v3",
        RdbType.HashMetadataPreGa or RdbType.HashMetadata => "hash-hashtable-md",
        RdbType.HashListPackExPreGa or RdbType.HashListPackEx => "hash-listpack-md",
        RdbType.ValkeyHash => "hash-hashtable-with-expiry",
        _ => "unknown",
    };
}
