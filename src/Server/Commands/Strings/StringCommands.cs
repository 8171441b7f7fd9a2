using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Strings;

/// <summary>Strings: the commands of Redis's group "string".</summary>
static partial class StringCommands
{
    public static IEnumerable<Command> All =>
    [
        // StringCommands.Set.cs
        SetSpec, SetNxSpec, SetExSpec, PSetExSpec, GetSetSpec,
        // StringCommands.Get.cs
        GetSpec, MGetSpec, StrLenSpec, GetRangeSpec, SubStrSpec, GetExSpec, GetDelSpec, DigestSpec,
        // StringCommands.Change.cs
        AppendSpec, SetRangeSpec, DelIfEqSpec, DelExSpec,
        // StringCommands.Many.cs
        MSetSpec, MSetNxSpec, MSetExSpec,
        // StringCommands.Count.cs
        IncrSpec, DecrSpec, IncrBySpec, DecrBySpec, IncrByFloatSpec,
        // StringCommands.IncrEx.cs
        IncrExSpec,
        // StringCommands.Throttle.cs
        ThrottleSpec,
        // StringCommands.Lcs.cs
        LcsSpec,
    ];

    /// <summary>Answers with a string that was found, or null.</summary>
    static void ReplyString(ref CommandContext c, in KeyLookup at)
    {
        if (!at.Found) c.Reply.Null();
        else ReplyString(ref c, at.Record);
    }

    static void ReplyString(ref CommandContext c, Record record)
    {
        if (record.IsInteger) c.Reply.BulkInteger(record.Integer);
        else c.Reply.Bulk(record.Text);
    }
}
