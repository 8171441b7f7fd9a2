namespace MiniRedis.Storage.Rdb;

/// <summary>What may stand in a file where the type of a value could (Redis's and Valkey's rdb.h).</summary>
static class RdbOpcode
{
    /// <summary>Valkey 9: slots that were about to be imported.</summary>
    public const byte SlotImport = 243;

    /// <summary>How many keys, and keys with deadlines, a slot of a cluster has (Redis 7.4).</summary>
    public const byte SlotInfo = 244;

    /// <summary>The text of a library of functions.</summary>
    public const byte Function = 245;

    /// <summary>A library as release candidates of Redis 7.0 wrote it.</summary>
    public const byte FunctionPreGa = 246;

    /// <summary>Data of a module that are no key's.</summary>
    public const byte ModuleAux = 247;

    /// <summary>Seconds that the key behind it was idle.</summary>
    public const byte Idle = 248;

    /// <summary>The LFU counter of the key behind it.</summary>
    public const byte Frequency = 249;

    /// <summary>A name and a value about the file.</summary>
    public const byte Auxiliary = 250;

    /// <summary>How many keys, and keys with deadlines, the database has.</summary>
    public const byte ResizeDatabase = 251;

    /// <summary>Unix milliseconds, 8 bytes, of the key behind it.</summary>
    public const byte ExpireTimeMs = 252;

    /// <summary>Unix seconds, 4 bytes.</summary>
    public const byte ExpireTime = 253;

    public const byte SelectDatabase = 254;

    /// <summary>The end; since version 5 the checksum follows.</summary>
    public const byte End = 255;
}
