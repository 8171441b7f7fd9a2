using System.Net.Sockets;

namespace MiniRedis.Server.Links;

/// <summary>A connection to another server that could not be made, or has ended. The message says why, for the log.</summary>
sealed class LinkException : IOException
{
    public LinkException(string message, Exception? cause = null) : base(message, cause)
    {
    }

    /// <summary>The other side was silent for too long, or took nothing.</summary>
    public bool IsTimeout { get; private init; }

    public const string Closed = "Connection closed by the other side";
    public const string TimedOut = "Connection timed out";

    /// <summary>What a socket or a stream over it threw.</summary>
    public static LinkException Of(Exception failure)
    {
        if (failure is LinkException link) return link;
        // A blocking socket whose timeout has passed says EAGAIN on some systems.
        var error = (failure as SocketException ?? failure.InnerException as SocketException)?.SocketErrorCode;
        return error is SocketError.TimedOut or SocketError.WouldBlock or SocketError.TryAgain
            ? new LinkException(TimedOut, failure) { IsTimeout = true }
            : new LinkException(failure.Message, failure);
    }
}
