using System.Runtime.CompilerServices;

namespace MiniRedis.Resp;

/// <summary>
/// The declaration of a command: everything but its handler. COMMAND and its subcommands, ACL categories, routing by key and the
/// gates before execution are derived from it.
/// </summary>
/// <remarks>Built by object initializer and not changed once it is in a <see cref="CommandTable{T}"/>; then any thread may read.</remarks>
public class CommandSpec
{
    private CommandSpec[] _subcommands = [];
    private CommandFlags _flags;
    private bool _derived;
    private AclCategory _categories;
    private string? _fullName;
    private int _firstKey, _lastKey, _keyStep;
    private KeySpec? _loneKey;
    private bool _hasKeys, _hasLoneKey;

    /// <summary>In upper case; a subcommand's own part only ("LIST" of CLIENT LIST).</summary>
    public required string Name { get; init; }

    public required CommandGroup Group { get; init; }

    /// <summary>Version of Redis, or of Valkey, that introduced it; of a command of our own, our version.</summary>
    public required string Since { get; init; }

    public string Complexity { get; init; } = "";

    public required string Summary { get; init; }

    /// <summary>Arguments with the command's name (and container's): exactly so many, or at least so many if negative.</summary>
    public required int Arity { get; init; }

    /// <summary>As declared; <see cref="CommandFlags.MovableKeys"/> is added when the specs are entered into a table.</summary>
    public CommandFlags Flags
    {
        get => _flags;
        init => _flags = value;
    }

    public KeySpec[] Keys { get; init; } = [];

    /// <summary>The channels that a user needs rights to; null if it names none.</summary>
    public ChannelSpec? Channels { get; init; }

    /// <summary>The databases that it reaches beside the selected one; null if none.</summary>
    public DatabaseSpec? Databases { get; init; }

    public Arg[] Args { get; init; } = [];

    /// <summary>Makes this a container: the second argument selects one of these.</summary>
    public CommandSpec[] Subcommands
    {
        get => _subcommands;
        init
        {
            _subcommands = value;
            foreach (CommandSpec child in value) child.Parent = this;
        }
    }

    /// <summary>The container of a subcommand.</summary>
    public CommandSpec? Parent { get; private set; }

    /// <summary>Categories beyond those that flags and group imply, as Dangerous for KEYS.</summary>
    public AclCategory AclCategories { get; init; }

    /// <summary>
    /// False where Redis leaves out the category that the group implies, as Keyspace for SORT and WAIT. A container never
    /// has it.
    /// </summary>
    public bool InGroupCategory { get; init; } = true;

    /// <summary>Hints to proxies and clients, as "nondeterministic_output" and "request_policy:all_shards".</summary>
    public string[] Tips { get; init; } = [];

    public (string Version, string Change)[] History { get; init; } = [];

    public string? DeprecatedSince { get; init; }

    public string? ReplacedBy { get; init; }

    /// <summary>Whether a call may go without a reply: those of replicas to their master.</summary>
    public bool MayStaySilent { get; init; }

    /// <summary>Internal to the server, as REPLCONF.</summary>
    public bool IsSysCmd { get; init; }

    public Propagation Propagates { get; init; }

    /// <summary>Finds the keys where specs cannot, or where what is done to them depends on the arguments.</summary>
    public KeyFinder? GetKeys { get; init; }

    /// <summary>Finds prefixes, which stand for all keys that begin so: a user needs rights to all of them. Null for a command without.</summary>
    public PrefixFinder? GetPrefixes { get; init; }

    /// <summary>In lower case, a subcommand's with its container's: "client|list", as ACL and error texts show it.</summary>
    public string FullName => _fullName ??= Parent is null ? Name.ToLowerInvariant() : $"{Parent.FullName}|{Name.ToLowerInvariant()}";

    /// <summary>Drops the subcommands that are not included.</summary>
    protected void Keep(Predicate<CommandSpec> included) => _subcommands = Array.FindAll(_subcommands, included);

    public bool IsContainer => _subcommands.Length > 0;

    /// <summary>How it is treated between MULTI and EXEC.</summary>
    public InMulti InMulti { get; init; }

    /// <summary>Whether a RESP2 client may call it while it is subscribed to something.</summary>
    public bool RunsSubscribed { get; init; }

    /// <summary>Whether it has a handler. A container whose subcommands do the work has none.</summary>
    public bool IsCallable { get; protected init; }

    /// <summary>Index into tables with an entry for each command and subcommand; -1 until one is given out.</summary>
    public int Ordinal { get; set; } = -1;

    /// <summary>All ACL categories: declared, of the group, and of the flags. Source: setImplicitACLCategories.</summary>
    public AclCategory EffectiveAclCategories
    {
        get
        {
            if (!_derived) Derive();
            return _categories;
        }
    }

    /// <summary>First argument that is a key, for clients older than key specs; 0 if none.</summary>
    public int FirstKey
    {
        get
        {
            if (!_derived) Derive();
            return _firstKey;
        }
    }

    /// <summary>Last argument that is a key; negative counts from the end.</summary>
    public int LastKey
    {
        get
        {
            if (!_derived) Derive();
            return _lastKey;
        }
    }

    /// <summary>Distance between keys from <see cref="FirstKey"/> to <see cref="LastKey"/>.</summary>
    public int KeyStep
    {
        get
        {
            if (!_derived) Derive();
            return _keyStep;
        }
    }

    /// <summary>Its only key spec, if that finds one key at a fixed place; null otherwise.</summary>
    public KeySpec? LoneKey
    {
        get
        {
            if (!_derived) Derive();
            return _loneKey;
        }
    }

    /// <summary>
    /// Whether every call names one key, at the place of the only key spec. What it does with the key may depend on the other arguments
    /// (<see cref="KeyFlags.VariableFlags"/>), as in SET: <see cref="LoneKey"/> is null then.
    /// </summary>
    public bool HasLoneKey
    {
        get
        {
            if (!_derived) Derive();
            return _hasLoneKey;
        }
    }

    /// <summary>True if a call may name keys (sharded channels are not keys).</summary>
    public bool HasKeys
    {
        get
        {
            if (!_derived) Derive();
            return _hasKeys;
        }
    }

    /// <summary>
    /// Whether it reads or changes the selected database: by keys, or as a whole (SCAN, FLUSHDB). Access rights to databases ask for it.
    /// </summary>
    public bool UsesSelectedDatabase =>
        HasKeys || Databases is null && (EffectiveAclCategories & (AclCategory.Keyspace | AclCategory.Read | AclCategory.Write)) != 0;

    /// <summary>True if a request of <paramref name="count"/> arguments has an allowed number of them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool AcceptsCount(int count) => Arity >= 0 ? count == Arity : count >= -Arity;

    /// <summary>The subcommand of that name, any case, or null.</summary>
    public CommandSpec? FindSubcommand(ReadOnlySpan<byte> name)
    {
        foreach (CommandSpec child in _subcommands)
        {
            if (child.Name.Length == name.Length && System.Text.Ascii.EqualsIgnoreCase(name, child.Name)) return child;
        }

        return null;
    }

    /// <summary>Computes what follows from the declaration. Idempotent.</summary>
    internal void Derive()
    {
        _categories = DeriveCategories();
        _hasKeys = GetKeys is not null || Keys.Any(k => (k.Flags & KeyFlags.NotKey) == 0);
        if (Keys is [{ Begin: BeginSearch.Index, Find: FindKeys.Range, LastKey: 0 } only])
        {
            _loneKey = GetKeys is null ? only : null;
            _hasLoneKey = GetKeys is null || (only.Flags & KeyFlags.VariableFlags) != 0;
        }
        DeriveLegacyRange();
        _derived = true;
    }

    private AclCategory DeriveCategories()
    {
        AclCategory all = AclCategories;
        if (InGroupCategory && !IsContainer) all |= OfGroup(Group);
        if (Has(CommandFlags.Write)) all |= AclCategory.Write;
        // A read-only script is no read: each command that it calls is checked by itself.
        if (Has(CommandFlags.ReadOnly) && (all & AclCategory.Scripting) == 0) all |= AclCategory.Read;
        if (Has(CommandFlags.Admin)) all |= AclCategory.Admin | AclCategory.Dangerous;
        if (Has(CommandFlags.PubSub)) all |= AclCategory.PubSub;
        if (Has(CommandFlags.Blocking)) all |= AclCategory.Blocking;
        return all | (Has(CommandFlags.Fast) ? AclCategory.Fast : AclCategory.Slow);
    }

    private static AclCategory OfGroup(CommandGroup group) => group switch
    {
        CommandGroup.Generic => AclCategory.Keyspace,
        CommandGroup.String => AclCategory.String,
        CommandGroup.List => AclCategory.List,
        CommandGroup.Set => AclCategory.Set,
        CommandGroup.SortedSet => AclCategory.SortedSet,
        CommandGroup.Hash => AclCategory.Hash,
        CommandGroup.Transactions => AclCategory.Transaction,
        CommandGroup.Connection => AclCategory.Connection,
        CommandGroup.Scripting => AclCategory.Scripting,
        CommandGroup.HyperLogLog => AclCategory.HyperLogLog,
        CommandGroup.Geo => AclCategory.Geo,
        CommandGroup.Stream => AclCategory.Stream,
        CommandGroup.Bitmap => AclCategory.Bitmap,
        CommandGroup.Cache => AclCategory.Cache,
        // PubSub comes with its flag; server, cluster and Sentinel commands imply no category.
        _ => AclCategory.None,
    };

    /// <summary>
    /// Derives the one range of keys that clients knew before Redis 7. If one range does not cover the key specs, the keys are
    /// movable. Source: populateCommandLegacyRangeSpec.
    /// </summary>
    private void DeriveLegacyRange()
    {
        if (Keys is [{ Begin: BeginSearch.Index, Find: FindKeys.Range } only])
        {
            (_firstKey, _lastKey, _keyStep) = (only.Index, Absolute(only), only.Step);
            if ((only.Flags & KeyFlags.Incomplete) != 0) _flags |= CommandFlags.MovableKeys;
            return;
        }

        int first = int.MaxValue, last = 0, previous = 0;
        foreach (KeySpec key in Keys)
        {
            bool plain = key is { Begin: BeginSearch.Index, Find: FindKeys.Range, Step: 1 } && (previous == 0 || previous == key.Index - 1);
            if (!plain || (key.Flags & KeyFlags.Incomplete) != 0) _flags |= CommandFlags.MovableKeys;
            if (!plain) continue;
            first = Math.Min(first, key.Index);
            // Compared as unsigned numbers, so that -1, the last argument, is the largest.
            last = (int)Math.Max((uint)last, (uint)Absolute(key));
            previous = last;
        }

        if (first == int.MaxValue) return;
        (_firstKey, _lastKey, _keyStep) = (first, last, 1);
    }

    private static int Absolute(KeySpec key) => key.LastKey >= 0 ? key.Index + key.LastKey : key.LastKey;

    private bool Has(CommandFlags flag) => (_flags & flag) != 0;
}
