using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Persistence;

/// <summary>Opens RDB files to be loaded into the keyspace as the settings have it.</summary>
/// <param name="keyspace">Is filled.</param>
/// <param name="target">Is told of what a file holds beside keys.</param>
/// <param name="settings">Checksums and versions.</param>
/// <param name="encodings">The forms that collections take.</param>
/// <param name="switches">Whether checksums are skipped, for tests.</param>
sealed class RdbLoadingSetup(
    Keyspace keyspace, IRdbLoadTarget target, PersistenceSettings settings, EncodingSettings encodings, DebugSwitches switches)
{
    /// <summary>Begins to read a file from where it stands.</summary>
    /// <param name="file">Closed with what is returned.</param>
    /// <param name="dropExpiredAt">Keys whose deadline (unix ms) is no later are left out; -1 for none.</param>
    /// <param name="replaces">Whether keys that are there already are replaced; otherwise a second one of a name is damage.</param>
    public RdbLoader Open(FileStream file, long dropExpiredAt, bool replaces)
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
        return new RdbLoader(keyspace, new RdbInput(file, file.Length, verifies), options, target);
    }
}
