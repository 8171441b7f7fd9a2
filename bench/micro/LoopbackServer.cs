using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Transport;

namespace MiniRedis.Benchmarks;

/// <summary>
/// A server and a connection to it without a socket: from received bytes to the bytes to send.
/// </summary>
sealed class LoopbackServer : IDisposable
{
    // No slow log: a call that a busy machine held up is not to count as one that allocates.
    readonly ServerParts _server = new MiniRedisServer(
        new ServerConfig { Observation = { SlowlogLogSlowerThan = -1 }, Persistence = { SavePoints = [] } }, new ServerLog(NullLogger.Instance), randomSeed: 1).Parts;

    readonly NativeBuffer _shared = new(InputPipe.SharedBytes);
    readonly SocketlessConnection _connection;

    public LoopbackServer()
    {
        _connection = new SocketlessConnection(_shared, "127.0.0.1:1", "127.0.0.1:6379");
        _server.Executor.OnAccepted(_connection);
    }

    public static byte[] Encode(params string[] words) =>
        Encoding.ASCII.GetBytes($"*{words.Length}\r\n" + string.Concat(words.Select(w => $"${w.Length}\r\n{w}\r\n")));

    /// <summary>Hands the bytes in as if received. Returns how many bytes the server has to send.</summary>
    public int Run(byte[] request)
    {
        request.CopyTo(_connection.Input.PrepareReceive());
        _connection.Input.Received(request.Length);
        _server.Executor.OnReceived(_connection);
        var sent = 0;
        while (_connection.Output.HasSending)
        {
            var length = _connection.Output.FrontSpan.Length;
            _connection.Output.Sent(length);
            sent += length;
        }
        return sent;
    }

    /// <summary>Runs the cron, which is nobody's loop's here.</summary>
    public void Tick() => _server.Executor.OnTick();

    public void Dispose()
    {
        _server.Keyspace.Dispose();
        _shared.Free();
    }
}
