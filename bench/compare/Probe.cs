using System.Diagnostics;

namespace MiniRedis.Compare;

/// <summary>Sends PING after PING from a thread of its own.</summary>
sealed class Probe : IDisposable
{
    readonly Connection _connection;
    readonly Thread _thread;
    volatile bool _ends;
    long _longest;

    public Probe(RunningServer server)
    {
        _connection = server.Connect();
        _thread = new Thread(Run);
        _thread.Start();
    }

    /// <summary>The longest time an answer took so far, in milliseconds.</summary>
    public double Longest => Stopwatch.GetElapsedTime(0, Volatile.Read(ref _longest)).TotalMilliseconds;

    void Run()
    {
        while (!_ends)
        {
            var started = Stopwatch.GetTimestamp();
            _connection.Call("PING");
            _longest = Math.Max(_longest, Stopwatch.GetTimestamp() - started);
        }
    }

    public void Dispose()
    {
        _ends = true;
        _thread.Join();
        _connection.Dispose();
    }
}
