namespace MiniRedis.Server.Scripts;

/// <summary>What a script says of itself: in its first line, or where a library registers a function.</summary>
[Flags]
enum ScriptFlags : byte
{
    None = 0,

    /// <summary>It changes nothing. It may run on replicas, while clients are paused, and beyond maxmemory.</summary>
    NoWrites = 1,

    /// <summary>It may run beyond maxmemory.</summary>
    AllowOom = 2,

    /// <summary>It may run on a replica whose data are stale.</summary>
    AllowStale = 4,

    /// <summary>It does not run in a cluster.</summary>
    NoCluster = 8,

    /// <summary>It may use keys of several slots.</summary>
    AllowCrossSlotKeys = 16,

    /// <summary>Not a word of the script's: it has no first line of that kind, so that each of its commands is checked by itself.</summary>
    Undeclared = 32,
}

/// <summary>The words for <see cref="ScriptFlags"/>.</summary>
static class ScriptFlagNames
{
    static readonly (ScriptFlags Flag, byte[] Name)[] s_names =
    [
        (ScriptFlags.NoWrites, "no-writes"u8.ToArray()), (ScriptFlags.AllowOom, "allow-oom"u8.ToArray()),
        (ScriptFlags.AllowStale, "allow-stale"u8.ToArray()), (ScriptFlags.NoCluster, "no-cluster"u8.ToArray()),
        (ScriptFlags.AllowCrossSlotKeys, "allow-cross-slot-keys"u8.ToArray()),
    ];

    /// <summary>All flags that scripts can name, in the order in which FUNCTION LIST shows them.</summary>
    public static ReadOnlySpan<(ScriptFlags Flag, byte[] Name)> All => s_names;

    /// <summary>The flag of a word; <see cref="ScriptFlags.None"/> if there is none.</summary>
    public static ScriptFlags Find(ReadOnlySpan<byte> word, bool ignoreCase = false)
    {
        foreach (var (flag, name) in s_names)
        {
            if (ignoreCase ? Text.Ascii.EqualsIgnoreCase(word, name) : word.SequenceEqual(name)) return flag;
        }
        return ScriptFlags.None;
    }
}
