using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Transport.Tls;

namespace MiniRedis.Server.Transport.Sockets;

/// <summary>
/// Handshakes, on the thread pool. As many as may be hold a slot each, and no other peer is accepted while there is none. The connections
/// that this side makes need no slot.
/// </summary>
sealed partial class SocketTransport
{
    /// <summary>A handshake's messages are smaller than this. What comes behind them goes to the connection.</summary>
    const int HandshakeBytes = 16 * 1024;

    readonly SemaphoreSlim _handshakes = new(limits.Most);

    void TurnAway(Socket socket)
    {
        socket.Dispose();
        _handshakes.Release();
    }

    async Task HandshakeAsync(Socket socket, Listener listener)
    {
        var remote = "?:0";
        TlsSession? tls = null;
        // While more than half of the slots are taken, peers have less time.
        using var patience = new CancellationTokenSource(_handshakes.CurrentCount < limits.Most / 2 ? limits.LongestWhenFull : limits.Longest);
        try
        {
            remote = socket.RemoteEndPoint?.ToString() ?? remote;
            tls = (contexts.Server ?? throw new TlsException("TLS is not configured")).CreateServer();
            var early = await CompleteAsync(socket, tls, isServer: true, patience.Token).ConfigureAwait(false);
            Start(socket, listener.Path, tls, early);
            return;
        }
        catch (OperationCanceledException)
        {
            handler.OnHandshakeFailed(remote, "the handshake takes too long");
        }
        catch (TlsException failure)
        {
            handler.OnHandshakeFailed(remote, failure.Message);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            handler.OnHandshakeFailed(remote, "it left during the handshake");
        }
        finally
        {
            _handshakes.Release();
        }
        tls?.Dispose();
        socket.Dispose();
    }

    /// <returns>Encrypted bytes that came with the end of the handshake.</returns>
    static async Task<byte[]> CompleteAsync(Socket socket, TlsSession tls, bool isServer, CancellationToken cancellation)
    {
        var buffer = new byte[HandshakeBytes];
        // The end that connects speaks first.
        var status = isServer ? TlsStatus.NeedMoreData : tls.Handshake([], out _);
        for (var isFirst = true; ; isFirst = false)
        {
            var early = Array.Empty<byte>();
            if (isServer || !isFirst)
            {
                var received = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
                if (received == 0) throw new TlsException("it left during the handshake");
                if (isFirst && buffer[0] != HandshakeLimits.RecordType) throw new TlsException(HandshakeLimits.NotTls);
                status = tls.Handshake(buffer.AsSpan(0, received), out var consumed);
                early = buffer[consumed..received];
            }
            while (tls.PendingBytes > 0)
            {
                var pending = tls.TakePending(buffer);
                for (var sent = 0; sent < pending;)
                    sent += await socket.SendAsync(buffer.AsMemory(sent..pending), cancellation).ConfigureAwait(false);
            }
            if (status == TlsStatus.Failed) throw new TlsException(tls.Failure!);
            if (status == TlsStatus.Complete) return early;
        }
    }

    public void Connect(OutgoingTarget target) => _ = ConnectAsync(target);

    async Task ConnectAsync(OutgoingTarget target)
    {
        Socket? socket = null;
        TlsSession? tls = null;
        string reason;
        using var patience = new CancellationTokenSource(target.Timeout);
        try
        {
            if (target.UsesTls) tls = (contexts.Client ?? throw new TlsException(OutgoingTarget.NoTls)).CreateClient(null);
            socket = new Socket(target.Remote.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            if (target.Source is { } source && source.AddressFamily == target.Remote.AddressFamily)
            {
                // Without it an address that has connected there before may be refused until the system forgets that connection.
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
                socket.Bind(new IPEndPoint(source, 0));
            }
            await socket.ConnectAsync(target.Remote, patience.Token).ConfigureAwait(false);
            var early = tls is null ? [] : await CompleteAsync(socket, tls, isServer: false, patience.Token).ConfigureAwait(false);
            Start(socket, null, tls, early, target.State);
            return;
        }
        catch (OperationCanceledException)
        {
            reason = OutgoingTarget.TooLate;
        }
        catch (Exception failure) when (failure is SocketException or TlsException or ObjectDisposedException)
        {
            reason = failure.Message;
        }
        tls?.Dispose();
        socket?.Dispose();
        handler.OnConnectFailed(target, reason);
    }
}
