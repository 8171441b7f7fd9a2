namespace MiniRedis.Resp;

/// <summary>What a command does and where it may run. Names as COMMAND INFO prints them come from <see cref="FlagNames"/>.</summary>
[Flags]
public enum CommandFlags : long
{
    None = 0,

    /// <summary>May change the keyspace.</summary>
    Write = 1L << 0,

    /// <summary>Reads the keyspace and never changes it.</summary>
    ReadOnly = 1L << 1,

    /// <summary>May use more memory: refused when over <c>maxmemory</c>.</summary>
    DenyOom = 1L << 2,

    /// <summary>Comes from a module.</summary>
    Module = 1L << 3,

    /// <summary>Administration.</summary>
    Admin = 1L << 4,

    /// <summary>Publish/subscribe.</summary>
    PubSub = 1L << 5,

    /// <summary>Not allowed in scripts.</summary>
    NoScript = 1L << 6,

    /// <summary>May block its client.</summary>
    Blocking = 1L << 8,

    /// <summary>Allowed while the dataset is being loaded.</summary>
    Loading = 1L << 9,

    /// <summary>Allowed on a replica whose data are stale.</summary>
    Stale = 1L << 10,

    /// <summary>Not shown by MONITOR.</summary>
    SkipMonitor = 1L << 11,

    /// <summary>Not recorded by SLOWLOG.</summary>
    SkipSlowlog = 1L << 12,

    /// <summary>Accepted for a slot being imported without ASKING before it.</summary>
    Asking = 1L << 13,

    /// <summary>O(1) or O(log n).</summary>
    Fast = 1L << 14,

    /// <summary>Allowed before authentication.</summary>
    NoAuth = 1L << 15,

    /// <summary>May send to replicas though it writes nothing (PUBLISH, EVAL).</summary>
    MayReplicate = 1L << 16,

    /// <summary>Exists in Sentinel mode too.</summary>
    Sentinel = 1L << 17,

    /// <summary>Exists in Sentinel mode only.</summary>
    OnlySentinel = 1L << 18,

    /// <summary>May be called without its keys, as EVAL with numkeys 0.</summary>
    NoMandatoryKeys = 1L << 19,

    /// <summary>Needs <c>enable-debug-command</c> or <c>enable-module-command</c> (DEBUG, MODULE).</summary>
    Protected = 1L << 20,

    /// <summary>Not allowed during asynchronous loading.</summary>
    NoAsyncLoading = 1L << 23,

    /// <summary>Not allowed inside MULTI.</summary>
    NoMulti = 1L << 24,

    /// <summary>Keys are not a plain range of arguments. Derived from the key specs; never declared.</summary>
    MovableKeys = 1L << 25,

    /// <summary>Allowed while a script or a module runs too long.</summary>
    AllowBusy = 1L << 26,

    /// <summary>May touch keys it does not declare (SORT with BY, RANDOMKEY, SCAN).</summary>
    TouchesArbitraryKeys = 1L << 28,
}

/// <summary>ACL categories, in the order ACL CAT lists them.</summary>
[Flags]
public enum AclCategory : long
{
    None = 0,
    Keyspace = 1L << 0,
    Read = 1L << 1,
    Write = 1L << 2,
    Set = 1L << 3,
    SortedSet = 1L << 4,
    List = 1L << 5,
    Hash = 1L << 6,
    String = 1L << 7,
    Bitmap = 1L << 8,
    HyperLogLog = 1L << 9,
    Geo = 1L << 10,
    Stream = 1L << 11,
    PubSub = 1L << 12,
    Admin = 1L << 13,
    Fast = 1L << 14,
    Slow = 1L << 15,
    Blocking = 1L << 16,
    Dangerous = 1L << 17,
    Connection = 1L << 18,
    Transaction = 1L << 19,
    Scripting = 1L << 20,
    Cache = 1L << 21,
}

/// <summary>What a command does to a key. Exactly one of RO, RW, OW and RM, and any of the rest.</summary>
[Flags]
public enum KeyFlags
{
    None = 0,

    /// <summary>Reads the value, though not necessarily returning it.</summary>
    RO = 1 << 0,

    /// <summary>Changes the value that is there.</summary>
    RW = 1 << 1,

    /// <summary>Overwrites the value without regard to what is there.</summary>
    OW = 1 << 2,

    /// <summary>Deletes the key.</summary>
    RM = 1 << 3,

    /// <summary>Returns, copies or compares user data of the value.</summary>
    Access = 1 << 4,

    /// <summary>Changes user data of the value.</summary>
    Update = 1 << 5,

    /// <summary>Adds user data without reading or deleting any.</summary>
    Insert = 1 << 6,

    /// <summary>Deletes some content of the value.</summary>
    Delete = 1 << 7,

    /// <summary>No key, but treated as one when routing (a sharded channel).</summary>
    NotKey = 1 << 8,

    /// <summary>The spec may not find all keys of the command.</summary>
    Incomplete = 1 << 9,

    /// <summary>What the command does depends on its arguments: only its <see cref="CommandSpec.GetKeys"/> knows.</summary>
    VariableFlags = 1 << 10,
}

/// <summary>The family of a command, as COMMAND DOCS names it.</summary>
public enum CommandGroup
{
    Generic,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    PubSub,
    Transactions,
    Connection,
    Server,
    Scripting,
    HyperLogLog,
    Cluster,
    Sentinel,
    Geo,
    Stream,
    Bitmap,
    Cache,
}

/// <summary>How the effects of a command reach the append-only file and the replicas.</summary>
public enum Propagation
{
    /// <summary>Changes nothing.</summary>
    None,

    /// <summary>As the client sent it: deterministic, and without relative times.</summary>
    Verbatim,

    /// <summary>As the effects the handler emits.</summary>
    AsEffects,

    /// <summary>As the client sent it, to the replicas only, though it changes nothing (PUBLISH).</summary>
    VerbatimToReplicas,
}
