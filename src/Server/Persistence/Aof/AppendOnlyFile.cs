using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Persistence;

/// <summary>
/// The AOF as the executor sees it: turns the stream of effects into the file's commands, hands them to the writing thread
/// once a turn of the loop, and, with appendfsync always, keeps replies back until the disk has what they acknowledge. Which
/// files there are is in <see cref="AofFiles"/>. Under the executor's lock.
/// </summary>
sealed class AppendOnlyFile : IEffectSink, IDisposable
{
    /// <summary>With everysec, writes wait while what is not on the disk is older than this, as Redis's do.</summary>
    const long OldestMilliseconds = 2000;

    readonly MiniRedisServer _server;
    readonly Queue<(Client Client, long Position)> _held = new();
    AofChunk? _chunk;
    AofWriter? _writer;
    long _position, _fileStart, _lastSecond;
    int _database = -1;
    int _newlyHeld;
    string? _lastError;
    bool _isSlow;

    public AppendOnlyFile(MiniRedisServer server)
    {
        _server = server;
        Files = new AofFiles(server);
    }

    /// <summary>The files there are.</summary>
    public AofFiles Files { get; }

    /// <summary>Whether effects are written down.</summary>
    public bool IsOn => _writer is not null;

    public bool WantsCommands => true;

    public KeyspaceEvents WantedEvents => KeyspaceEvents.None;

    /// <summary>Bytes appended since the start, to whatever file.</summary>
    public long Position => _position + (_chunk?.Length ?? 0);

    /// <summary>Bytes of the file that is written to, those on their way included.</summary>
    public long FileBytes => IsOn ? Position - _fileStart : 0;

    /// <summary>Bytes not written yet: mem_aof_buffer.</summary>
    public long BufferBytes => (_chunk?.Length ?? 0) + (_writer?.WaitingBytes ?? 0);

    /// <summary>Whether bytes were written that the disk may not have yet.</summary>
    public bool IsSyncPending => _writer is { } writer && writer.Synced < writer.Written;

    /// <summary>Syncs that came late: INFO's aof_delayed_fsync.</summary>
    public long DelayedSyncs => _writer?.Delayed ?? 0;

    /// <summary>Why the AOF cannot be written; null if it can. Commands that write are refused then.</summary>
    public string? Error => _writer?.Error;

    bool HoldsReplies => _server.Config.AppendFsync == AppendFsync.Always;

    /// <summary>Begins to write after the start: behind what was loaded, or to new files.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void Open()
    {
        Files.Complete();
        Start();
        _server.AofRewriting.BaseBytes = _server.AofRewriting.CurrentBytes;
    }

    /// <summary>Begins to write to the file that <see cref="Files"/> names last.</summary>
    public void Start()
    {
        Debug.Assert(!IsOn);
        _writer = new AofWriter(_server.Saving.Files, () => _server.RequestTick?.Invoke());
        _position = 0;
        ApplyPolicy();
        SwitchFile();
        _server.Effects.AddSink(this);
    }

    /// <summary>What is appended from here on goes to the file that <see cref="Files"/> names last.</summary>
    public void SwitchFile()
    {
        Submit();
        _database = -1;
        _lastSecond = 0;
        var file = new FileInfo(Files.CurrentPath);
        _fileStart = _position - (file.Exists ? file.Length : 0);
        _writer!.SwitchTo(Files.CurrentPath);
    }

    /// <summary>Waits until the disk has everything, and stops writing.</summary>
    /// <returns>False if the disk refused: what it did not take is lost.</returns>
    public bool Stop()
    {
        if (_writer is not { } writer) return true;
        var isWhole = TryFlush();
        ReleaseAll();
        _server.Effects.RemoveSink(this);
        writer.Dispose();
        _writer = null;
        _lastError = null;
        _isSlow = false;
        return isWhole;
    }

    /// <summary>Waits until the disk has everything that was appended.</summary>
    public bool TryFlush()
    {
        if (_writer is not { } writer) return true;
        Submit();
        var isWhole = writer.Drain(_position);
        Release(writer.Synced);
        return isWhole;
    }

    /// <summary>Follows appendfsync and no-appendfsync-on-rewrite.</summary>
    public void ApplyPolicy()
    {
        if (_writer is not { } writer) return;
        var config = _server.Config;
        var pauses = config.NoAppendFsyncOnRewrite && _server.Snapshots.IsActive && config.AppendFsync == AppendFsync.EverySec;
        writer.Policy = pauses ? AppendFsync.No : config.AppendFsync;
    }

    /// <summary>Stops writing, whatever is not written yet.</summary>
    public void Dispose() => _writer?.Dispose();

    public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    public void OnUnit(IReadOnlyList<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
        // What DEBUG LOADAOF replays is there already.
        if (_server.Loading.IsLoading) return;
        var count = 0;
        for (var i = 0; i < commands.Count; i++) count += commands[i].Target == EffectTarget.All ? 1 : 0;
        if (count == 0) return;
        if (_server.Config.AofTimestampEnabled) Stamp();
        if (count > 1) Write("*1\r\n$5\r\nMULTI\r\n"u8);
        for (var i = 0; i < commands.Count; i++)
        {
            if (commands[i].Target != EffectTarget.All) continue;
            var end = i + 1 < commands.Count ? commands[i + 1].Offset : encoded.Length;
            Select(commands[i].Database);
            Write(encoded[commands[i].Offset..end]);
        }
        if (count > 1) Write("*1\r\n$4\r\nEXEC\r\n"u8);
    }

    /// <summary>
    /// A client's batch is over. If it changed something that the disk must have before anyone is told, its replies are kept back,
    /// and it runs nothing more until they are sent.
    /// </summary>
    /// <param name="client">Whose batch.</param>
    /// <param name="before">What <see cref="Position"/> was before.</param>
    public void HoldReplies(Client client, long before)
    {
        if (!IsOn || Position == before || !HoldsReplies) return;
        if (!client.Has(ClientFlags.AwaitsDisk)) _newlyHeld++;
        client.Flags |= ClientFlags.AwaitsDisk;
        client.Connection.Output.IsHeld = true;
        _held.Enqueue((client, Position));
    }

    /// <summary>Hands what was gathered to the writing thread. At the end of each turn of the loop.</summary>
    public void Submit()
    {
        if (_chunk is not { Length: > 0 } chunk) return;
        _chunk = null;
        _position += chunk.Length;
        _writer!.Append(chunk, _newlyHeld);
        _newlyHeld = 0;
    }

    /// <summary>Sends the replies whose changes the disk has by now, and looks how the disk does. Called by the cron.</summary>
    public void Run()
    {
        if (_writer is not { } writer) return;
        Release(writer.Synced);
        var wasSlow = _isSlow;
        _isSlow = _server.Config.AppendFsync == AppendFsync.EverySec && writer.Age > OldestMilliseconds;
        if (wasSlow && !_isSlow) _server.Pause.Resume();
        var error = writer.Error;
        if (error == _lastError) return;
        _lastError = error;
        if (error is null)
        {
            _server.Log.AofRecovered();
            return;
        }
        _server.Log.AofFailed(error);
        if (!HoldsReplies) return;
        // What was promised cannot be kept any more.
        _server.Log.AofFailedWithAlways();
        _server.Exiting.Fail();
    }

    /// <summary>Whether commands that write wait: the disk is more than two seconds behind.</summary>
    public bool HoldsWrites => _isSlow;

    /// <summary>Whether a request waits for the disk to catch up.</summary>
    public bool Holds(Client client, Command? command)
    {
        if (command is null) return false;
        var flags = command.Flags;
        if (client.Has(ClientFlags.Multi))
        {
            if (command.InMulti != InMulti.RunsQueue) return false;
            flags |= client.Transaction!.Queue.Flags;
        }
        return (flags & CommandFlags.Write) != 0;
    }

    /// <summary>Whether there is something to <see cref="Submit"/>. Any thread.</summary>
    public bool HasGathered => _chunk is not null;

    void ReleaseAll() => Release(long.MaxValue);

    void Release(long synced)
    {
        while (_held.TryPeek(out var held) && held.Position <= synced)
        {
            _held.Dequeue();
            var client = held.Client;
            if (client.IsGone) continue;
            client.Flags &= ~ClientFlags.AwaitsDisk;
            var connection = client.Connection;
            connection.Output.IsHeld = false;
            if (connection.Input.Length > 0 && client.MayRun) connection.WantsResume = true;
            connection.RequestAttentionLocked();
        }
    }

    void Select(int database)
    {
        if (database == _database) return;
        _database = database;
        Span<byte> digits = stackalloc byte[11];
        Utf8Formatter.TryFormat(database, digits, out var length);
        Span<byte> lengthDigits = stackalloc byte[2];
        Utf8Formatter.TryFormat(length, lengthDigits, out var lengthLength);
        Write("*2\r\n$6\r\nSELECT\r\n$"u8);
        Write(lengthDigits[..lengthLength]);
        Write("\r\n"u8);
        Write(digits[..length]);
        Write("\r\n"u8);
    }

    /// <summary>Notes the second at which what follows happened, so that the file can be cut off at a time.</summary>
    void Stamp()
    {
        var second = _server.Clock.Now / 1000;
        if (second == _lastSecond) return;
        _lastSecond = second;
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(second, digits, out var length);
        Write("#TS:"u8);
        Write(digits[..length]);
        Write("\r\n"u8);
    }

    void Write(ReadOnlySpan<byte> bytes)
    {
        if (_chunk is { } full && !full.HasRoom(bytes.Length)) Submit();
        (_chunk ??= AofChunk.Rent()).Write(bytes);
    }
}
