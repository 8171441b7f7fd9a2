namespace MiniRedis.Resp;

/// <summary>The names under which COMMAND INFO, COMMAND DOCS and ACL show flags, groups and categories.</summary>
public static class FlagNames
{
    private static readonly (CommandFlags Flag, string Name)[] Commands =
    [
        // In the order Redis prints them; flags missing here are hidden by Redis too.
        (CommandFlags.Write, "write"),
        (CommandFlags.ReadOnly, "readonly"),
        (CommandFlags.DenyOom, "denyoom"),
        (CommandFlags.Module, "module"),
        (CommandFlags.Admin, "admin"),
        (CommandFlags.PubSub, "pubsub"),
        (CommandFlags.NoScript, "noscript"),
        (CommandFlags.Blocking, "blocking"),
        (CommandFlags.Loading, "loading"),
        (CommandFlags.Stale, "stale"),
        (CommandFlags.SkipMonitor, "skip_monitor"),
        (CommandFlags.SkipSlowlog, "skip_slowlog"),
        (CommandFlags.Asking, "asking"),
        (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuth, "no_auth"),
        (CommandFlags.NoMandatoryKeys, "no_mandatory_keys"),
        (CommandFlags.NoAsyncLoading, "no_async_loading"),
        (CommandFlags.NoMulti, "no_multi"),
        (CommandFlags.MovableKeys, "movablekeys"),
        (CommandFlags.AllowBusy, "allow_busy"),
    ];

    private static readonly (KeyFlags Flag, string Name)[] Keys =
    [
        (KeyFlags.RO, "RO"),
        (KeyFlags.RW, "RW"),
        (KeyFlags.OW, "OW"),
        (KeyFlags.RM, "RM"),
        (KeyFlags.Access, "access"),
        (KeyFlags.Update, "update"),
        (KeyFlags.Insert, "insert"),
        (KeyFlags.Delete, "delete"),
        (KeyFlags.NotKey, "not_key"),
        (KeyFlags.Incomplete, "incomplete"),
        (KeyFlags.VariableFlags, "variable_flags"),
    ];

    private static readonly (AclCategory Category, string Name)[] Categories =
    [
        (AclCategory.Keyspace, "keyspace"),
        (AclCategory.Read, "read"),
        (AclCategory.Write, "write"),
        (AclCategory.Set, "set"),
        (AclCategory.SortedSet, "sortedset"),
        (AclCategory.List, "list"),
        (AclCategory.Hash, "hash"),
        (AclCategory.String, "string"),
        (AclCategory.Bitmap, "bitmap"),
        (AclCategory.HyperLogLog, "hyperloglog"),
        (AclCategory.Geo, "geo"),
        (AclCategory.Stream, "stream"),
        (AclCategory.PubSub, "pubsub"),
        (AclCategory.Admin, "admin"),
        (AclCategory.Fast, "fast"),
        (AclCategory.Slow, "slow"),
        (AclCategory.Blocking, "blocking"),
        (AclCategory.Dangerous, "dangerous"),
        (AclCategory.Connection, "connection"),
        (AclCategory.Transaction, "transaction"),
        (AclCategory.Scripting, "scripting"),
        (AclCategory.Cache, "cache"),
    ];

    private static readonly string[] Groups =
    [
        "generic", "string", "list", "set", "sorted-set", "hash", "pubsub", "transactions", "connection", "server",
        "scripting", "hyperloglog", "cluster", "sentinel", "geo", "stream", "bitmap", "cache",
    ];

    private static readonly string[] ArgTypes =
        ["string", "integer", "double", "key", "pattern", "unix-time", "pure-token", "oneof", "block"];

    /// <summary>Every category with its name (without '@'), in the order of ACL CAT.</summary>
    public static ReadOnlySpan<(AclCategory Category, string Name)> AclCategories => Categories;

    public static IEnumerable<string> Of(CommandFlags flags) => Commands.Where(f => (flags & f.Flag) != 0).Select(f => f.Name);

    public static IEnumerable<string> Of(KeyFlags flags) => Keys.Where(f => (flags & f.Flag) != 0).Select(f => f.Name);

    /// <summary>Without the '@' that COMMAND INFO puts before them.</summary>
    public static IEnumerable<string> Of(AclCategory categories) =>
        Categories.Where(c => (categories & c.Category) != 0).Select(c => c.Name);

    public static string Of(CommandGroup group) => Groups[(int)group];

    public static string Of(ArgType type) => ArgTypes[(int)type];

    /// <summary>The category named <paramref name="name"/> (without '@', any case).</summary>
    public static bool TryParseCategory(string name, out AclCategory category)
    {
        foreach ((AclCategory candidate, string text) in Categories)
        {
            if (!text.Equals(name, StringComparison.OrdinalIgnoreCase)) continue;
            category = candidate;
            return true;
        }

        category = AclCategory.None;
        return false;
    }
}
