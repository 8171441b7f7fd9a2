using System.Runtime.InteropServices;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>Accepts connections.</summary>
sealed unsafe partial class EpollLoop
{
    /// <summary>
    /// Connections refused in one go. Each holds a descriptor until the end of the turn, and there may be few left.
    /// </summary>
    const int MaxRefusedPerCall = 4;

    /// <summary>Starts or stops waiting for connections.</summary>
    void WatchListeners(bool watch)
    {
        _acceptAgain = watch ? 0 : Environment.TickCount64 + AcceptPauseMilliseconds;
        foreach (var (fd, listener) in _listeners)
        {
            if (!listener.IsClosed) LibC.Control(_epoll, LibC.EpollCtlMod, fd, watch ? LibC.EpollIn : 0);
        }
    }

    void Accept(Listener listener)
    {
        if (listener.IsClosed) return;
        // Whoever was refused with it has left by now.
        if (_spare < 0) _spare = LibC.CreateWakeUp();
        var onSpare = false;
        var address = stackalloc byte[SocketNames.MaxAddressBytes];
        var refused = 0;
        for (var i = 0; i < MaxAcceptsPerCall && refused < MaxRefusedPerCall; i++)
        {
            var length = SocketNames.MaxAddressBytes;
            var fd = LibC.Accept4((int)listener.Socket.Handle, address, &length, LibC.SockNonBlock | LibC.SockCloExec);
            if (fd < 0)
            {
                var error = Marshal.GetLastPInvokeError();
                if (error is LibC.EIntr or LibC.EConnAborted) continue;
                if (error is LibC.EAgain) return;
                if (error is LibC.EMFile or LibC.ENFile && _spare >= 0)
                {
                    // No descriptor is left, or the limit was lowered below those in use: a peer gets the spare one, to be told.
                    LibC.Close(_spare);
                    (_spare, onSpare) = (-1, true);
                    continue;
                }
                // Out of memory, or still of descriptors: peers wait in the backlog until there are some again.
                _handler.OnAcceptFailed(Marshal.GetPInvokeErrorMessage(error));
                WatchListeners(false);
                return;
            }
            string remote, local;
            if (listener.IsUnixSocket) remote = local = listener.Path + ":0";
            else
            {
                LibC.SetNoDelay(fd);
                remote = SocketNames.Format(address);
                length = SocketNames.MaxAddressBytes;
                local = LibC.GetSockName(fd, address, &length) == 0 ? SocketNames.Format(address) : "";
            }
            var accepted = new AcceptedSocket(fd, remote, local, listener.IsUnixSocket);
            if (onSpare)
            {
                Add(accepted, onSpare);
                return;
            }
            var owner = _transport.NextLoop();
            if (owner == this)
            {
                if (!Add(accepted)) refused++;
            }
            else
            {
                lock (_handler.ExecutorLock) owner.HandOverLocked(accepted);
            }
        }
    }

    /// <summary>Gives this loop a connection that another thread accepted.</summary>
    public void HandOverLocked(in AcceptedSocket accepted)
    {
        _handedOver.Add(accepted);
        _attentionPending = true;
        Wake();
    }

    /// <returns>Whether it was let in.</returns>
    bool Add(in AcceptedSocket accepted, bool onSpare = false)
    {
        var fd = accepted.Descriptor;
        var connection = new EpollConnection(this, fd, _sharedInput, accepted.Remote, accepted.Local, accepted.IsUnixSocket)
        {
            IsOnSpareDescriptor = onSpare, Tls = accepted.Tls, State = accepted.State,
        };
        if (fd >= _connections.Length) Array.Resize(ref _connections, Math.Max(fd + 1, _connections.Length * 2));
        _connections[fd] = connection;
        LibC.Control(_epoll, LibC.EpollCtlAdd, fd, LibC.EpollIn);
        if (accepted.State is null) _handler.OnAccepted(connection);
        else _handler.OnConnected(connection);
        if (accepted.Tls is not null) _early.Enqueue((connection, accepted.Early));
        // A refusal leaves like any other output: Attend takes it, sends it and closes.
        return connection.Closing == CloseMode.Open;
    }
}

/// <summary>A socket that was accepted or connected, and belongs to no loop yet.</summary>
/// <param name="Descriptor">Of the socket.</param>
/// <param name="Remote">The peer's address.</param>
/// <param name="Local">Our address.</param>
/// <param name="IsUnixSocket">Whether it is no socket of TCP.</param>
/// <param name="Tls">The session after its handshake; null for a plain connection.</param>
/// <param name="Early">Encrypted bytes that came with the end of the handshake.</param>
/// <param name="State">Of a connection that we have made: whose it is; null for one that was accepted.</param>
readonly record struct AcceptedSocket(
    int Descriptor, string Remote, string Local, bool IsUnixSocket, Tls.TlsSession? Tls = null, byte[]? Early = null, object? State = null);
