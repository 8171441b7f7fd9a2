using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Tests.Transport.Tls;

/// <summary>Connections to another server: here to one of ours.</summary>
public sealed class TlsStreamTests(TestCertificates certificates) : IClassFixture<TestCertificates>
{
    TlsStream Connect(int port, string certificate, bool portable, string authority = "ca")
    {
        var context = TlsContext.Create(
            new TlsOptions
            {
                CertificateFile = certificates[certificate + ".crt"], KeyFile = certificates[certificate + ".key"],
                CaFile = certificates[authority + ".crt"],
            }, portable);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
        socket.Connect(IPAddress.Loopback, port);
        return new TlsStream(socket, context.CreateClient("localhost"));
    }

    static string ReadLine(TlsStream stream)
    {
        var line = new System.Text.StringBuilder();
        for (var next = stream.ReadByte(); next is not '\n' and >= 0; next = stream.ReadByte()) line.Append((char)next);
        return line.ToString();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Requests_and_long_replies_pass(bool portable)
    {
        using var server = new TestServer(certificates.Configuration);
        using var stream = Connect(server.TlsPort, "client", portable);
        stream.Write("PING\r\n"u8);
        Assert.Equal("+PONG\r", ReadLine(stream));
        var value = new byte[1_000_000];
        Array.Fill(value, (byte)'v');
        stream.Write("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\n"u8);
        stream.Write(value);
        stream.Write("\r\nGET k\r\n"u8);
        Assert.Equal("+OK\r", ReadLine(stream));
        Assert.Equal("$1000000\r", ReadLine(stream));
        var got = new byte[value.Length];
        stream.ReadExactly(got);
        Assert.Equal(value, got);
        stream.Write("QUIT\r\n"u8);
        Assert.Equal(["\r", "+OK\r", ""], [ReadLine(stream), ReadLine(stream), ReadLine(stream)]);
        Assert.Equal(0, stream.Read(got));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_of_another_authority_is_not_spoken_to(bool portable)
    {
        using var server = new TestServer(certificates.Configuration);
        var refused = Assert.Throws<IOException>(() => Connect(server.TlsPort, "client", portable, authority: "foreign"));
        Assert.StartsWith("TLS handshake failed: ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_that_does_not_trust_us_ends_the_stream(bool portable)
    {
        using var server = new TestServer(certificates.Configuration);
        // In TLS 1.3 the client's handshake is complete before the server has looked at its certificate.
        string Answer()
        {
            try
            {
                using var stream = Connect(server.TlsPort, "stranger", portable);
                stream.Write("PING\r\n"u8);
                return ReadLine(stream);
            }
            catch (IOException)
            {
                return "";
            }
        }

        Assert.Equal("", Answer());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_server_without_tls_is_told_from_one_with_it(bool portable)
    {
        using var server = new TestServer();
        Assert.Throws<IOException>(() => Connect(server.Port, "client", portable));
    }
}
