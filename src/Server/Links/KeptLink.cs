namespace MiniRedis.Server.Links;

/// <summary>What a kept link brings. Called on the link's thread, which holds no lock.</summary>
interface ILinkHandler
{
    /// <summary>A connection stands, and AUTH is sent if a password is set.</summary>
    void OnConnected(KeptLink link, Link connection);

    /// <summary>A reply, in the order of the commands. The reply of AUTH is none of them.</summary>
    void OnReply(KeptLink link, LinkReply reply);

    /// <summary>The connection ended, could not be made, or was refused by a password.</summary>
    void OnClosed(KeptLink link, LinkException reason);
}

/// <summary>
/// A connection that is made again whenever it ends, by a thread of its own. Commands are sent from anywhere, and replies come to the handler.
/// For whoever watches another server: Sentinel.
/// </summary>
/// <remarks>Any thread, but for <see cref="Dispose"/>, which must not be called by the handler.</remarks>
/// <param name="connector">Makes the connections.</param>
/// <param name="target">Asked before each attempt, on the link's thread: names and settings may have changed.</param>
/// <param name="login">User and password; asked like the target. An empty password sends no AUTH.</param>
/// <param name="backOff">The pauses between attempts.</param>
/// <param name="handler">Told of everything.</param>
/// <param name="name">Of the thread.</param>
sealed class KeptLink(
    LinkConnector connector, Func<LinkTarget> target, Func<(string User, string Password)> login, BackOff backOff, ILinkHandler handler,
    string name) : IDisposable
{
    /// <summary>The thread reads replies and calls the handler; nothing that it calls goes deep.</summary>
    const int StackBytes = 256 * 1024;

    readonly CancellationTokenSource _stop = new();
    volatile Link? _connection;
    Thread? _thread;

    /// <summary>A connection stands.</summary>
    public bool IsConnected => _connection is not null;

    public void Start()
    {
        _thread = new Thread(Run, StackBytes) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Sends a command if a connection stands. Otherwise, or if that fails, nothing will come of it.</summary>
    /// <returns>Whether it was sent.</returns>
    public bool TrySend(params ReadOnlySpan<string> words)
    {
        if (_connection is not { } connection) return false;
        try
        {
            connection.Send(LinkCommand.Encode(words));
            return true;
        }
        catch (LinkException)
        {
            // The thread that receives hears of it too, and tells the handler.
            connection.Abort();
            return false;
        }
    }

    /// <summary>Ends the connection that stands, if one does; the next one is made after a pause.</summary>
    public void Reconnect() => _connection?.Abort();

    void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                Serve();
            }
            catch (LinkException reason)
            {
                if (!_stop.IsCancellationRequested) handler.OnClosed(this, reason);
            }
            _stop.Token.WaitHandle.WaitOne(backOff.Next());
        }
    }

    void Serve()
    {
        using var connection = connector.Connect(target(), _stop.Token);
        // Who stops the link sees the connection, or the connection sees the stop.
        _connection = connection;
        try
        {
            if (_stop.IsCancellationRequested) return;
            var (user, password) = login();
            if (password.Length > 0)
            {
                connection.Send(LinkCommand.Auth(user, password));
                if (connection.Receive() is { IsError: true } refused) throw new LinkException(refused.Text);
            }
            backOff.Reset();
            handler.OnConnected(this, connection);
            while (true) handler.OnReply(this, connection.Receive());
        }
        finally
        {
            _connection = null;
        }
    }

    /// <summary>Ends the connection and the thread; the handler hears nothing more once this returns.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        _connection?.Abort();
        _thread?.Join();
        _stop.Dispose();
    }
}
