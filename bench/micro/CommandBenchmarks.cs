using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Transport;

namespace MiniRedis.Benchmarks;

/// <summary>
/// Whole commands through the executor, from received bytes to the bytes to send, without a socket: parse, dispatch, look up,
/// change, reply, account. None may allocate on the collected heap.
/// </summary>
[MemoryDiagnoser]
public class CommandBenchmarks : IDisposable
{
    const int Keys = 10_000, Pipeline = 16;

    readonly MiniRedisServer _server = new(new ServerConfig(), new ServerLog(NullLogger.Instance), randomSeed: 1);
    readonly NativeBuffer _shared = new(InputPipe.SharedBytes);
    readonly LoopbackConnection _connection;
    readonly byte[][] _set, _get, _incr, _pipeline;
    int _next;

    public CommandBenchmarks()
    {
        _connection = new LoopbackConnection(_shared);
        _server.Executor.OnAccepted(_connection);
        _set = [.. Enumerable.Range(0, Keys).Select(i => Encode("SET", $"key:{i:D12}", new('x', 64)))];
        _get = [.. Enumerable.Range(0, Keys).Select(i => Encode("GET", $"key:{i:D12}"))];
        _incr = [.. Enumerable.Range(0, Keys).Select(i => Encode("INCR", $"cnt:{i:D12}"))];
        _pipeline = [.. Enumerable.Range(0, Keys / Pipeline).Select(i => _get[(i * Pipeline)..((i + 1) * Pipeline)].SelectMany(g => g).ToArray())];
        foreach (var request in _set) Run(request);
        foreach (var request in _incr) Run(request);
    }

    static byte[] Encode(params string[] words) =>
        Encoding.ASCII.GetBytes($"*{words.Length}\r\n" + string.Concat(words.Select(w => $"${w.Length}\r\n{w}\r\n")));

    [Benchmark]
    public int Set() => Run(_set[_next = (_next + 7919) % Keys]);

    [Benchmark]
    public int Get() => Run(_get[_next = (_next + 7919) % Keys]);

    [Benchmark]
    public int Incr() => Run(_incr[_next = (_next + 7919) % Keys]);

    [Benchmark(OperationsPerInvoke = Pipeline)]
    public int GetPipelined() => Run(_pipeline[_next = (_next + 1) % _pipeline.Length]);

    /// <summary>Hands the bytes in as if received. Returns how many bytes the server has to send.</summary>
    int Run(byte[] request)
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

    [GlobalCleanup]
    public void Dispose()
    {
        _server.Keyspace.Dispose();
        _shared.Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>A connection whose bytes come from and go to this program.</summary>
    sealed class LoopbackConnection(NativeBuffer shared) : Connection(shared, "127.0.0.1:1", "127.0.0.1:6379", isUnixSocket: false)
    {
        public override int Descriptor => -1;

        public override bool WatchesWritable => false;

        public override void RequestAttentionLocked()
        {
        }

        public override void SetKeepAlive(int seconds)
        {
        }
    }
}
