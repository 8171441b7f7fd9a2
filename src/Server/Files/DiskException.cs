namespace MiniRedis.Server.Files;

/// <summary>The system refused a file. The message is strerror's and names no path, so that a client may see it.</summary>
sealed class DiskException(int number) : IOException(Errno.Words(number))
{
    /// <summary>errno.</summary>
    public int Number => number;

    /// <summary>
    /// The words for any failure of a file. The runtime's own exceptions have other words than the system, and name paths.
    /// </summary>
    public static string Describe(Exception failure) => failure switch
    {
        DiskException => failure.Message,
        FileNotFoundException or DirectoryNotFoundException => Errno.Words(Errno.NoEntry),
        PathTooLongException => "File name too long",
        // Of a directory, too, that should be a file; the cause knows.
        UnauthorizedAccessException { InnerException: { } cause } => Describe(cause),
        UnauthorizedAccessException => "Permission denied",
        ArgumentOutOfRangeException => Errno.Words(Errno.FileTooLarge),
        OperationCanceledException => Errno.Words(Errno.Canceled),
        _ when failure.Message.IndexOf(" : '", StringComparison.Ordinal) is > 0 and var end => failure.Message[..end],
        _ => failure.Message,
    };

    /// <summary>Runs what the runtime does where there are no system calls of ours, and gives its failures one type.</summary>
    /// <exception cref="IOException">It failed, for whatever reason the runtime has.</exception>
    public static T Translate<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (Exception failure) when (failure is UnauthorizedAccessException or ArgumentException or OperationCanceledException
            or NotSupportedException)
        {
            throw new IOException(Describe(failure), failure);
        }
    }
}
