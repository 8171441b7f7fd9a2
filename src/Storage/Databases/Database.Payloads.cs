using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Storage.Databases;

/// <summary>What other servers and files tell of metadata and purges.</summary>
public sealed partial class Database
{
    /// <summary>
    /// Carries out a payload: gives keys their metadata, notes a purge, raises the clock. A key that is not there is passed over: it had
    /// expired when the file that holds it was loaded.
    /// </summary>
    /// <param name="payload">See <see cref="CachePayload"/>.</param>
    /// <param name="reader">What it tells, to be read once more.</param>
    /// <param name="isSettled">
    /// Whether it comes in one stream with the purges: then the soft ones so far are in what it says of a key. They must not count twice,
    /// since the key may have got another deadline after them.
    /// </param>
    /// <returns>False if it is damaged or of another version of the format. Then nothing has changed.</returns>
    public bool TryApply(ReadOnlySpan<byte> payload, out CachePayloadReader reader, bool isSettled = false)
    {
        if (!CachePayloadReader.TryBegin(payload, out reader)) return false;
        var rest = reader;
        switch (rest.Kind)
        {
            case CachePayloadKind.Keys:
                while (rest.NextKey(out var key, out var metadata, out var tags))
                {
                    _keyspace.CacheClock.RaiseTo(metadata.Created);
                    if (Lookup(key) is { Found: true } at) SetMetadata(at, metadata, tags, isSettled ? Tags.NewestOfAny : 0);
                }
                break;
            case CachePayloadKind.Purge:
                // Versions rise in a stream. Those of keys are of the same clock, so this one's own clock, which may be ahead, does not count.
                var version = Math.Max(rest.Version, Purges.Latest);
                if (rest.Scope == PurgeScope.All) Purge(PurgeScope.All, default, rest.IsSoft, version);
                while (rest.NextName(out var name)) Purge(rest.Scope, name, rest.IsSoft, version);
                break;
            case CachePayloadKind.Clock:
                _keyspace.CacheClock.RaiseTo(rest.Version);
                // Files begin so. Of the purges up to then they tell nothing, only of keys that are left.
                foreach (var database in _keyspace.Databases) database.Purges.Forget(rest.Version);
                break;
        }
        return true;
    }
}
