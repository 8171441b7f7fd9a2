using System.Runtime.InteropServices;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>The system calls of the event loop (man 2 of each). All descriptors are non-blocking.</summary>
static unsafe partial class LibC
{
    public const int EAgain = 11, EIntr = 4, ENFile = 23, EMFile = 24, EConnAborted = 103, EInProgress = 115;
    public const int SockNonBlock = 0x800, SockCloExec = 0x80000;
    public const int MsgDontWait = 0x40, MsgNoSignal = 0x4000;
    public const int ShutWr = 1;
    public const int EpollCtlAdd = 1, EpollCtlDel = 2, EpollCtlMod = 3;
    public const uint EpollIn = 1, EpollOut = 4, EpollErr = 8, EpollHup = 0x10, EpollRdHup = 0x2000;
    const int EpollCloExec = 0x80000, EfdNonBlock = 0x800, EfdCloExec = 0x80000;

    const int SockStream = 1;
    const int SolSocket = 1, SoReuseAddr = 2, SoError = 4, SoKeepAlive = 9, IpProtoTcp = 6, TcpNoDelayOption = 1, TcpKeepIdle = 4, TcpKeepIntvl = 5,
        TcpKeepCnt = 6;

    /// <summary>
    /// struct epoll_event is packed on x86-64 (12 bytes, for compatibility with 32-bit) and naturally aligned elsewhere (16
    /// bytes). So the data are at offset 4 or 8.
    /// </summary>
    static readonly int s_dataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    public static int EventBytes => s_dataOffset + 8;

    public static uint Events(byte* array, int index) => *(uint*)(array + index * EventBytes);

    public static int EventDescriptor(byte* array, int index) => *(int*)(array + index * EventBytes + s_dataOffset);

    public static int Control(int epoll, int operation, int fd, uint events)
    {
        var packed = stackalloc byte[16];
        new Span<byte>(packed, 16).Clear();
        *(uint*)packed = events;
        *(int*)(packed + s_dataOffset) = fd;
        return EpollCtl(epoll, operation, fd, packed);
    }

    public static int CreateEpoll() => EpollCreate1(EpollCloExec);

    public static int CreateWakeUp() => EventFd(0, EfdNonBlock | EfdCloExec);

    public static void SetNoDelay(int fd, bool on = true) => SetOption(fd, IpProtoTcp, TcpNoDelayOption, on ? 1 : 0);

    /// <summary>A socket of TCP, for a connection that we make.</summary>
    /// <param name="family">AddressFamily, as sockaddr has it.</param>
    public static int CreateSocket(int family) => CreateSocket(family, SockStream | SockNonBlock | SockCloExec, IpProtoTcp);

    /// <summary>
    /// Binds the end that connects. Without SO_REUSEADDR an address that has connected there before may be refused until the system
    /// forgets that connection.
    /// </summary>
    public static int BindSource(int fd, ReadOnlySpan<byte> address)
    {
        SetOption(fd, SolSocket, SoReuseAddr, 1);
        fixed (byte* from = address) return Bind(fd, from, address.Length);
    }

    public static int Connect(int fd, ReadOnlySpan<byte> address)
    {
        fixed (byte* to = address) return Connect(fd, to, address.Length);
    }

    /// <summary>How an attempt to connect has ended: 0, or errno.</summary>
    public static int ConnectError(int fd)
    {
        var (error, length) = (0, sizeof(int));
        return GetSockOpt(fd, SolSocket, SoError, &error, &length) < 0 ? Marshal.GetLastPInvokeError() : error;
    }

    /// <summary>As Redis's anetKeepAlive: first probe after the interval, then every third of it, three tries.</summary>
    public static void SetKeepAlive(int fd, int seconds)
    {
        SetOption(fd, SolSocket, SoKeepAlive, seconds > 0 ? 1 : 0);
        if (seconds <= 0) return;
        SetOption(fd, IpProtoTcp, TcpKeepIdle, seconds);
        SetOption(fd, IpProtoTcp, TcpKeepIntvl, Math.Max(1, seconds / 3));
        SetOption(fd, IpProtoTcp, TcpKeepCnt, 3);
    }

    static void SetOption(int fd, int level, int name, int value) => SetSockOpt(fd, level, name, &value, sizeof(int));

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int EpollCreate1(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int EpollCtl(int epoll, int operation, int fd, byte* packedEvent);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int EpollWait(int epoll, byte* events, int maxEvents, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int EventFd(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    public static partial nint Receive(int fd, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    public static partial nint Send(int fd, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint Read(int fd, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(int fd, byte* buffer, nint length);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    public static partial int Shutdown(int fd, int how);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    public static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    public static partial int Accept4(int fd, byte* address, int* addressLength, int flags);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    public static partial int GetSockName(int fd, byte* address, int* addressLength);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetSockOpt(int fd, int level, int name, void* value, int length);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int CreateSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int Bind(int fd, byte* address, int length);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int Connect(int fd, byte* address, int length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetSockOpt(int fd, int level, int name, void* value, int* length);
}
