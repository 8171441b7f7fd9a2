namespace MiniRedis.Server.Transport;

/// <summary>
/// The server, as a transport calls it. Every call comes on the thread that owns the connection. The handler takes the executor's
/// lock itself, so that system calls stay outside it.
/// </summary>
interface IConnectionHandler
{
    /// <summary>The executor's lock. A transport takes it for the moment in which the two ends of an output pipe meet.</summary>
    Lock ExecutorLock { get; }

    /// <summary>Gives up the lock for a moment, so that those who wait for it get their turn.</summary>
    void GiveWay()
    {
        // A completion of a socket takes it before it calls the handler, which takes it again.
        var depth = 0;
        for (; ExecutorLock.IsHeldByCurrentThread; depth++) ExecutorLock.Exit();
        Thread.Yield();
        for (; depth > 0; depth--) ExecutorLock.Enter();
    }

    /// <summary>A connection was accepted. The handler may write a refusal and close it.</summary>
    void OnAccepted(Connection connection);

    /// <summary>Connections wait to be accepted, but the system has no descriptors or no memory left.</summary>
    void OnAcceptFailed(string reason);

    /// <summary>
    /// Whether a newcomer is turned away before its handshake, since there are as many clients as may be: at its limit a server has no time
    /// for handshakes in vain. Counts it. Any thread of the transport.
    /// </summary>
    bool TurnsAway();

    /// <summary>A connection to the TLS port was given up before it was accepted. Any thread of the transport.</summary>
    void OnHandshakeFailed(string remote, string reason);

    /// <summary>A connection that <see cref="ITransport.Connect"/> was asked for stands.</summary>
    void OnConnected(Connection connection)
    {
    }

    /// <summary>A connection that was asked for could not be made. Any thread of the transport.</summary>
    void OnConnectFailed(OutgoingTarget target, string reason)
    {
    }

    /// <summary>
    /// New bytes are in <see cref="Connection.Input"/>, or a batch is to be resumed. On return the batch's replies have been
    /// taken for sending.
    /// </summary>
    void OnReceived(Connection connection);

    /// <summary>A connection that is fed (<see cref="Connection.IsFed"/>) has sent everything that it had.</summary>
    void OnDrained(Connection connection)
    {
    }

    /// <summary>The connection is gone. Its buffers are freed after this returns.</summary>
    void OnClosed(Connection connection);

    /// <summary>
    /// Whether replies are kept until <see cref="OnTurnEnded"/>, because something has to be done first, once for all of them.
    /// </summary>
    bool KeepsReplies { get; }

    /// <summary>All received requests have run, and their replies are about to be sent. Any thread of the transport.</summary>
    void OnTurnEnded();

    /// <summary>
    /// As <see cref="OnTurnEnded"/>, before output that others wrote to a connection is sent. Under the executor's lock.
    /// </summary>
    void OnSendingLocked();

    /// <summary>Runs everything that is due by the clock (cron, expiry). Called on one thread only.</summary>
    /// <returns>Milliseconds until the next call; 0 if a bounded slice left work to do.</returns>
    int OnTick();
}
