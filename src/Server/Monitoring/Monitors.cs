using System.Buffers;
using System.Buffers.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Monitoring;

/// <summary>
/// The clients that asked with MONITOR to be shown every command, one line each in Redis's form. Without such clients a command
/// costs one branch. Under the executor's lock.
/// </summary>
sealed class Monitors(Pushes pushes, Redactions redactions, Clock clock)
{
    /// <summary>Room for the longest form of one byte: \x and two digits.</summary>
    const int LongestEscape = 4;

    readonly List<Client> _clients = [];
    readonly FrameBuffer _line = new();

    public bool Any => _clients.Count > 0;

    public void Add(Client client)
    {
        client.Flags |= ClientFlags.Monitor;
        _clients.Add(client);
    }

    public void Remove(Client client)
    {
        if (!client.Has(ClientFlags.Monitor)) return;
        client.Flags &= ~ClientFlags.Monitor;
        _clients.Remove(client);
    }

    /// <summary>Shows a command that has run or has begun to wait. Commands of administration are not shown.</summary>
    /// <param name="caller">The client that sent it, or called the script that did.</param>
    /// <param name="command">The command.</param>
    /// <param name="request">The request.</param>
    /// <param name="isScript">Whether a script called it: "lua" stands for the address then.</param>
    public void Show(Client caller, CommandSpec command, in Request request, bool isScript)
    {
        if ((command.Flags & (CommandFlags.SkipMonitor | CommandFlags.Admin)) == 0) ShowLine(caller, request, isScript);
    }

    /// <summary>Shows the call of a script, which is not to stand behind the commands of the script.</summary>
    public void ShowScript(Client caller, in Request request)
    {
        if (Any) ShowLine(caller, request, isScript: false);
    }

    void ShowLine(Client caller, in Request request, bool isScript)
    {
        WriteLine(caller, request, isScript);
        foreach (var client in _clients)
        {
            // These lines are replies to MONITOR: they have that form, and CLIENT REPLY OFF mutes them.
            if (client.ReplyMode is not (ReplyMode.Off or ReplyMode.SkipThis)) pushes.Send(client, _line.Written);
        }
        _line.Clear();
    }

    void WriteLine(Client caller, in Request request, bool isScript)
    {
        var now = clock.ReadMicroseconds();
        _line.Write("+"u8);
        Number(now / 1_000_000);
        _line.Write("."u8);
        Number(now % 1_000_000, new StandardFormat('D', 6));
        _line.Write(" ["u8);
        Number(caller.Database.Number);
        var connection = caller.Connection;
        if (isScript)
        {
            _line.Write(" lua"u8);
        }
        else if (connection.IsUnixSocket)
        {
            _line.Write(" unix:"u8);
            // Without the port, which CLIENT LIST shows.
            Text(connection.Remote.AsSpan(0, connection.Remote.Length - 2));
        }
        else
        {
            _line.Write(" "u8);
            Text(connection.Remote);
        }
        _line.Write("]"u8);
        for (var i = 0; i < request.Count; i++)
        {
            _line.Write(" \""u8);
            Escape(redactions.Shown(request, i));
            _line.Write("\""u8);
        }
        _line.Write("\r\n"u8);
    }

    void Number(long value, StandardFormat format = default)
    {
        Utf8Formatter.TryFormat(value, _line.GetSpan(Numbers.MaxInt64Length), out var length, format);
        _line.Advance(length);
    }

    void Text(ReadOnlySpan<char> text) => _line.Advance(System.Text.Encoding.UTF8.GetBytes(text, _line.GetSpan(text.Length * 3)));

    /// <summary>Escapes quotes, backslashes and bytes that are not printable ASCII (Redis's sdscatrepr).</summary>
    void Escape(ReadOnlySpan<byte> argument)
    {
        foreach (var b in argument)
        {
            var room = _line.GetSpan(LongestEscape);
            room[0] = (byte)'\\';
            var length = 2;
            switch (b)
            {
                case (byte)'\n':
                    room[1] = (byte)'n';
                    break;
                case (byte)'\r':
                    room[1] = (byte)'r';
                    break;
                case (byte)'\t':
                    room[1] = (byte)'t';
                    break;
                case (byte)'\a':
                    room[1] = (byte)'a';
                    break;
                case (byte)'\b':
                    room[1] = (byte)'b';
                    break;
                case (byte)'\\' or (byte)'"':
                    room[1] = b;
                    break;
                case >= (byte)' ' and <= (byte)'~':
                    room[0] = b;
                    length = 1;
                    break;
                default:
                    room[1] = (byte)'x';
                    Utf8Formatter.TryFormat(b, room[2..], out _, new StandardFormat('x', 2));
                    length = LongestEscape;
                    break;
            }
            _line.Advance(length);
        }
    }
}
