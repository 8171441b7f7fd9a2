using MiniRedis.Server.Configuration.Values;

namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Addresses of the server, and limits of a connection. Directives of <c>ConfigTable.Network.cs</c>.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class NetworkSettings
{
    public string[] Bind = [];
    public string BindSourceAddr = "";
    public int Port;
    public int TcpBacklog, TcpKeepAlive, Timeout;
    public bool ProtectedMode;
    public string UnixSocket = "", UnixSocketGroup = "";
    /// <summary>Mode bits; 0 leaves them to the umask.</summary>
    public int UnixSocketPerm;
    public long SocketMarkId;
    public long MaxClients;
    public int IoThreads, EventsPerIoThread, PrefetchBatchMaxSize;
    public bool IoThreadsDoReads;
    public int MaxNewConnectionsPerCycle, MaxNewTlsConnectionsPerCycle;
    public long ProtoMaxBulkLen, ClientQueryBufferLimit;
    public OutputBufferLimit[] OutputBufferLimits = new OutputBufferLimit[3];
}
