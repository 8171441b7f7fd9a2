using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// Runs the commands of one file of the AOF, a slice at a time. Sixteen are parsed ahead and their keys loaded, as those of a client's
/// pipeline are. Under the executor's lock.
/// </summary>
sealed class AofReplay : IDisposable
{
    const int FirstBufferBytes = 1 << 20;

    readonly MiniRedisServer _server;
    readonly Stream _file;
    readonly Client _client;
    readonly ReplyWriter _reply = new() { Muted = true };
    readonly RequestWindow _window = new();
    RequestParser _parser;
    byte[] _buffer = new byte[FirstBufferBytes];
    int _start, _end;
    bool _atEnd;

    // Where the last thing that is whole ends: a command outside a transaction, or a transaction.
    long _whole;

    /// <param name="server">Whose keyspace is changed.</param>
    /// <param name="file">Read from where it stands; closed with this.</param>
    public AofReplay(MiniRedisServer server, Stream file)
    {
        (_server, _file) = (server, file);
        _whole = Position = file.Position;
        Length = file.Length;
        var connection = new NoConnection();
        _client = new Client(0, connection, server.Keyspace[0], server.Clock.Now) { IsAuthenticated = true };
        _reply.Attach(connection.Output, 2);
        _reply.Muted = true;
    }

    /// <summary>Bytes of the file that are done with.</summary>
    public long Position { get; private set; }

    public long Length { get; }

    /// <summary>Runs the commands of about so many bytes.</summary>
    /// <returns>True once all have run.</returns>
    /// <exception cref="AofException">The file is damaged, or ends in the middle.</exception>
    public bool Step(long bytes)
    {
        var end = Position + bytes;
        while (Position < end)
        {
            if (_start == _end && !Fill(1)) return Finish();
            RunWindow();
        }
        return false;
    }

    void RunWindow()
    {
        var unread = _buffer.AsSpan(_start, _end - _start);
        var limits = new ParserLimits { MaxBulkLength = ParserLimits.LargestBulk };
        _window.Fill(ref _parser, unread, 0, limits, _server.Commands, _client.Database);
        var consumed = 0;
        for (var i = 0; i < _window.Count; i++)
        {
            var length = _window.EndOf(i) - consumed;
            Run(i, unread, unread[consumed]);
            consumed += length;
            Position += length;
            if (!_client.Has(ClientFlags.Multi)) _whole = Position;
        }
        _start += consumed;
        if (_window.End == ParseStatus.Request) return;
        if (_window.End != ParseStatus.NeedMore) throw Damaged();
        // The unread bytes move to the front: the parser goes on where it was.
        if (!Fill((int)Math.Min(_window.Wanted, int.MaxValue))) throw new AofException(_whole, isTruncated: true, "the file ends in a command");
    }

    void Run(int index, ReadOnlySpan<byte> unread, byte first)
    {
        // A note, such as the time of what follows: "#TS:1700000000".
        if (first == '#') return;
        if (first != '*') throw Damaged();
        var request = _window.Request(index, unread);
        if (!_server.Executor.TryReplay(_client, request, _window.Command(index), _window.KeyHash(index), _reply, out var unknown))
            throw new AofException(_whole, isTruncated: false, $"Unknown command '{unknown}' reading the append only file");
    }

    AofException Damaged() => new(_whole, isTruncated: false, $"Bad file format reading the append only file at offset {Position}");

    bool Finish()
    {
        if (_client.Has(ClientFlags.Multi)) throw new AofException(_whole, isTruncated: true, "the file ends in a transaction");
        return true;
    }

    /// <summary>Reads on until so many bytes are unread; false at the end of the file.</summary>
    bool Fill(int wanted)
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        (_start, _end) = (0, _end - _start);
        wanted = Math.Max(wanted, _end + 1);
        if (wanted > _buffer.Length)
        {
            // Never more than there is, whatever a header says.
            var left = Length - Position;
            if (wanted > left) return false;
            Array.Resize(ref _buffer, (int)Math.Min(Math.Max(wanted, _buffer.Length * 2L), Array.MaxLength));
        }
        while (!_atEnd && _end < wanted)
        {
            var read = _file.Read(_buffer.AsSpan(_end));
            _atEnd = read == 0;
            _end += read;
        }
        return _end >= wanted;
    }

    public void Dispose()
    {
        _server.Transactions.Discard(_client);
        _file.Dispose();
        _client.Connection.Output.Discard();
    }
}
