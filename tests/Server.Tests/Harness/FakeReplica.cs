using System.Globalization;
using System.Text;

namespace MiniRedis.Server.Tests;

/// <summary>A client that follows a server as a replica does, and shows what it is sent.</summary>
sealed class FakeReplica : IDisposable
{
    readonly TestServer _server;

    /// <param name="server">Its master.</param>
    /// <param name="introduction">What it says before it asks for anything, each answered OK.</param>
    public FakeReplica(TestServer server, params string[] introduction)
    {
        _server = server;
        Client = server.Connect();
        foreach (var line in introduction) Assert.Equal("+OK", Client.Call(line));
    }

    public RawClient Client { get; }

    /// <summary>The id and offset of the master's last answer.</summary>
    public string Id { get; private set; } = "?";

    public long Offset { get; private set; }

    /// <summary>Bytes of the stream that it has read since.</summary>
    public long Read { get; private set; }

    /// <summary>Follows from the first byte of the whole data set.</summary>
    /// <returns>The RDB file.</returns>
    public string FullSync()
    {
        Client.Send("PSYNC ? -1");
        var answer = Line().Split(' ');
        Assert.Equal("+FULLRESYNC", answer[0]);
        (Id, Offset) = (answer[1], long.Parse(answer[2], CultureInfo.InvariantCulture));
        return File();
    }

    /// <summary>Asks to go on. Answers the whole reply.</summary>
    public string Continue(string id, long offset)
    {
        Client.Send($"PSYNC {id} {offset}");
        return Line();
    }

    /// <summary>Reads an RDB file, of known length or up to its mark.</summary>
    public string File()
    {
        var head = Line();
        Assert.Equal('$', head[0]);
        if (!head.StartsWith("$EOF:", StringComparison.Ordinal)) return Client.ReadRaw(int.Parse(head.AsSpan(1), CultureInfo.InvariantCulture));
        var mark = head[5..];
        Assert.Equal(40, mark.Length);
        var file = new StringBuilder();
        while (file.Length < 40 || file.ToString(file.Length - 40, 40) != mark) file.Append(Client.ReadRaw(1));
        return file.ToString(0, file.Length - 40);
    }

    /// <summary>The next line, after blank ones that only say that the master is there.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (Client.Socket.Available == 0) _server.Tick();
            var next = Client.ReadRaw(1)[0];
            if (next != '\n') line.Append(next);
            else if (line.Length > 0) return line.ToString().TrimEnd('\r');
        }
    }

    /// <summary>The next command of the stream, its words apart by blanks.</summary>
    public string Next()
    {
        var count = Number('*');
        var words = new string[count];
        for (var i = 0; i < count; i++)
        {
            var length = Number('$');
            words[i] = Client.ReadRaw(length);
            Client.ReadRaw(2);
            Read += length + 2;
        }
        return string.Join(' ', words);
    }

    int Number(char kind)
    {
        var text = new StringBuilder();
        while (text.Length == 0 || text[^1] != (char)10) text.Append(Client.ReadRaw(1));
        Read += text.Length;
        Assert.Equal(kind, text[0]);
        return int.Parse(text.ToString(1, text.Length - 3), CultureInfo.InvariantCulture);
    }

    /// <summary>Asserts the next commands of the stream.</summary>
    public void Expect(params string[] commands)
    {
        foreach (var command in commands) Assert.Equal(command, Next());
    }

    public void Dispose() => Client.Dispose();
}
