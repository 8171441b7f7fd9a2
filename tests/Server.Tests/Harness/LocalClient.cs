using System.Text;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Execution.Intake;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Tests;

/// <summary>
/// A client of a test's server without a socket between them: its commands run on the thread that calls, in a tenth of the time. Replies look
/// as those of <see cref="RawClient"/>. For commands that answer at once: none that waits, and no file that is synced before each reply.
/// </summary>
sealed class LocalClient : IDisposable
{
    readonly NativeBuffer _shared = new(InputPipe.SharedBytes);
    readonly SocketlessConnection _connection;
    readonly Executor _executor;

    public LocalClient(TestServer server)
    {
        _executor = server.Server.Executor;
        _connection = new SocketlessConnection(_shared, "127.0.0.1:1", $"127.0.0.1:{server.Port}");
        _executor.OnAccepted(_connection);
    }

    /// <summary>Runs a command line (quoted as in redis-cli) and returns the reply.</summary>
    public string Call(string commandLine)
    {
        var request = Encoding.Latin1.GetBytes(RawClient.Encode(ConfigLine.Split(commandLine) ?? throw new FormatException(commandLine)));
        request.CopyTo(_connection.Input.PrepareReceive());
        _connection.Input.Received(request.Length);
        _executor.OnReceived(_connection);
        // As a loop does behind its turn: files and replicas get what has changed.
        _executor.OnTurnEnded();
        var reply = new StringBuilder();
        while (_connection.Output.HasSending)
        {
            var bytes = _connection.Output.FrontSpan;
            reply.Append(Encoding.Latin1.GetString(bytes));
            _connection.Output.Sent(bytes.Length);
        }
        Assert.True(reply.Length > 0, $"no reply: {commandLine}");
        return reply.Replace("\r\n", " ").ToString(0, reply.Length - 1);
    }

    public void Dispose()
    {
        _executor.OnClosed(_connection);
        _shared.Free();
    }
}
