namespace MiniRedis.Server.Transport.Linux;

/// <summary>Closes connections.</summary>
sealed unsafe partial class EpollLoop
{
    void CloseIfDone(EpollConnection connection)
    {
        if (connection.Closing == CloseMode.AtOnce || !connection.Output.HasSending && !connection.Output.HasWriting)
            Close(connection);
    }

    /// <summary>
    /// Marks the connection closed. Its descriptor is freed only at the end of the round: an event of this round may still name
    /// it, and a new connection must not get the same number before.
    /// </summary>
    void Close(EpollConnection connection)
    {
        if (connection.IsClosed) return;
        connection.IsClosed = true;
        _closed.Add(connection);
    }

    /// <summary>
    /// Gives back the memory of connections that were closed at once, before the next batch takes more: they were closed because there was
    /// too much of it. The rest follows at the end of the round.
    /// </summary>
    void EndDoomed()
    {
        lock (_handler.ExecutorLock)
        {
            _hasDoomed = false;
            foreach (var connection in _doomed)
            {
                Close(connection);
                connection.Input.Discard();
                connection.Output.Discard();
            }
            _doomed.Clear();
        }
    }

    void CloseMarked()
    {
        if (_closed.Count == 0) return;
        foreach (var connection in _closed)
        {
            _handler.OnClosed(connection);
            if (connection.Tls is not null) EndTls(connection, connection.Tls);
            connection.Input.Discard();
            connection.Output.Discard();
            if (connection.Closing == CloseMode.AfterOutput) Drain(connection.Descriptor);
            _connections[connection.Descriptor] = null;
            LibC.Close(connection.Descriptor);
        }
        _closed.Clear();
    }

    /// <summary>
    /// Reads and drops unread bytes. Closing a socket that holds some resets the connection, and the peer may lose the last
    /// reply, such as the error that says why it was refused.
    /// </summary>
    void Drain(int fd)
    {
        if (LibC.Shutdown(fd, LibC.ShutWr) < 0) return;
        var scratch = _sharedInput.GetSpan();
        nint drained = 0, received;
        do
        {
            fixed (byte* to = scratch) received = LibC.Receive(fd, to, scratch.Length, LibC.MsgDontWait);
            drained += received;
        }
        while (received > 0 && drained < MaxDrainedBytes);
    }
}
