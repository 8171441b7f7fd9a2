using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Logging;

/// <summary>
/// The system's log (<c>syslog-enabled</c>): each line as a datagram to the daemon's socket in the form of RFC 3164, as syslog(3) sends it. That
/// function waits for a daemon that does not read, and the server with it. Here such a line is lost and counted, and the next one that is
/// taken says so.
/// </summary>
/// <remarks>For one thread at a time.</remarks>
/// <param name="settings">syslog-ident and syslog-facility.</param>
/// <param name="path">The daemon's socket; without one, that of this system.</param>
sealed class Syslog(LoggingSettings settings, string? path = null) : IDisposable
{
    readonly string _path = path ?? (OperatingSystem.IsMacOS() ? "/var/run/syslog" : "/dev/log");

    /// <summary>What rsyslog takes at most unless it is told otherwise ($MaxMessageSize). The rest of a longer text is left out.</summary>
    const int MostBytes = 8 * 1024;

    Socket? _socket;

    /// <summary>Lines that were lost since the last one that was sent.</summary>
    public long Lost { get; private set; }

    /// <summary>Sends a line.</summary>
    public void Write(DateTimeOffset time, LogLevel level, string text)
    {
        if (Lost > 0)
        {
            if (!TrySend(Datagram(time, LogLevel.Warning, string.Create(CultureInfo.InvariantCulture, $"{Lost} lines of the log were lost"))))
            {
                Lost++;
                return;
            }
            Lost = 0;
        }
        if (!TrySend(Datagram(time, level, text))) Lost++;
    }

    /// <summary>The numbers of RFC 5424, table 2, as Redis maps its levels to them.</summary>
    static int Severity(LogLevel level) => level switch
    {
        LogLevel.Trace => 7,
        LogLevel.Debug => 6,
        LogLevel.Information => 5,
        _ => 4,
    };

    byte[] Datagram(DateTimeOffset time, LogLevel level, string text)
    {
        var priority = (int)settings.SyslogFacility * 8 + Severity(level);
        // The day has a blank where it has one digit.
        var date = time.ToString("MMM ", CultureInfo.InvariantCulture) + time.Day.ToString(CultureInfo.InvariantCulture).PadLeft(2);
        var line = string.Create(CultureInfo.InvariantCulture,
            $"<{priority}>{date} {time:HH:mm:ss} {settings.SyslogIdent}[{Environment.ProcessId}]: {text}");
        var bytes = Encoding.UTF8.GetBytes(line);
        return bytes.Length <= MostBytes ? bytes : bytes[..MostBytes];
    }

    bool TrySend(byte[] datagram)
    {
        if (_socket is not null)
        {
            _socket.Send(datagram, SocketFlags.None, out var failure);
            if (failure == SocketError.Success) return true;
            // The daemon is there, but does not read. Otherwise it has gone, and if it was started anew it has a new socket.
            if (failure is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable) return false;
        }
        if (!TryConnect()) return false;
        _socket!.Send(datagram, SocketFlags.None, out var second);
        return second == SocketError.Success;
    }

    bool TryConnect()
    {
        _socket?.Dispose();
        _socket = null;
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(_path));
            _socket = socket;
            return true;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return false;
        }
    }

    public void Dispose() => _socket?.Dispose();
}
