using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>Commands on keys of any type: Redis's group "generic".</summary>
static partial class KeyCommands
{
    public static IEnumerable<Command> All =>
    [
        // KeyCommands.Delete.cs
        DelSpec, UnlinkSpec, ExistsSpec, TouchSpec, TypeSpec,
        // KeyCommands.Expire.cs
        ExpireSpec, PExpireSpec, ExpireAtSpec, PExpireAtSpec, PersistSpec,
        // KeyCommands.Ttl.cs
        TtlSpec, PTtlSpec, ExpireTimeSpec, PExpireTimeSpec,
        // KeyCommands.Move.cs
        RenameSpec, RenameNxSpec, MoveSpec, CopySpec,
        // KeyCommands.Scan.cs
        KeysSpec, ScanSpec, RandomKeySpec,
        // KeyCommands.Dump.cs
        DumpSpec, RestoreSpec, RestoreAskingSpec, CacheRestoreSpec,
        // KeyCommands.Object.cs
        ObjectSpec,
    ];

    /// <summary>Reads a database number, or answers why it is none.</summary>
    static bool TryDatabase(ref CommandContext c, int index, out Database database)
    {
        database = c.Database;
        if (!c.TryInt32(index, out var number)) return false;
        if (number >= 0 && number < c.Server.Keyspace.DatabaseCount)
        {
            database = c.Server.Keyspace[number];
            return true;
        }
        c.Fail(Resp.Errors.DbIndexOutOfRange);
        return false;
    }
}
