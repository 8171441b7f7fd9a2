using System.Buffers;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Effects;

/// <summary>
/// Tells the sinks of canonical commands what those commands cannot say: metadata of keys, and purges. It goes as the argument of PING,
/// which every server carries out without effect and hands on (<see cref="CachePayload"/>).
/// </summary>
/// <remarks>Under the executor's lock, and only if <see cref="EffectStream.IsPropagating"/>.</remarks>
static class CacheEffects
{
    /// <summary>A key has these metadata now. Call it behind the command that made the key, in the same unit.</summary>
    public static void Metadata(EffectStream effects, Database database, in KeyLookup at)
    {
        Write(Begin(effects, database.Number), database, at);
        effects.AddArgument();
    }

    /// <summary>Writes the metadata of a key as a payload.</summary>
    public static void Write(IBufferWriter<byte> payload, Database database, in KeyLookup at)
    {
        CachePayload.BeginKeys(payload);
        database.TryGetMetadata(at.Record, out var metadata);
        // As with the deadline that belongs to it (Database.DeadlineOf), what a soft purge has taken off it counts.
        metadata = metadata with { StaleWindow = database.WindowOf(at.Record) };
        CachePayload.AddKey(payload, at.Record.Key, metadata, database.TagsOf(at.Record), database.Tags);
    }

    /// <summary>Tags or prefixes were purged, or all keys with metadata.</summary>
    public static void Purge(EffectStream effects, int database, long version, bool isSoft, PurgeScope scope, in PurgeNames names)
    {
        var payload = Begin(effects, database);
        CachePayload.BeginPurge(payload, version, scope, isSoft);
        for (var i = 0; i < names.Count && scope != PurgeScope.All; i++) CachePayload.AddName(payload, names[i]);
        effects.AddArgument();
    }

    static IBufferWriter<byte> Begin(EffectStream effects, int database)
    {
        effects.Begin(database, 2);
        effects.Add("PING"u8);
        return effects.Argument;
    }
}
