using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Transport;

/// <summary>A bound and listening socket: TCP on one address, or a unix socket.</summary>
sealed class Listener : IDisposable
{
    /// <summary>Bytes of a socket's path, its terminator among them: sun_path of sockaddr_un.</summary>
    const int UnixPathBytes = 108;

    /// <summary>Of a name in the DNS (RFC 1035).</summary>
    const int LongestHost = 255;

    readonly string? _path;

    Listener(Socket socket, string? path, bool isTls = false)
    {
        Socket = socket;
        IsTls = isTls;
        Port = (socket.LocalEndPoint as IPEndPoint)?.Port ?? 0;
        _path = path;
    }

    public Socket Socket { get; }
    public bool IsClosed => Socket.SafeHandle.IsClosed;
    public bool IsUnixSocket => _path is not null;
    public string? Path => _path;

    /// <summary>Whether who connects has to speak TLS.</summary>
    public bool IsTls { get; }

    /// <summary>
    /// The bound port, useful if port 0 let the system choose; 0 for a unix socket. Stays known after the listener is closed.
    /// </summary>
    public int Port { get; }

    /// <summary>Listens on <paramref name="address"/>; "*" and "::*" are every IPv4 and every IPv6 address, as in redis.conf.</summary>
    /// <exception cref="SocketException">The address is not ours, or in use.</exception>
    public static Listener Tcp(string address, int port, int backlog, bool tls = false)
    {
        var ip = address switch
        {
            "*" => IPAddress.Any,
            "::*" => IPAddress.IPv6Any,
            _ => IPAddress.TryParse(address, out var literal) ? literal : Resolve(address),
        };
        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // One socket for each address, so that "bind * ::*" does not collide with itself.
            if (ip.AddressFamily == AddressFamily.InterNetworkV6) socket.DualMode = false;
            // Without ReuseAddress, which would let two servers share the port (the runtime sets SO_REUSEPORT with it). A restart
            // during TIME_WAIT needs no option: the runtime itself binds TCP sockets with SO_REUSEADDR.
            socket.Bind(new IPEndPoint(ip, port));
            socket.Listen(backlog);
            socket.Blocking = false;
            return new Listener(socket, null, tls);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    static IPAddress Resolve(string host)
    {
        // An empty name would be this machine, and one that is longer than any the caller's mistake.
        if (host.Length is 0 or > LongestHost) throw new SocketException((int)SocketError.HostNotFound);
        foreach (var found in Dns.GetHostAddresses(host)) return found;
        throw new SocketException((int)SocketError.HostNotFound);
    }

    /// <summary>Listens on a unix socket, replacing a stale file of that name.</summary>
    /// <param name="permissions">File mode bits, or 0 to leave the process's umask in force.</param>
    /// <exception cref="SocketException">Something else is there.</exception>
    /// <exception cref="IOException">The path is too long, or its directory is not there.</exception>
    public static Listener Unix(string path, int permissions, int backlog)
    {
        var length = FileNames.ToBytes(path).Length;
        if (length >= UnixPathBytes) throw new PathTooLongException($"unix socket path too long ({length}), must be under {UnixPathBytes}");
        // The runtime would call it an address that cannot be assigned.
        if (Disk.KindOf(System.IO.Path.GetDirectoryName(path)!) != PathKind.Directory) throw new DirectoryNotFoundException();
        TryDelete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(OperatingSystem.IsLinux() ? new UnixName(path) : new UnixDomainSocketEndPoint(path));
            if (permissions != 0) Disk.SetPermissions(path, permissions);
            socket.Listen(backlog);
            socket.Blocking = false;
            return new Listener(socket, path);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        if (_path is not null) TryDelete(_path);
    }

    // If the file cannot be deleted and is in the way, bind reports it.
    static void TryDelete(string path)
    {
        try
        {
            Disk.Delete(path);
        }
        catch (IOException)
        {
        }
    }
}
