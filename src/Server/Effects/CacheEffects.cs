using System.Buffers;
using MiniRedis.Resp;
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
        CachePayload.AddKey(payload, at.Record.Key, metadata, database.TagsOf(at.Record), database.Tags);
    }

    /// <summary>Tags were purged, or all keys with metadata.</summary>
    /// <param name="request">Holds the names.</param>
    /// <param name="first">The argument that is the first name.</param>
    /// <param name="count">How many there are; 0 where all are purged.</param>
    public static void Purge(
        EffectStream effects, int database, long version, bool isSoft, PurgeScope scope, in Request request, int first, int count)
    {
        var payload = Begin(effects, database);
        CachePayload.BeginPurge(payload, version, scope, isSoft);
        for (var i = first; i < first + count; i++) CachePayload.AddName(payload, request[i]);
        effects.AddArgument();
    }

    /// <summary>As the purge of a command, of one name.</summary>
    /// <param name="name">Empty where all are purged.</param>
    public static void Purge(EffectStream effects, int database, long version, bool isSoft, PurgeScope scope, ReadOnlySpan<byte> name)
    {
        var payload = Begin(effects, database);
        CachePayload.BeginPurge(payload, version, scope, isSoft);
        if (scope != PurgeScope.All) CachePayload.AddName(payload, name);
        effects.AddArgument();
    }

    static IBufferWriter<byte> Begin(EffectStream effects, int database)
    {
        effects.Begin(database, 2);
        effects.Add("PING"u8);
        return effects.Argument;
    }
}
