namespace MiniRedis.Server.Transport;

/// <summary>Moves bytes between sockets and connections, on threads of its own.</summary>
interface ITransport : IDisposable
{
    /// <summary>Name of the mechanism, as INFO's multiplexing_api shows it.</summary>
    string Name { get; }

    void Start(IReadOnlyList<Listener> listeners);

    /// <summary>Accepts on these listeners from now on (CONFIG SET port and bind). Call under the executor's lock.</summary>
    void ReplaceListenersLocked(IReadOnlyList<Listener> listeners);

    /// <summary>
    /// Begins to connect, without waiting. The handler hears of the end: <see cref="IConnectionHandler.OnConnected"/> or
    /// <see cref="IConnectionHandler.OnConnectFailed"/>. Any thread, after the start.
    /// </summary>
    void Connect(OutgoingTarget target);

    /// <summary>Lets <see cref="IConnectionHandler.OnTick"/> be called soon, whatever it returned last. Any thread.</summary>
    void RequestTick();

    /// <summary>
    /// Gives up the executor's lock for a moment, so that other connections are served while a command of one runs too long; of those that
    /// the calling thread serves, receives what has arrived, without waiting. Unread requests of the busy connection stay where they are.
    /// </summary>
    /// <param name="busy">The connection whose command runs; null if it is no connection of this transport.</param>
    void ServeOthersLocked(Connection? busy);

    /// <summary>
    /// Stops accepting, makes one attempt to send pending output, closes every connection and ends the threads. Do not call it on
    /// a thread of the transport.
    /// </summary>
    void Stop();
}
