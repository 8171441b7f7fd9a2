using System.Net;
using System.Runtime.InteropServices;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>
/// Connections that this side makes, until they stand: the connect of the system, then the handshake of TLS. None of them waits for another
/// one, so one thread reaches a whole cluster, the nodes that do not answer among it.
/// </summary>
sealed unsafe partial class HandshakeLoop
{
    // Of any thread.
    readonly Queue<OutgoingTarget> _wanted = [];

    // By descriptor.
    readonly Dictionary<int, Outgoing> _outgoing = [];

    sealed class Outgoing(int fd, OutgoingTarget target, TlsSession? tls)
    {
        public int Descriptor => fd;
        public OutgoingTarget Target => target;
        public TlsSession? Tls => tls;
        public long Deadline { get; } = Environment.TickCount64 + (long)target.Timeout.TotalMilliseconds;

        /// <summary>The system has connected it.</summary>
        public bool IsReached { get; set; }
    }

    /// <inheritdoc cref="ITransport.Connect"/>
    public void Connect(OutgoingTarget target)
    {
        lock (_newListenersLock) _wanted.Enqueue(target);
        Start();
        Wake();
    }

    void ConnectWanted()
    {
        while (true)
        {
            OutgoingTarget? target;
            lock (_newListenersLock)
            {
                if (!_wanted.TryDequeue(out target)) return;
            }
            Begin(target);
        }
    }

    void Begin(OutgoingTarget target)
    {
        TlsSession? tls = null;
        if (target.UsesTls)
        {
            try
            {
                tls = (_contexts.Client ?? throw new TlsException(OutgoingTarget.NoTls)).CreateClient(null);
            }
            catch (TlsException failure)
            {
                _handler.OnConnectFailed(target, failure.Message);
                return;
            }
        }
        var address = target.Remote.Serialize();
        var fd = LibC.CreateSocket(BitConverter.ToUInt16(address.Buffer.Span));
        if (fd < 0 || !TryConnect(fd, target, address))
        {
            _handler.OnConnectFailed(target, Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
            if (fd >= 0) LibC.Close(fd);
            tls?.Dispose();
            return;
        }
        LibC.SetNoDelay(fd);
        _outgoing.Add(fd, new Outgoing(fd, target, tls));
        // Also if it stands already: then it is writable at once.
        LibC.Control(_epoll, LibC.EpollCtlAdd, fd, LibC.EpollOut);
    }

    static bool TryConnect(int fd, OutgoingTarget target, SocketAddress address)
    {
        if (target.Source is { } source && source.AddressFamily == target.Remote.AddressFamily)
        {
            var from = new IPEndPoint(source, 0).Serialize();
            if (LibC.BindSource(fd, from.Buffer.Span[..from.Size]) < 0) return false;
        }
        return LibC.Connect(fd, address.Buffer.Span[..address.Size]) == 0 || Marshal.GetLastPInvokeError() == LibC.EInProgress;
    }

    void Advance(Outgoing outgoing)
    {
        if (!outgoing.IsReached)
        {
            if (LibC.ConnectError(outgoing.Descriptor) is not 0 and var error)
            {
                Fail(outgoing, Marshal.GetPInvokeErrorMessage(error));
                return;
            }
            outgoing.IsReached = true;
            if (outgoing.Tls is null) HandOver(outgoing, []);
            else BeginHandshake(outgoing, outgoing.Tls);
            return;
        }
        ReceiveHandshake(outgoing, outgoing.Tls!);
    }

    /// <summary>The end that connects speaks first.</summary>
    void BeginHandshake(Outgoing outgoing, TlsSession tls)
    {
        if (tls.Handshake([], out _) == TlsStatus.Failed) Fail(outgoing, tls.Failure!);
        else if (TrySendPending(outgoing, tls)) LibC.Control(_epoll, LibC.EpollCtlMod, outgoing.Descriptor, LibC.EpollIn);
    }

    void ReceiveHandshake(Outgoing outgoing, TlsSession tls)
    {
        nint received;
        fixed (byte* to = _buffer) received = LibC.Receive(outgoing.Descriptor, to, _buffer.Length, LibC.MsgDontWait);
        if (received < 0 && Marshal.GetLastPInvokeError() is LibC.EAgain or LibC.EIntr) return;
        if (received <= 0)
        {
            Fail(outgoing, "it left during the handshake");
            return;
        }
        var status = tls.Handshake(_buffer.AsSpan(0, (int)received), out var consumed);
        var early = status == TlsStatus.Complete ? _buffer.AsSpan(consumed, (int)received - consumed).ToArray() : [];
        if (!TrySendPending(outgoing, tls)) return;
        if (status == TlsStatus.Complete) HandOver(outgoing, early);
        else if (status == TlsStatus.Failed) Fail(outgoing, tls.Failure!);
    }

    /// <returns>False if it has failed. What a handshake sends fits the buffer of a socket that nothing was sent to.</returns>
    bool TrySendPending(Outgoing outgoing, TlsSession tls)
    {
        while (tls.PendingBytes > 0)
        {
            var length = tls.TakePending(_buffer);
            nint sent;
            fixed (byte* from = _buffer) sent = LibC.Send(outgoing.Descriptor, from, length, LibC.MsgDontWait | LibC.MsgNoSignal);
            if (sent == length) continue;
            Fail(outgoing, "it does not read the handshake");
            return false;
        }
        return true;
    }

    void HandOver(Outgoing outgoing, byte[] early)
    {
        var (fd, target) = (outgoing.Descriptor, outgoing.Target);
        _outgoing.Remove(fd);
        LibC.Control(_epoll, LibC.EpollCtlDel, fd, 0);
        var address = stackalloc byte[SocketNames.MaxAddressBytes];
        var length = SocketNames.MaxAddressBytes;
        var local = LibC.GetSockName(fd, address, &length) == 0 ? SocketNames.Format(address) : "";
        var connected = new AcceptedSocket(fd, target.Remote.ToString(), local, false, outgoing.Tls, early, target.State);
        lock (_handler.ExecutorLock) _transport.NextLoop().HandOverLocked(connected);
    }

    void EndOverdueOutgoing()
    {
        foreach (var outgoing in _outgoing.Values.Where(o => Environment.TickCount64 >= o.Deadline).ToList())
            Fail(outgoing, OutgoingTarget.TooLate);
    }

    void Fail(Outgoing outgoing, string reason)
    {
        Drop(outgoing);
        _handler.OnConnectFailed(outgoing.Target, reason);
    }

    void Drop(Outgoing outgoing)
    {
        _outgoing.Remove(outgoing.Descriptor);
        outgoing.Tls?.Dispose();
        LibC.Close(outgoing.Descriptor);
    }

    void EndOutgoing()
    {
        foreach (var outgoing in _outgoing.Values.ToList()) Drop(outgoing);
    }
}
