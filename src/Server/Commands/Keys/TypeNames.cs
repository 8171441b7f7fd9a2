using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>The names of types, as TYPE answers them and SCAN's TYPE option takes them.</summary>
static class TypeNames
{
    public static ReadOnlySpan<byte> Of(ObjectType type) => type switch
    {
        ObjectType.String => "string"u8,
        ObjectType.List => "list"u8,
        ObjectType.Set => "set"u8,
        ObjectType.SortedSet => "zset"u8,
        ObjectType.Hash => "hash"u8,
        ObjectType.Stream => "stream"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>Finds a type by its name in any case.</summary>
    public static bool TryParse(ReadOnlySpan<byte> name, out ObjectType type)
    {
        foreach (var candidate in Enum.GetValues<ObjectType>())
        {
            if (!Ascii.EqualsIgnoreCase(name, Of(candidate))) continue;
            type = candidate;
            return true;
        }
        type = default;
        return false;
    }
}
