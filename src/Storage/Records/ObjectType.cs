namespace MiniRedis.Storage.Records;

/// <summary>What a key holds. The numbers are Redis's OBJ_* (5, a module's type, does not occur here).</summary>
public enum ObjectType : byte
{
    String = 0,
    List = 1,
    Set = 2,
    SortedSet = 3,
    Hash = 4,
    Stream = 6,
}
