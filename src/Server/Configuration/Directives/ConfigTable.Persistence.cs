using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Configuration.Values;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Persistence() =>
    [
        Custom("dir", ".", WorkingDirectory.Parse, c => c.Persistence.Dir, DirectiveFlags.Protected | DirectiveFlags.DeniedWhileLoading,
            rewrite: (c, _) => WorkingDirectory.Rewrite(c)),
        Text("dbfilename", "dump.rdb", c => ref c.Persistence.DbFilename, DirectiveFlags.Protected,
            check: v => ConfigChecks.FileName("dbfilename", "filename", v)),
        Custom("save", "3600 1 300 100 60 10000", SavePoint.Parse, SavePoint.Format, MultiArg,
            rewrite: (c, _) => SavePoint.Rewrite(c)),
        Bool("rdbcompression", true, c => ref c.Persistence.RdbCompression),
        Bool("rdbchecksum", true, c => ref c.Persistence.RdbChecksum, Immutable),
        Bool("rdb-del-sync-files", false, c => ref c.Persistence.RdbDelSyncFiles),
        Bool("rdb-save-incremental-fsync", true, c => ref c.Persistence.RdbSaveIncrementalFsync),
        Choice("rdb-version-check", "strict", c => ref c.Persistence.RdbVersionCheck,
            [("strict", RdbVersionCheck.Strict), ("relaxed", RdbVersionCheck.Relaxed)], from: Valkey81),
        Bool("stop-writes-on-bgsave-error", true, c => ref c.Persistence.StopWritesOnBgsaveError),
        Int("rdb-key-save-delay", 0, (int.MinValue, int.MaxValue), c => ref c.Persistence.RdbKeySaveDelay, Hidden),
        Int("key-load-delay", 0, (int.MinValue, int.MaxValue), c => ref c.Persistence.KeyLoadDelay, Hidden),
        Long("loading-process-events-interval-bytes", 2 * Mb, (1024, int.MaxValue),
            c => ref c.Persistence.LoadingProcessEventsIntervalBytes, Hidden),
        Bool("appendonly", false, c => ref c.Persistence.AppendOnly, DirectiveFlags.DeniedWhileLoading),
        Text("appendfilename", "appendonly.aof", c => ref c.Persistence.AppendFilename, Immutable,
            check: v => ConfigChecks.FileName("appendfilename", "filename", v)),
        Text("appenddirname", "appendonlydir", c => ref c.Persistence.AppendDirname, Immutable,
            check: v => ConfigChecks.FileName("appenddirname", "dirname", v)),
        Choice("appendfsync", "everysec", c => ref c.Persistence.AppendFsync,
            [("everysec", AppendFsync.EverySec), ("always", AppendFsync.Always), ("no", AppendFsync.No)]),
        Bool("no-appendfsync-on-rewrite", false, c => ref c.Persistence.NoAppendFsyncOnRewrite),
        Int("auto-aof-rewrite-percentage", 100, (0, int.MaxValue), c => ref c.Persistence.AutoAofRewritePercentage),
        Bytes("auto-aof-rewrite-min-size", 64L * Mb, (0, long.MaxValue), c => ref c.Persistence.AutoAofRewriteMinSize),
        Bool("aof-rewrite-incremental-fsync", true, c => ref c.Persistence.AofRewriteIncrementalFsync),
        Bool("aof-load-truncated", true, c => ref c.Persistence.AofLoadTruncated),
        Bool("aof-use-rdb-preamble", true, c => ref c.Persistence.AofUseRdbPreamble),
        Bool("aof-timestamp-enabled", false, c => ref c.Persistence.AofTimestampEnabled),
        Bool("aof-disable-auto-gc", false, c => ref c.Persistence.AofDisableAutoGc, Hidden),
    ];
}
