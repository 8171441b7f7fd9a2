using MiniRedis.Server.Configuration.Values;

namespace MiniRedis.Server.Configuration.Directives;

internal static partial class ConfigTable
{
    static IEnumerable<Directive> Network() =>
    [
        Custom("bind", "* -::*", ListDirectives.ParseBind, ListDirectives.FormatBind, MultiArg,
            rewrite: ListDirectives.RewriteBind),
        Optional("bind-source-addr", c => ref c.Network.BindSourceAddr),
        Int("port", 6379, (0, 65535), c => ref c.Network.Port),
        Int("tcp-backlog", 511, (0, int.MaxValue), c => ref c.Network.TcpBacklog, Immutable),
        Int("tcp-keepalive", 300, (0, int.MaxValue), c => ref c.Network.TcpKeepAlive),
        Int("timeout", 0, (0, int.MaxValue), c => ref c.Network.Timeout),
        Bool("protected-mode", true, c => ref c.Network.ProtectedMode),
        Optional("unixsocket", c => ref c.Network.UnixSocket, Immutable),
        Optional("unixsocketgroup", c => ref c.Network.UnixSocketGroup, Immutable, from: Valkey80),
        Int("unixsocketperm", 0, (0, 511 /* 0777 */), c => ref c.Network.UnixSocketPerm, Immutable, format: NumberFormat.Octal),
        Long("socket-mark-id", 0, (0, uint.MaxValue), c => ref c.Network.SocketMarkId, Immutable),
        Long("maxclients", 10000, (1, uint.MaxValue), c => ref c.Network.MaxClients),
        Int("max-new-connections-per-cycle", 10, (1, 1000), c => ref c.Network.MaxNewConnectionsPerCycle,
            inert: "each connection is accepted as it comes, without a cycle to fill"),
        Int("max-new-tls-connections-per-cycle", 1, (1, 1000), c => ref c.Network.MaxNewTlsConnectionsPerCycle,
            inert: "handshakes do not run on the thread that executes commands"),
        Int("io-threads", 1, (1, 128), c => ref c.Network.IoThreads, Immutable),
        Bool("io-threads-do-reads", false, c => ref c.Network.IoThreadsDoReads, Immutable,
            inert: "an I/O thread always reads, executes and writes for its own connections"),
        Int("events-per-io-thread", 2, (0, int.MaxValue), c => ref c.Network.EventsPerIoThread, from: Valkey80,
            inert: "connections do not move between I/O threads"),
        Int("prefetch-batch-max-size", 16, (0, 128), c => ref c.Network.PrefetchBatchMaxSize, from: Valkey80,
            inert: "commands of a batch are not prefetched"),
        Bytes("proto-max-bulk-len", 512L * Mb, (Mb, long.MaxValue), c => ref c.Network.ProtoMaxBulkLen),
        Bytes("client-query-buffer-limit", 1024L * Mb, (Mb, long.MaxValue), c => ref c.Network.ClientQueryBufferLimit),
        Custom("client-output-buffer-limit", "normal 0 0 0 replica 256mb 64mb 60 pubsub 32mb 8mb 60", OutputBufferLimit.Parse,
            OutputBufferLimit.Format, MultiArg, rewrite: OutputBufferLimit.Rewrite),
    ];
}
