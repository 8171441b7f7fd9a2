namespace MiniRedis.Server.Effects;

/// <summary>
/// One canonical command of a unit: its database, the offset of its RESP encoding in the unit's bytes, and its receivers.
/// </summary>
readonly record struct EffectCommand(int Database, int Offset, EffectTarget Target);

/// <summary>The receivers of a canonical command. The values are those of redis.REPL_AOF, REPL_REPLICA and REPL_ALL.</summary>
[Flags]
enum EffectTarget : byte
{
    None = 0,

    AppendOnlyFile = 1,

    /// <summary>Alone: the command changes no key (PUBLISH).</summary>
    Replicas = 2,

    All = AppendOnlyFile | Replicas,
}
