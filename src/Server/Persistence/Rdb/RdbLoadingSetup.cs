using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Opens RDB files for loading into the keyspace, according to the settings.</summary>
/// <param name="keyspace">Receives the keys.</param>
/// <param name="target">Receives the other content of a file.</param>
/// <param name="settings">Checksums and versions.</param>
/// <param name="encodings">The forms that collections take.</param>
/// <param name="switches">Whether checksums are skipped, for tests.</param>
sealed class RdbLoadingSetup(
    Keyspace keyspace, IRdbLoadTarget target, PersistenceSettings settings, EncodingSettings encodings, DebugSwitches switches)
{
    /// <summary>Begins to read a file from its position.</summary>
    /// <param name="file">Closed with the result.</param>
    /// <param name="length">Its bytes; more if nobody knows.</param>
    /// <param name="dropExpiredAt">Keys whose deadline (unix ms) is no later are left out; -1 for none.</param>
    /// <param name="replaces">Whether existing keys are replaced. If not, a duplicate name is damage.</param>
    public RdbLoader Open(Stream file, long length, long dropExpiredAt, bool replaces)
    {
        var verifies = settings.RdbChecksum && !switches.SkipChecksums;
        var options = new RdbLoadOptions
        {
            Limits = encodings.CollectionLimits(),
            DropExpiredAt = dropExpiredAt,
            Replaces = replaces,
            VerifiesChecksum = verifies,
            AnyVersion = settings.RdbVersionCheck == RdbVersionCheck.Relaxed,
        };
        return new RdbLoader(keyspace, new RdbInput(file, length, verifies), options, target);
    }
}
