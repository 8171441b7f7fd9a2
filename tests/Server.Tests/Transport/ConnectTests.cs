using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using MiniRedis.Server.Transport;
using MiniRedis.Server.Transport.Linux;
using MiniRedis.Server.Transport.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport;

/// <summary>Connections that a transport makes: both transports, plain and encrypted.</summary>
public sealed class ConnectTests
{
    static readonly TimeSpan s_long = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_connection_that_was_asked_for_is_as_good_as_one_that_was_accepted(bool portable, bool tls)
    {
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration);
        var handler = new Handler { OnStanding = connection => Send(connection, "PING\r\n"u8) };
        using var transport = Start(handler, portable, server.Server.Tls);
        transport.Connect(new OutgoingTarget(new IPEndPoint(IPAddress.Loopback, tls ? server.TlsPort : server.Port), "mine")
        {
            UsesTls = tls, Timeout = s_long, Source = IPAddress.Loopback,
        });
        Assert.Equal("connected mine", handler.Next());
        Assert.Equal("received +PONG\r\n", handler.Next());
        lock (handler.ExecutorLock) handler.Standing!.CloseLocked(CloseMode.AtOnce, "done with");
        Assert.Equal("closed mine", handler.Next());
        transport.Stop();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_address_where_nobody_listens_fails_and_names_the_attempt(bool portable)
    {
        var handler = new Handler();
        using var transport = Start(handler, portable, new TlsContexts());
        int port;
        using (var taken = Listener.Tcp("127.0.0.1", 0, backlog: 1)) port = taken.Port;
        transport.Connect(new OutgoingTarget(new IPEndPoint(IPAddress.Loopback, port), "mine") { Timeout = s_long });
        Assert.StartsWith("failed mine Connection refused", handler.Next());
        transport.Stop();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Who_does_not_answer_the_handshake_is_given_up_in_time(bool portable)
    {
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration);
        using var silent = Listener.Tcp("127.0.0.1", 0, backlog: 1);
        var handler = new Handler();
        using var transport = Start(handler, portable, server.Server.Tls);
        transport.Connect(new OutgoingTarget(new IPEndPoint(IPAddress.Loopback, silent.Port), "mine")
        {
            UsesTls = true, Timeout = TimeSpan.FromMilliseconds(20),
        });
        Assert.Equal("failed mine Connection timed out", handler.Next());
        transport.Stop();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Without_a_certificate_there_is_no_encrypted_connection(bool portable)
    {
        var handler = new Handler();
        using var transport = Start(handler, portable, new TlsContexts());
        transport.Connect(new OutgoingTarget(new IPEndPoint(IPAddress.Loopback, 1), "mine") { UsesTls = true, Timeout = s_long });
        Assert.Equal("failed mine TLS is asked for, and no certificate is configured", handler.Next());
        transport.Stop();
    }

    static ITransport Start(Handler handler, bool portable, TlsContexts contexts)
    {
        ITransport transport = portable
            ? new SocketTransport(handler, contexts, new HandshakeLimits())
            : new EpollTransport(handler, 1, contexts, new HandshakeLimits());
        transport.Start([]);
        return transport;
    }

    static void Send(Connection connection, ReadOnlySpan<byte> bytes)
    {
        connection.Output.Write(bytes);
        connection.RequestAttentionLocked();
    }

    /// <summary>Notes who comes and goes.</summary>
    sealed class Handler : IConnectionHandler
    {
        readonly BlockingCollection<string> _calls = [];

        public Action<Connection>? OnStanding { get; init; }

        public Connection? Standing { get; private set; }

        public Lock ExecutorLock { get; } = new();

        public string Next() => _calls.TryTake(out var call, s_long) ? call : "nothing";

        public void OnConnected(Connection connection)
        {
            lock (ExecutorLock)
            {
                Standing = connection;
                _calls.Add($"connected {connection.State}");
                OnStanding?.Invoke(connection);
            }
        }

        public void OnConnectFailed(OutgoingTarget target, string reason) => _calls.Add($"failed {target.State} {reason}");

        public void OnReceived(Connection connection)
        {
            lock (ExecutorLock)
            {
                _calls.Add("received " + System.Text.Encoding.ASCII.GetString(connection.Input.Unread));
                connection.Input.Consume(connection.Input.Length);
                connection.EndBatchLocked();
            }
        }

        public void OnClosed(Connection connection) => _calls.Add($"closed {connection.State}");

        public void OnAccepted(Connection connection) => _calls.Add("accepted");

        public void OnAcceptFailed(string reason) => _calls.Add(reason);

        public void OnHandshakeFailed(string remote, string reason) => _calls.Add(reason);

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
