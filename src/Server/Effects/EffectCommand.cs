namespace MiniRedis.Server.Effects;

/// <summary>One canonical command of a unit: its database, where its RESP encoding starts in the unit's bytes, and whom it is for.</summary>
readonly record struct EffectCommand(int Database, int Offset, EffectTarget Target);

/// <summary>Whom a canonical command is for.</summary>
enum EffectTarget : byte
{
    All,

    /// <summary>Not the append-only file: it changes no key (PUBLISH).</summary>
    Replicas,
}
