using MiniRedis.Cluster.Sentinel;
using MiniRedis.Server.Links;

namespace MiniRedis.Server.Sentinel;

/// <summary>
/// A connection to an instance, with a thread that connects and receives. Commands that are sent before it stands wait for it.
/// What comes goes to the runner's inbox, until it is disposed of.
/// </summary>
/// <remarks>Under the executor's lock, but for the thread.</remarks>
sealed class SentinelConnection(long number, SentinelRunner runner) : IDisposable
{
    /// <summary>The thread reads replies; nothing that it calls goes deep.</summary>
    const int StackBytes = 256 * 1024;

    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    List<byte[]>? _early = [];
    Link? _link;
    bool _hasEnded;
    volatile bool _isDisposed;

    public void Start(LinkConnector connector, LinkTarget target) =>
        new Thread(() => Run(connector, target), StackBytes) { Name = $"sentinel {target}", IsBackground = true }.Start();

    public void Send(IReadOnlyList<string> words)
    {
        var command = LinkCommand.Encode([.. words]);
        lock (_gate)
        {
            if (_early is { } early) early.Add(command);
            else TrySend(command);
        }
    }

    void TrySend(byte[] command)
    {
        try
        {
            _link?.Send(command);
        }
        catch (LinkException)
        {
            // The thread that receives hears of it too, and tells the runner.
            _link?.Abort();
        }
    }

    /// <summary>Ends it. The runner hears nothing more.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        lock (_gate)
        {
            if (_hasEnded) return;
            _stop.Cancel();
            _link?.Abort();
        }
    }

    void Run(LinkConnector connector, LinkTarget target)
    {
        try
        {
            using var link = connector.Connect(target, _stop.Token);
            var local = link.Local?.Address.ToString() ?? "";
            Post(() => runner.Machine.Connected(number, local, runner.Now));
            Receive(link);
        }
        catch (LinkException)
        {
            Post(() => runner.Ended(number));
        }
        lock (_gate)
        {
            _hasEnded = true;
            _stop.Dispose();
        }
    }

    void Receive(Link link)
    {
        lock (_gate)
        {
            _link = link;
            foreach (var command in _early!) TrySend(command);
            _early = null;
        }
        try
        {
            while (!_isDisposed)
            {
                if (link.Receive() is not { Kind: not LinkReplyKind.KeepAlive } reply) continue;
                var converted = Convert(reply);
                Post(() => runner.Machine.Received(number, converted, runner.Now));
            }
        }
        finally
        {
            lock (_gate) _link = null;
        }
    }

    void Post(Action step)
    {
        if (!_isDisposed) runner.Post(step);
    }

    static Cluster.Sentinel.LinkReply Convert(Links.LinkReply reply) => reply.Kind switch
    {
        LinkReplyKind.Status => Cluster.Sentinel.LinkReply.Status(reply.Text),
        LinkReplyKind.Error => Cluster.Sentinel.LinkReply.Error(reply.Text),
        LinkReplyKind.Integer => Cluster.Sentinel.LinkReply.Number(reply.Integer),
        LinkReplyKind.Bulk => Cluster.Sentinel.LinkReply.Bulk(reply.Text),
        LinkReplyKind.Array => Cluster.Sentinel.LinkReply.Array([.. reply.Items.Select(Convert)]),
        _ => new Cluster.Sentinel.LinkReply(ReplyKind.Null),
    };
}
