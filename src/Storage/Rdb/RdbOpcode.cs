namespace MiniRedis.Storage.Rdb;

/// <summary>Bytes that may stand in a file in place of the type of a value (Redis's and Valkey's rdb.h).</summary>
static class RdbOpcode
{
    /// <summary>In a file of Valkey 9: slots that were about to be imported.</summary>
    public const byte SlotImport = 243;

    /// <summary>In any other file: what modules keep beside the next key (Redis 8.6). The same number, so the header decides.</summary>
    public const byte KeyMetadata = 243;

    /// <summary>How many keys, and keys with deadlines, a slot of a cluster has (Redis 7.4).</summary>
    public const byte SlotInfo = 244;

    /// <summary>The text of a library of functions.</summary>
    public const byte Function = 245;

    /// <summary>A library as release candidates of Redis 7.0 wrote it.</summary>
    public const byte FunctionPreGa = 246;

    /// <summary>Data of a module that belong to no key.</summary>
    public const byte ModuleAux = 247;

    /// <summary>Seconds for which the next key was idle.</summary>
    public const byte Idle = 248;

    /// <summary>The LFU counter of the next key.</summary>
    public const byte Frequency = 249;

    /// <summary>A name and a value about the file.</summary>
    public const byte Auxiliary = 250;

    /// <summary>How many keys, and keys with deadlines, the database has.</summary>
    public const byte ResizeDatabase = 251;

    /// <summary>The deadline of the next key in unix milliseconds, 8 bytes.</summary>
    public const byte ExpireTimeMs = 252;

    /// <summary>The deadline of the next key in unix seconds, 4 bytes.</summary>
    public const byte ExpireTime = 253;

    public const byte SelectDatabase = 254;

    /// <summary>The end. Since version 5 the checksum follows.</summary>
    public const byte End = 255;
}
