namespace MiniRedis.Server.Transport;

/// <summary>Moves bytes between sockets and connections, on threads of its own.</summary>
interface ITransport : IDisposable
{
    /// <summary>Name of the mechanism, as INFO's multiplexing_api shows it.</summary>
    string Name { get; }

    void Start(IReadOnlyList<Listener> listeners);

    /// <summary>Also accepts on these from now on; CONFIG SET port and bind. Call under the executor's lock.</summary>
    void ReplaceListenersLocked(IReadOnlyList<Listener> listeners);

    /// <summary>Has <see cref="IConnectionHandler.OnTick"/> called soon, whatever it last asked for. Any thread.</summary>
    void RequestTick();

    /// <summary>
    /// Stops accepting, makes one attempt to send what is pending, closes every connection and ends the threads.
    /// Not to be called on a thread of the transport.
    /// </summary>
    void Stop();
}
