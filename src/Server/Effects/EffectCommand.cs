namespace MiniRedis.Server.Effects;

/// <summary>
/// One canonical command of a unit: its database, the offset of its RESP encoding in the unit's bytes, and its receivers.
/// </summary>
readonly record struct EffectCommand(int Database, int Offset, EffectTarget Target);

/// <summary>The receivers of a canonical command.</summary>
enum EffectTarget : byte
{
    All,

    /// <summary>Not the append-only file: the command changes no key (PUBLISH).</summary>
    Replicas,
}
