using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using MiniRedis.Server.Commands;

namespace MiniRedis.Server.Tests.Execution;

/// <summary>The same over TLS, where there are records and handshakes to damage too.</summary>
public sealed partial class BeforeLoginTests
{
    /// <summary>Inputs of one connection: many, since a handshake costs as much as a thousand of them.</summary>
    const int InputsOfConnection = 50;

    /// <summary>A part of all inputs: each goes through the kernel twice.</summary>
    static int TlsInputs => Inputs / 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_bytes_over_TLS_are_refused_or_ignored(bool portable)
    {
        var seed = Setting("MINIREDIS_FUZZ_SEED", 1);
        var random = new Random(seed);
        using var files = new TestCertificates();
        using var server = new TestServer(files.Configuration + "requirepass secret\n", portableTransport: portable);
        string[] names = [.. CommandRegistry.CreateTable().All.Select(command => command.Name)];
        for (var i = 0; i < TlsInputs; i += InputsOfConnection)
        {
            using var wire = new DamagedWire(server.TlsPort, random);
            try
            {
                // Half of the handshakes are damaged too.
                wire.IsDamaged = random.Next(2) == 0;
                using var tls = new SslStream(wire);
                tls.AuthenticateAsClient(files.ClientOptions());
                for (var n = 0; n < InputsOfConnection; n++)
                {
                    wire.IsDamaged = random.Next(InputsOfConnection) == 0;
                    tls.Write(Input(random, names));
                }
            }
            catch (Exception failure) when (failure is IOException or AuthenticationException)
            {
                // The server has closed, as it may: what counts is what it did before.
            }
            lock (server.Server.Executor.ExecutorLock)
            {
                Assert.True(server.Server.Statistics.UnexpectedErrors == 0 && server.Server.Keyspace.Count == 0, $"seed {seed}, connection at {i}");
                Assert.All(server.Server.Clients.All, client => Assert.False(client.IsAuthenticated));
            }
        }
        using var client = server.ConnectTls(files.ClientOptions());
        Assert.Equal("+OK", client.Call("AUTH secret"));
        Assert.Equal("+PONG", client.Call("PING"));
    }

    /// <summary>A connection that changes a byte of what is sent, leaves some out, adds some, or cuts it short. It ends there: who
    /// waits for the rest of a record that is too long by mistake would wait for its patience to end.</summary>
    sealed class DamagedWire : NetworkStream
    {
        readonly Random _random;

        public DamagedWire(int port, Random random)
            : base(Connect(port), ownsSocket: true) => _random = random;

        public bool IsDamaged { get; set; }

        static Socket Connect(int port)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            socket.Connect(IPAddress.Loopback, port);
            socket.SendTimeout = socket.ReceiveTimeout = 10_000;
            return socket;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!IsDamaged || buffer.IsEmpty)
            {
                Send(buffer);
                return;
            }
            IsDamaged = false;
            var bytes = buffer.ToArray();
            var at = _random.Next(bytes.Length);
            Send(_random.Next(4) switch
            {
                0 => [.. bytes[..at], (byte)(bytes[at] ^ _random.Next(1, 256)), .. bytes[(at + 1)..]],
                1 => [.. bytes[..at], .. bytes[_random.Next(at, bytes.Length)..]],
                2 => [.. bytes[..at], .. bytes],
                _ => bytes[..at],
            });
            Socket.Shutdown(SocketShutdown.Send);
        }

        void Send(ReadOnlySpan<byte> bytes)
        {
            try
            {
                while (bytes.Length > 0) bytes = bytes[Socket.Send(bytes)..];
            }
            catch (SocketException failure)
            {
                throw new IOException("", failure);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    }
}
