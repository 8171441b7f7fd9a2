namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Snapshots and the append-only file.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class PersistenceSettings
{
    public string Dir = "", DbFilename = "", AppendFilename = "", AppendDirname = "";
    public SavePoint[] SavePoints = [];
    public bool RdbChecksum, RdbCompression, RdbDelSyncFiles, RdbSaveIncrementalFsync, StopWritesOnBgsaveError;
    public RdbVersionCheck RdbVersionCheck;
    /// <summary>Microseconds a key, to slow tests down; negative sleeps one microsecond each -n keys.</summary>
    public int RdbKeySaveDelay, KeyLoadDelay;
    public long LoadingProcessEventsIntervalBytes;
    public bool AppendOnly, NoAppendFsyncOnRewrite, AofRewriteIncrementalFsync, AofLoadTruncated, AofUseRdbPreamble;
    public bool AofTimestampEnabled, AofDisableAutoGc;
    public AppendFsync AppendFsync;
    public int AutoAofRewritePercentage;
    public long AutoAofRewriteMinSize;

    /// <summary>True once a file has named a save point, from where on further ones add to it.</summary>
    internal bool SavePointsAreFromFile;

    /// <summary>
    /// The file that a path of the configuration names, as .NET wants it: absolute, relative ones below <c>dir</c>.
    /// </summary>
    public string PathOf(string path) => Path.GetFullPath(ConfigText.ToUnicode(path), ConfigText.ToUnicode(Dir));
}
