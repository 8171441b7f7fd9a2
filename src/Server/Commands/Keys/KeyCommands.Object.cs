using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Keys;

/// <summary>OBJECT: how a value is kept and how it is used.</summary>
static partial class KeyCommands
{
    static readonly Command ObjectSpec = new()
    {
        Name = "OBJECT", Group = CommandGroup.Generic, Since = "2.2.3", Complexity = "Depends on subcommand.",
        Summary = "A container for commands that look into values.",
        Arity = -2,
        Subcommands =
        [
            ObjectSubcommand("ENCODING", "2.2.3", "Tells the internal encoding of a value.", ObjectEncoding),
            ObjectSubcommand("FREQ", "4.0.0", "Tells the logarithmic access counter of a key, under an LFU policy.", ObjectFreq),
            ObjectSubcommand("IDLETIME", "2.2.3", "Tells for how many seconds a key has not been used.", ObjectIdleTime),
            ObjectSubcommand("REFCOUNT", "2.2.3", "Tells how many references a value has.", ObjectRefCount),
            Help.Subcommand("6.2.0", CommandGroup.Generic,
                ("ENCODING <key>", "Tells the internal encoding of the value at <key>."),
                ("FREQ <key>", "Tells the access counter of <key>: it grows with the logarithm of how often the key is used."),
                ("IDLETIME <key>", "Tells for about how many seconds <key> has not been used."),
                ("REFCOUNT <key>", "Tells how many references the value at <key> has.")),
        ],
    };

    static Command ObjectSubcommand(string name, string since, string summary, CommandHandler run) => new()
    {
        Name = name, Group = CommandGroup.Generic, Since = since, Complexity = "O(1)", Summary = summary,
        Arity = 3, Flags = CommandFlags.ReadOnly, AclCategories = AclCategory.Keyspace,
        Keys = [KeySpec.At(2, KeyFlags.RO)],
        Args = [Arg.Key("key")],
        Tips = ["nondeterministic_output"],
        Run = run,
    };

    static bool TryFindObject(ref CommandContext c, out Record record)
    {
        var at = c.Peek(c.Arg(2));
        record = at.Record;
        if (at.Found) return true;
        c.Reply.Null();
        return false;
    }

    static void ObjectEncoding(ref CommandContext c)
    {
        if (TryFindObject(ref c, out var record)) c.Reply.Bulk(record.EncodingName);
    }

    static void ObjectRefCount(ref CommandContext c)
    {
        if (TryFindObject(ref c, out var record)) c.Reply.Integer(IsSharedInRedis(c, record) ? int.MaxValue : 1);
    }

    /// <summary>
    /// Whether Redis would share one object, which has no reference count, among all keys with this value: an integer from 0 to
    /// 9999, unless each key needs its own access field. Nothing is shared here, but clients test for the number.
    /// </summary>
    static bool IsSharedInRedis(in CommandContext c, Record record)
    {
        if (!record.IsInteger || record.Integer is < 0 or > 9999) return false;
        var config = c.Server.Config;
        return config.Memory.MaxMemory == 0 || config.Memory.MaxMemoryPolicy is MaxMemoryPolicy.NoEviction or MaxMemoryPolicy.AllKeysRandom
            or MaxMemoryPolicy.VolatileRandom or MaxMemoryPolicy.VolatileTtl;
    }

    static void ObjectIdleTime(ref CommandContext c)
    {
        if (!TryFindObject(ref c, out var record)) return;
        if (c.Server.Config.Memory.UsesLfu) c.Fail(Errors.LfuSelected);
        else c.Reply.Integer(c.Server.AccessFields.IdleSeconds(record));
    }

    static void ObjectFreq(ref CommandContext c)
    {
        if (!TryFindObject(ref c, out var record)) return;
        if (c.Server.Config.Memory.UsesLfu) c.Reply.Integer(c.Server.AccessFields.Frequency(record));
        else c.Fail(Errors.LfuNotSelected);
    }
}
