using System.Net;
using System.Net.Sockets;

namespace MiniRedis.Compat.Tests.Replication;

/// <summary>
/// Passes bytes on between who connects and a server, until the test cuts the connections, or the budget of a connection is used up. While
/// it is closed, it is a partition of the network: nothing passes, and nobody is told.
/// </summary>
sealed class CutProxy : IDisposable
{
    readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    readonly int _target;
    readonly List<Socket> _sockets = [];
    readonly ManualResetEventSlim _open = new(true);
    bool _isOver;

    public CutProxy(int target)
    {
        _target = target;
        _listener.Start();
        Start(Accept);
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Bytes that the server's side of each connection may send from now on before it is cut; null for no bound.</summary>
    public Func<long?> Budget { get; set; } = () => null;

    /// <summary>Whether bytes and new connections pass. What came meanwhile passes when it is opened again, as TCP has it.</summary>
    public bool IsOpen
    {
        set
        {
            if (value) _open.Set();
            else _open.Reset();
        }
    }

    /// <summary>By the address it connects from: whether who connects is on the other side of the partition. All are by default.</summary>
    public Func<IPAddress, bool> IsBeyond { private get; set; } = _ => true;

    /// <summary>Connections so far.</summary>
    public int Count { get; private set; }

    static void Start(Action work) => new Thread(() =>
    {
        try
        {
            work();
        }
        catch (Exception failure) when (failure is SocketException or InvalidOperationException)
        {
            // Cut, or over.
        }
    }) { IsBackground = true }.Start();

    void Accept()
    {
        while (true)
        {
            var near = _listener.AcceptSocket();
            Start(() => Connect(near, ((IPEndPoint)near.RemoteEndPoint!).Address));
        }
    }

    void Connect(Socket near, IPAddress source)
    {
        AwaitOpen(source);
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp);
        lock (_sockets)
        {
            _sockets.AddRange([near, far]);
            if (_isOver) Cut();
            else Count++;
        }
        try
        {
            far.Connect(IPAddress.Loopback, _target);
        }
        catch (SocketException)
        {
            // Nobody is there.
            near.Dispose();
            return;
        }
        Start(() => Pass(far, near, source, Budget()));
        Pass(near, far, source, null);
    }

    void AwaitOpen(IPAddress source)
    {
        if (IsBeyond(source)) _open.Wait();
    }

    void Pass(Socket from, Socket to, IPAddress source, long? budget)
    {
        try
        {
            var buffer = new byte[4096];
            for (long passed = 0; budget is not { } most || passed < most;)
            {
                var room = (int)Math.Min(buffer.Length, (budget ?? long.MaxValue) - passed);
                var count = from.Receive(buffer.AsSpan(0, room));
                if (count == 0) break;
                passed += count;
                AwaitOpen(source);
                for (var sent = 0; sent < count;) sent += to.Send(buffer.AsSpan(sent, count - sent));
            }
        }
        finally
        {
            from.Dispose();
            to.Dispose();
        }
    }

    /// <summary>Cuts the connections that stand.</summary>
    public void Cut()
    {
        lock (_sockets)
        {
            foreach (var socket in _sockets) socket.Dispose();
            _sockets.Clear();
        }
    }

    public void Dispose()
    {
        lock (_sockets) _isOver = true;
        _listener.Dispose();
        Cut();
        _open.Set();
    }
}
