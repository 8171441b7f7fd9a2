using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace MiniRedis.Compat.Tests;

/// <summary>A program of others: whether it is here, and what it prints.</summary>
static class Tool
{
    static readonly TimeSpan s_patience = TimeSpan.FromSeconds(120);

    public static bool IsInstalled(string name) => Path.IsPathRooted(name)
        ? File.Exists(name)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(d => File.Exists(Path.Combine(d, name)));

    /// <summary>Why a test is skipped.</summary>
    public static string Missing(string program, string package) => $"{program} is not installed (Debian: apt install {package})";

    /// <summary>Runs it to the end and asserts that it succeeded. Returns its standard output.</summary>
    public static async Task<string> Run(string name, IEnumerable<string> arguments, string input = "", string? directory = null)
    {
        var (code, output, error) = await Try(name, arguments, input, directory);
        Assert.True(code == 0, $"{name} ended with {code}\n{output}\n{error}");
        return output;
    }

    /// <summary>Runs it to the end.</summary>
    /// <exception cref="TimeoutException">It did not end; it is killed.</exception>
    public static async Task<(int Code, string Output, string Error)> Try(
        string name, IEnumerable<string> arguments, string input = "", string? directory = null)
    {
        var start = new ProcessStartInfo(name, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = directory ?? Path.GetTempPath(),
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{name} did not start");
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{name} {string.Join(' ', arguments)} did not end; it printed:\n{await output}\n{await error}");
        }
        return (process.ExitCode, await output, await error);
    }
}

/// <summary>A test that drives a program, skipped where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
sealed class ToolFactAttribute : FactAttribute
{
    /// <param name="program">Its name on the PATH, or its path.</param>
    /// <param name="package">Debian's package of it.</param>
    /// <param name="file">The test's source, for its runner.</param>
    /// <param name="line">The line in it.</param>
    public ToolFactAttribute(
        string program, string package, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (!Tool.IsInstalled(program)) Skip = Tool.Missing(program, package);
    }
}

/// <inheritdoc cref="ToolFactAttribute"/>
[AttributeUsage(AttributeTargets.Method)]
sealed class ToolTheoryAttribute : TheoryAttribute
{
    /// <inheritdoc cref="ToolFactAttribute(string, string, string, int)"/>
    public ToolTheoryAttribute(
        string program, string package, [CallerFilePath] string? file = null, [CallerLineNumber] int line = -1)
        : base(file, line)
    {
        if (!Tool.IsInstalled(program)) Skip = Tool.Missing(program, package);
    }
}
