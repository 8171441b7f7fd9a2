using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Sets;

/// <summary>Sets: the commands of Redis's group "set".</summary>
static partial class SetCommands
{
    public static IEnumerable<Command> All =>
    [
        // SetCommands.Change.cs
        SAddSpec, SRemSpec, SMoveSpec,
        // SetCommands.Read.cs
        SMembersSpec, SIsMemberSpec, SMIsMemberSpec, SCardSpec, SScanSpec,
        // SetCommands.Random.cs
        SPopSpec, SRandMemberSpec,
        // SetCommands.Combine.cs
        SInterSpec, SInterCardSpec, SInterStoreSpec, SUnionSpec, SUnionStoreSpec, SDiffSpec, SDiffStoreSpec,
    ];

    /// <summary>Ends a command that removed members of a set: sends its event, and deletes the key if the set is empty.</summary>
    static void Removed(ref CommandContext c, in KeyLookup at, scoped ReadOnlySpan<byte> key, string name, long members)
    {
        c.Changed(key, KeyspaceEvents.Set, name);
        c.Server.Effects.Dirty += members - 1;
        if (new SetReader(at.Record).Count == 0) c.Delete(at, key, countsAsChange: false);
    }
}
