using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Links;

/// <summary>Makes connections to other servers: replication, Sentinel, MIGRATE. It resolves names and waits for the other side.</summary>
/// <remarks>Any thread.</remarks>
sealed class LinkConnector(TlsContexts tls)
{
    /// <summary>Connects to the first address of the name that answers.</summary>
    /// <param name="target">Which server, and how.</param>
    /// <param name="stop">Ends the wait; the call then throws like any that failed.</param>
    /// <exception cref="LinkException">No address could be reached in time, or the handshake failed.</exception>
    public Link Connect(LinkTarget target, CancellationToken stop = default)
    {
        LinkException? failure = null;
        foreach (var address in Resolve(target.Host))
        {
            try
            {
                return ConnectTo(address, target, stop);
            }
            catch (LinkException one)
            {
                failure = one;
            }
            if (stop.IsCancellationRequested) break;
        }
        throw failure ?? new LinkException($"No address for {target.Host}");
    }

    static IPAddress[] Resolve(string host)
    {
        if (IPAddress.TryParse(host, out var address)) return [address];
        try
        {
            return Dns.GetHostAddresses(host);
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            throw new LinkException($"Can't resolve {host}: {failure.Message}", failure);
        }
    }

    Link ConnectTo(IPAddress address, LinkTarget target, CancellationToken stop)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            Bind(socket, target.SourceAddress);
            Reach(socket, new IPEndPoint(address, target.Port), target.ConnectTimeout, stop);
            socket.NoDelay = true;
            if (target.KeepAliveSeconds > 0) TcpKeepAlive.TurnOn(socket, target.KeepAliveSeconds);
            // A handshake of TLS is part of connecting.
            socket.SendTimeout = socket.ReceiveTimeout = (int)target.ConnectTimeout.TotalMilliseconds;
            return new Link(socket, Secure(socket, target)) { Timeout = target.Timeout };
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            socket.Dispose();
            throw LinkException.Of(failure);
        }
    }

    static void Bind(Socket socket, string source)
    {
        if (source.Length == 0) return;
        var address = Array.Find(Resolve(source), a => a.AddressFamily == socket.AddressFamily)
            ?? throw new LinkException($"Can't connect from {source}: it is an address of another family");
        // Without it a source that has connected there before may be refused until the system forgets that connection.
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(address, 0));
    }

    /// <summary>
    /// Connects within a time: the system's own limit is minutes. The call blocks, and a timer closes the socket under it. Rejected:
    /// ConnectAsync. One call of that kind, and the runtime watches the socket by threads of its own for as long as it lives: they took more
    /// than the commands of a master's stream.
    /// </summary>
    static void Reach(Socket socket, IPEndPoint end, TimeSpan timeout, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(timeout);
        using (limit.Token.UnsafeRegister(static state => ((Socket)state!).Dispose(), socket))
        {
            try
            {
                socket.Connect(end);
            }
            catch (Exception failure) when (limit.IsCancellationRequested && failure is SocketException or ObjectDisposedException)
            {
                throw new SocketException((int)SocketError.TimedOut);
            }
            catch (SocketException failure)
            {
                // Its words without the address that this call adds: whoever logs them knows it.
                throw new SocketException(failure.ErrorCode);
            }
        }
        if (limit.IsCancellationRequested) throw new SocketException((int)SocketError.TimedOut);
    }

    Stream Secure(Socket socket, LinkTarget target)
    {
        if (!target.UsesTls) return new NetworkStream(socket, ownsSocket: false);
        var context = tls.Client ?? throw new LinkException("TLS is asked for, and no certificate is configured");
        try
        {
            return new TlsStream(socket, context.CreateClient(target.Host));
        }
        catch (TlsException failure)
        {
            throw new LinkException(failure.Message, failure);
        }
    }
}
