using System.Diagnostics;

namespace MiniRedis.Compat.Tests.Monitoring;

/// <summary>A program of others that serves until the test is over.</summary>
sealed class BackgroundTool : IDisposable
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    readonly Process _process;
    readonly string _name;

    public BackgroundTool(string name, params string[] arguments)
    {
        _name = name;
        var start = new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start");
        // Nobody reads them, and a full pipe would stop the program.
        _ = _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        _ = _process.StandardError.BaseStream.CopyToAsync(Stream.Null);
    }

    /// <summary>Asks again until the answer is one. A program needs a moment until it listens, and has seen something.</summary>
    /// <param name="ask">Null if there is no answer yet; it may also throw what HttpClient does.</param>
    public async Task<T> Await<T>(Func<Task<T?>> ask)
        where T : class
    {
        for (var waited = Stopwatch.StartNew(); waited.Elapsed < s_patience; await Task.Delay(100))
        {
            Assert.False(_process.HasExited, $"{_name} has ended");
            try
            {
                if (await ask() is { } answer) return answer;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }
        throw new TimeoutException($"{_name} did not answer");
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
