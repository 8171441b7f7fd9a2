using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Persistence() =>
    [
        Custom("dir", ".", WorkingDirectory.Parse, c => c.Dir, DirectiveFlags.Protected | DirectiveFlags.DeniedWhileLoading,
            rewrite: (c, _) => WorkingDirectory.Rewrite(c)),
        Text("dbfilename", "dump.rdb", c => ref c.DbFilename, DirectiveFlags.Protected,
            check: v => ConfigChecks.FileName("dbfilename", "filename", v)),
        Custom("save", "3600 1 300 100 60 10000", SavePoint.Parse, SavePoint.Format, MultiArg,
            rewrite: (c, _) => SavePoint.Rewrite(c)),
        Bool("rdbcompression", true, c => ref c.RdbCompression),
        Bool("rdbchecksum", true, c => ref c.RdbChecksum, Immutable),
        Bool("rdb-del-sync-files", false, c => ref c.RdbDelSyncFiles),
        Bool("rdb-save-incremental-fsync", true, c => ref c.RdbSaveIncrementalFsync),
        Choice("rdb-version-check", "strict", c => ref c.RdbVersionCheck,
            [("strict", RdbVersionCheck.Strict), ("relaxed", RdbVersionCheck.Relaxed)], from: Valkey81),
        Bool("stop-writes-on-bgsave-error", true, c => ref c.StopWritesOnBgsaveError),
        Int("rdb-key-save-delay", 0, (int.MinValue, int.MaxValue), c => ref c.RdbKeySaveDelay, Hidden),
        Int("key-load-delay", 0, (int.MinValue, int.MaxValue), c => ref c.KeyLoadDelay, Hidden),
        Long("loading-process-events-interval-bytes", 2 * Mb, (1024, int.MaxValue),
            c => ref c.LoadingProcessEventsIntervalBytes, Hidden),
        Bool("appendonly", false, c => ref c.AppendOnly, DirectiveFlags.DeniedWhileLoading),
        Text("appendfilename", "appendonly.aof", c => ref c.AppendFilename, Immutable,
            check: v => ConfigChecks.FileName("appendfilename", "filename", v)),
        Text("appenddirname", "appendonlydir", c => ref c.AppendDirname, Immutable,
            check: v => ConfigChecks.FileName("appenddirname", "dirname", v)),
        Choice("appendfsync", "everysec", c => ref c.AppendFsync,
            [("everysec", AppendFsync.EverySec), ("always", AppendFsync.Always), ("no", AppendFsync.No)]),
        Bool("no-appendfsync-on-rewrite", false, c => ref c.NoAppendFsyncOnRewrite),
        Int("auto-aof-rewrite-percentage", 100, (0, int.MaxValue), c => ref c.AutoAofRewritePercentage),
        Bytes("auto-aof-rewrite-min-size", 64L * Mb, (0, long.MaxValue), c => ref c.AutoAofRewriteMinSize),
        Bool("aof-rewrite-incremental-fsync", true, c => ref c.AofRewriteIncrementalFsync),
        Bool("aof-load-truncated", true, c => ref c.AofLoadTruncated),
        Bool("aof-use-rdb-preamble", true, c => ref c.AofUseRdbPreamble),
        Bool("aof-timestamp-enabled", false, c => ref c.AofTimestampEnabled),
        Bool("aof-disable-auto-gc", false, c => ref c.AofDisableAutoGc, Hidden),
    ];
}
