using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport;

/// <summary>A transport that stops while peers arrive: whoever is not accepted yet never will be.</summary>
public sealed class PortableStopTests
{
    /// <summary>It has been accepted by the system, and waits for a thread of the pool while the transport closes what it knows.</summary>
    [Fact]
    public void A_connection_that_was_closed_before_its_turn_is_not_accepted()
    {
        var handler = new Handler();
        using var transport = new SocketTransport(handler, new TlsContexts(), new HandshakeLimits());
        using var listener = Listener.Tcp("127.0.0.1", 0, backlog: 1);
        listener.Socket.Blocking = true;
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(IPAddress.Loopback, listener.Port);
        using var input = new NativeBuffer(InputPipe.SharedBytes);
        using var connection = new SocketConnection(transport, listener.Socket.Accept(), null, input);
        connection.Abort();
        connection.Start();
        Assert.Equal(["closed"], handler.Calls);
        Assert.Equal(0, peer.Receive(new byte[1]));
    }

    [Fact]
    public void A_handshake_that_ends_after_the_stop_makes_no_client()
    {
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration, portableTransport: true);
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        peer.Connect(IPAddress.Loopback, server.TlsPort);
        // The first bytes of the server say that its half of the handshake is under way.
        using var tls = new SslStream(new AfterFirstRead(peer, server.Stop));
        tls.AuthenticateAsClient(files.ClientOptions());
        var reply = 0;
        try
        {
            tls.Write("PING\r\n"u8);
            reply = tls.Read(new byte[16]);
        }
        catch (IOException)
        {
            // The server had closed the socket by then.
        }
        Assert.Equal(0, reply);
        Assert.Equal(0, server.Server.Statistics.ConnectionsReceived);
    }

    /// <summary>Acts once something was received, and before it is looked at.</summary>
    sealed class AfterFirstRead(Socket socket, Action act) : NetworkStream(socket)
    {
        bool _hasActed;

        public override int Read(Span<byte> buffer)
        {
            var received = base.Read(buffer);
            if (!_hasActed) act();
            _hasActed = true;
            return received;
        }
    }

    /// <summary>Notes who comes and goes.</summary>
    sealed class Handler : IConnectionHandler
    {
        public List<string> Calls { get; } = [];

        public Lock ExecutorLock { get; } = new();

        public void OnAccepted(Connection connection) => Calls.Add("accepted");

        public void OnClosed(Connection connection) => Calls.Add("closed");

        public void OnReceived(Connection connection) => Calls.Add("received");

        public void OnAcceptFailed(string reason) => Calls.Add(reason);

        public void OnHandshakeFailed(string remote, string reason) => Calls.Add(reason);

        public bool TurnsAway() => false;

        public bool KeepsReplies => false;

        public void OnTurnEnded()
        {
        }

        public void OnSendingLocked()
        {
        }

        public int OnTick() => 1000;
    }
}
