using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MiniRedis.Server.Links;

/// <summary>
/// One connection to another server, plain or encrypted. It blocks, so it belongs to a thread of its own, which does not hold the executor's
/// lock while it waits; only MIGRATE does. <see cref="LinkConnector"/> makes it.
/// </summary>
/// <remarks>
/// One thread receives. Any thread sends and <see cref="Abort"/>s. A sender waits only while the other side takes nothing: who sends under the
/// executor's lock sees to it that little is on its way. Every failure is a <see cref="LinkException"/>, after which the link is of no more
/// use. The one that receives disposes of it.
/// </remarks>
sealed class Link(Socket socket, Stream stream, ReplyReader? reader = null) : IDisposable
{
    /// <summary>Several hundred commands of a master's stream at a time.</summary>
    const int BufferBytes = 64 * 1024;

    /// <summary>"$EOF:" with its mark and "$ENDOFF:" with what follows are less; an error may be longer.</summary>
    const int LongestLine = 1024;

    readonly ReplyReader _reader = reader ?? new ReplyReader();
    readonly byte[] _buffer = new byte[BufferBytes];
    readonly Lock _sending = new();
    int _start, _end;

    /// <summary>Our end: a server that is asked for its address by others takes this one.</summary>
    public IPEndPoint? Local { get; } = (IPEndPoint?)socket.LocalEndPoint;

    public IPEndPoint? Remote { get; } = (IPEndPoint?)socket.RemoteEndPoint;

    /// <summary>The longest wait of one receive or send from now on; zero waits for ever.</summary>
    public TimeSpan Timeout
    {
        set => socket.SendTimeout = socket.ReceiveTimeout = (int)Math.Min(value.TotalMilliseconds, int.MaxValue);
    }

    /// <summary>Sends bytes: whole commands, as <see cref="LinkCommand"/> makes them. Any thread.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            lock (_sending) stream.Write(bytes);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw LinkException.Of(failure);
        }
    }

    /// <summary>Waits for a reply.</summary>
    public LinkReply Receive()
    {
        while (true)
        {
            var input = new ReadOnlySpan<byte>(_buffer, _start, _end - _start);
            var reply = _reader.Read(ref input);
            _start = _end - input.Length;
            if (reply is not null) return reply;
            Fill();
        }
    }

    /// <summary>Sends a command and waits for its reply, where none is on its way. Empty lines before it do not count.</summary>
    public LinkReply Ask(params ReadOnlySpan<string> words)
    {
        Send(LinkCommand.Encode(words));
        while (true)
        {
            if (Receive() is { Kind: not LinkReplyKind.KeepAlive } reply) return reply;
        }
    }

    /// <summary>Waits for bytes that are no replies: a file, or a stream of commands.</summary>
    /// <returns>What is there. It is valid until the next call, and stays there until it is <see cref="Take"/>n.</returns>
    public ReadOnlySpan<byte> ReceiveBytes()
    {
        if (_start == _end) Fill();
        return _buffer.AsSpan(_start, _end - _start);
    }

    /// <summary>Waits for a line of text, where no reply is expected.</summary>
    /// <returns>The line without its end, in Latin-1.</returns>
    public string ReceiveLine()
    {
        var line = new StringBuilder();
        while (true)
        {
            var bytes = ReceiveBytes();
            var end = bytes.IndexOf((byte)'\n');
            line.Append(Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]));
            Take(end < 0 ? bytes.Length : end + 1);
            if (end >= 0) return line.ToString().TrimEnd('\r');
            if (line.Length > LongestLine) throw new LinkException("Bad protocol: a line without an end");
        }
    }

    /// <summary>The first <paramref name="count"/> bytes of what <see cref="ReceiveBytes"/> returned are done with.</summary>
    public void Take(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
    }

    /// <summary>As <see cref="ReceiveBytes"/>, into memory of the caller's.</summary>
    /// <returns>Bytes received, at least one.</returns>
    public int Receive(Span<byte> into)
    {
        if (_start == _end) return Read(into);
        var count = Math.Min(into.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(into);
        _start += count;
        return count;
    }

    void Fill() => (_start, _end) = (0, Read(_buffer));

    int Read(Span<byte> into)
    {
        int count;
        try
        {
            count = stream.Read(into);
        }
        catch (Exception failure) when (failure is IOException or SocketException or ObjectDisposedException)
        {
            throw LinkException.Of(failure);
        }
        return count > 0 ? count : throw new LinkException(LinkException.Closed);
    }

    /// <summary>Ends the connection: who waits for it gets a <see cref="LinkException"/>. Any thread, also after the end.</summary>
    public void Abort()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The other side was faster, or the thread of the link.
        }
    }

    public void Dispose()
    {
        try
        {
            stream.Dispose();
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            // A goodbye that nobody takes.
        }
        socket.Dispose();
    }
}
