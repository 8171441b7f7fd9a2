using MiniRedis.Server.Configuration.Values;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Snapshots and the append-only file.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class PersistenceSettings
{
    public string Dir = "", DbFilename = "", AppendFilename = "", AppendDirname = "";
    public SavePoint[] SavePoints = [];
    public bool RdbChecksum, RdbCompression, RdbDelSyncFiles, RdbSaveIncrementalFsync, StopWritesOnBgsaveError;
    public RdbVersionCheck RdbVersionCheck;
    /// <summary>Microseconds for each key, to slow tests down; -n sleeps one microsecond for every n keys.</summary>
    public int RdbKeySaveDelay, KeyLoadDelay;
    public long LoadingProcessEventsIntervalBytes;
    public bool AppendOnly, NoAppendFsyncOnRewrite, AofRewriteIncrementalFsync, AofLoadTruncated, AofUseRdbPreamble;
    public bool AofTimestampEnabled, AofDisableAutoGc;
    public AppendFsync AppendFsync;
    public int AutoAofRewritePercentage;
    public long AutoAofRewriteMinSize;

    /// <summary>Whether a file has named a save point: further ones then add to it.</summary>
    internal bool SavePointsAreFromFile;

    /// <summary>A path of the configuration as .NET wants it: absolute, with relative paths below <c>dir</c>.</summary>
    public string PathOf(string path) => Path.GetFullPath(ConfigText.ToUnicode(path), ConfigText.ToUnicode(Dir));
}
