using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Logging;

/// <summary>
/// What the log gets when the server ends by a fault, in the layout of Redis's bug reports: why, the stack, INFO, the clients, and some
/// settings. No key, value or argument is in it, and no key is looked at: the data may be half changed.
/// </summary>
/// <remarks>Any thread. One report a process: a fault while it is written must not begin another.</remarks>
sealed class CrashReport(ServerLog log, ProcessSettings settings)
{
    readonly List<(string Title, bool NeedsLock, Func<string> Text)> _parts = [];

    int _begun;

    /// <summary>The executor's lock. Set when the server is put together.</summary>
    public Lock? ExecutorLock { get; set; }

    /// <summary>Longest wait for a command that runs on another thread. After that the server is not looked into.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Adds a part, at the end.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="needsLock">Whether it reads what only the holder of the executor's lock may.</param>
    /// <param name="text">Makes its lines.</param>
    public void Add(string title, bool needsLock, Func<string> text) => _parts.Add((title, needsLock, text));

    /// <summary>Writes the report, if crash-log-enabled says so and there is none yet.</summary>
    /// <param name="reasons">Lines about what happened.</param>
    /// <param name="stack">Of the thread that it happened on.</param>
    public void Write(IEnumerable<string> reasons, string stack)
    {
        if (!settings.CrashLogEnabled || Interlocked.Exchange(ref _begun, 1) != 0) return;
        log.CrashText("\n\n=== MINIREDIS BUG REPORT START: Cut & paste starting from here ===");
        foreach (var reason in reasons) log.CrashReason(reason);
        log.CrashText($"\n------ STACK TRACE ------\n{stack.TrimEnd()}\n------ STACK TRACE DONE ------");
        var isLocked = ExecutorLock?.TryEnter(Patience) ?? false;
        foreach (var (title, needsLock, text) in _parts)
            log.CrashText($"\n------ {title} ------\n{(needsLock && !isLocked ? "(not read: a command is still running)" : TextOf(text))}");
        if (isLocked) ExecutorLock!.Exit();
        log.CrashText("\n=== MINIREDIS BUG REPORT END. Make sure to include from START to END. ===\n");
    }

    static string TextOf(Func<string> text)
    {
        try
        {
            return text().ReplaceLineEndings("\n").TrimEnd('\n');
        }
        catch (Exception failure)
        {
            // What is broken may be what is read here. The other parts are worth having.
            return $"(not read: {failure.GetType().Name})";
        }
    }
}
