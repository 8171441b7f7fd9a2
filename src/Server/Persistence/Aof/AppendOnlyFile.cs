using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Persistence.Rdb;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>
/// The AOF as the executor sees it. It turns the stream of effects into the file's commands and hands them to the writer once a
/// turn of the loop. With appendfsync always it holds replies back until the changes they acknowledge are synced.
/// <see cref="AofFiles"/> has the files. Under the executor's lock.
/// </summary>
sealed class AppendOnlyFile(
    ClientPause pause, RdbSaving saving, Snapshots snapshots, EffectStream effects, DatasetState dataset, ServerExit exit,
    Clock clock, CronSignal cronSignal, PersistenceSettings settings, DebugSwitches switches, ServerLog log)
    : IEffectSink, IUnitLog, IMemoryHolder, IDisposable
{
    /// <summary>With everysec, write commands wait while unsynced bytes are older than this, as in Redis.</summary>
    const long OldestMilliseconds = 2000;

    /// <summary>Write commands also wait while this much is not written: a disk that hangs must not let memory grow.</summary>
    const long MostWaitingBytes = 256 << 20;

    const string GapReason = "A transaction was too large for it, and it is being rewritten";

    readonly Queue<(Client Client, long Position)> _held = new();
    readonly UnitWriter _units = new(EffectTarget.AppendOnlyFile);
    AofChunk _chunk = new();
    AofWriter? _writer;
    long _position, _fileStart, _lastSecond;
    int _newlyHeld;
    string? _lastError;
    bool _isSlow;

    /// <summary>The files there are.</summary>
    public AofFiles Files { get; } = new(saving, settings, log);

    /// <summary>Whether effects are written.</summary>
    public bool IsOn => _writer is not null;

    public bool WantsCommands => true;

    public KeyspaceEvents WantedEvents => KeyspaceEvents.None;

    /// <summary>Bytes appended since the start, across files.</summary>
    public long Position => _position + _chunk.Length;

    /// <summary>Bytes of the current file, including those on their way.</summary>
    public long FileBytes => IsOn ? Position - _fileStart : 0;

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => Files.ClosedBytes + FileBytes;

    /// <summary>
    /// <see cref="TotalBytes"/> after the last rewrite, or when the AOF was loaded. Its growth is measured against it.
    /// </summary>
    public long BaseBytes { get; set; }

    /// <summary>Whether everything up to a <see cref="Position"/> is on disk.</summary>
    public bool HasSynced(long position) => _writer is { } writer && writer.Synced >= position;

    /// <summary>Bytes not written yet: mem_aof_buffer.</summary>
    public long BufferBytes => _chunk.Length + (_writer?.WaitingBytes ?? 0);

    long IMemoryHolder.MemoryBytes => BufferBytes;

    /// <summary>Whether written bytes are not synced yet and will be: with "no" the system decides when, and does not tell.</summary>
    public bool IsSyncPending => _writer is { SyncsAtAll: true } writer && writer.Synced < writer.Written;

    /// <summary>The part of <see cref="Position"/> that is on disk; 0 while the AOF is off.</summary>
    public long SyncedPosition => _writer?.Synced ?? 0;

    /// <summary>Syncs that came late: INFO's aof_delayed_fsync.</summary>
    public long DelayedSyncs => _writer?.Delayed ?? 0;

    /// <summary>Why the AOF cannot be written; null if it can. If it cannot, write commands are refused.</summary>
    public string? Error => _writer?.Error ?? (HasGap ? GapReason : null);

    /// <summary>
    /// Whether a change is missing, which a rewrite that begins now would include. Nothing may be appended after the gap.
    /// </summary>
    public bool HasGap { get; private set; }

    /// <summary>The AOF lacks a change from here on. Only a rewrite that begins now includes it.</summary>
    public event Action? GapFound;

    /// <summary>A rewrite that began after the gap has become the base.</summary>
    public void EndGap() => HasGap = false;

    bool HoldsReplies => settings.AppendFsync == AppendFsync.Always;

    /// <summary>Begins to write after the start: after the loaded commands, or to new files.</summary>
    /// <exception cref="IOException">The disk refuses.</exception>
    public void Open()
    {
        Start(Files.Complete());
        BaseBytes = TotalBytes;
    }

    /// <summary>Begins to write to the file that <see cref="Files"/> names last.</summary>
    /// <param name="file">That file. It is closed if this fails.</param>
    /// <exception cref="IOException">There is no thread to write it.</exception>
    public void Start(IFileWriter file)
    {
        Debug.Assert(!IsOn);
        _writer = new AofWriter(file, Files.CurrentPath, clock.Time, () => cronSignal.Request());
        _position = 0;
        ApplyDelay();
        ApplyPolicy();
        BeginFile(file);
        effects.AddSink(this);
    }

    /// <summary>Later commands go to the file that <see cref="Files"/> names last.</summary>
    /// <param name="file">That file.</param>
    public void SwitchFile(IFileWriter file)
    {
        Submit();
        BeginFile(file);
        _writer!.SwitchTo(file, Files.CurrentPath);
    }

    void BeginFile(IFileWriter file)
    {
        _units.SelectAgain();
        _lastSecond = 0;
        _fileStart = _position - file.Length;
    }

    /// <summary>Waits until everything is synced, and stops writing.</summary>
    /// <returns>False if the disk refused: bytes that it did not take are lost.</returns>
    public bool Stop()
    {
        if (_writer is not { } writer) return true;
        var isWhole = TryFlush();
        ReleaseAll();
        effects.RemoveSink(this);
        writer.Dispose();
        _writer = null;
        _lastError = null;
        HasGap = false;
        SetSlow(false);
        return isWhole;
    }

    /// <summary>Waits until everything appended is synced.</summary>
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
        var pauses = settings.NoAppendFsyncOnRewrite && snapshots.IsActive && settings.AppendFsync == AppendFsync.EverySec;
        writer.Policy = pauses ? AppendFsync.No : settings.AppendFsync;
        // Without another sync nothing would release the held clients. Their changes are synced if the disk allows it.
        if (!HoldsReplies && _held.Count > 0 && !TryFlush()) ReleaseAll();
    }

    /// <summary>Follows DEBUG AOF-FLUSH-SLEEP.</summary>
    public void ApplyDelay()
    {
        if (_writer is { } writer) writer.Delay = switches.AofFlushDelay;
    }

    /// <summary>Stops writing, without waiting for bytes not written yet.</summary>
    public void Dispose()
    {
        _writer?.Dispose();
        _chunk.Dispose();
        Files.Release();
    }

    public void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    public void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
        // The commands that DEBUG LOADAOF replays are already in the file.
        if (dataset.IsLoading) return;
        var count = _units.Count(commands);
        if (count == 0) return;
        if (settings.AofTimestampEnabled) Stamp();
        _units.Write(commands, encoded, count, this);
    }

    /// <summary>
    /// A change cannot be appended. The data include it, so a rewrite makes the AOF complete again, and is due at once. Until
    /// then write commands are refused: a crash would lose the change but keep later ones that depend on it. (With "always" the
    /// reply to this one request is sent unsynced: there is nothing to wait for.)
    /// </summary>
    public void OnUnitLost()
    {
        if (dataset.IsLoading) return;
        HasGap = true;
        log.AofHasGap();
        GapFound?.Invoke();
        cronSignal.Request();
    }

    /// <summary>
    /// A client's batch is over. If it made changes that must be synced before they are acknowledged, or saw such changes of
    /// others, its replies are held, and it runs nothing more until they are sent.
    /// </summary>
    /// <param name="client">The client of the batch.</param>
    /// <param name="before"><see cref="Position"/> before the batch.</param>
    /// <param name="hasSeen">Whether the batch had commands that read or write keys.</param>
    public void HoldReplies(Client client, long before, bool hasSeen)
    {
        if (_writer is not { } writer || !HoldsReplies) return;
        var hasChanged = Position != before;
        if (!hasChanged && (!hasSeen || Position == writer.Synced)) return;
        // The next sync need not wait for clients that only read.
        if (hasChanged && !client.Has(ClientFlags.AwaitsDisk)) _newlyHeld++;
        client.Flags |= ClientFlags.AwaitsDisk;
        client.Connection.Output.IsHeld = true;
        client.HeldUntil = Position;
        _held.Enqueue((client, Position));
        if (_chunk.Length > 0 && writer.WantsAlready(_newlyHeld)) Submit();
    }

    /// <summary>
    /// Hands the gathered commands to the writer. Called at the end of each turn of the loop, before its replies are sent.
    /// </summary>
    public void Submit()
    {
        if (_chunk.Length == 0) return;
        _position += _chunk.Length;
        _chunk = _writer!.Append(_chunk, _newlyHeld);
        _newlyHeld = 0;
    }

    /// <summary>
    /// Sends the replies whose changes are synced by now, and checks the state of the disk. Called by the cron.
    /// </summary>
    public void Run()
    {
        if (_writer is not { } writer) return;
        Release(writer.Synced);
        writer.Nudge();
        var error = writer.Error;
        // Commands that cannot be written are refused at once, so they need not wait.
        SetSlow(error is null
            && (settings.AppendFsync == AppendFsync.EverySec && writer.Age > OldestMilliseconds || writer.WaitingBytes > MostWaitingBytes));
        if (error == _lastError) return;
        _lastError = error;
        if (error is null)
        {
            log.AofRecovered();
            return;
        }
        log.AofFailed(error);
        if (!HoldsReplies || writer.Error is null) return;
        // The promise of "always" cannot be kept any more.
        log.AofFailedWithAlways();
        exit.Begin(1);
    }

    void SetSlow(bool isSlow)
    {
        var wasSlow = _isSlow;
        _isSlow = isSlow;
        if (isSlow && !wasSlow) log.AofIsSlow();
        if (wasSlow && !isSlow) pause.Resume();
    }

    /// <summary>Whether write commands wait: the disk is more than two seconds behind.</summary>
    public bool HoldsWrites => _isSlow;

    /// <summary>Whether a request waits for the disk to catch up.</summary>
    public bool Holds(Client client, CommandSpec? command)
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
    public bool HasGathered => _chunk.Length > 0;

    void ReleaseAll() => Release(long.MaxValue);

    void Release(long synced)
    {
        while (_held.TryPeek(out var held) && held.Position <= synced)
        {
            _held.Dequeue();
            var client = held.Client;
            // A client that was held again since then waits for the later position.
            if (client.IsGone || client.HeldUntil > held.Position) continue;
            client.Flags &= ~ClientFlags.AwaitsDisk;
            var connection = client.Connection;
            connection.Output.IsHeld = false;
            if (connection.Input.Length > 0 && client.MayRun) connection.WantsResume = true;
            connection.RequestAttentionLocked();
        }
    }

    /// <summary>Notes the second of the next commands, so that the file can be cut at a point in time.</summary>
    void Stamp()
    {
        var second = clock.Now / 1000;
        if (second <= _lastSecond) return;
        _lastSecond = second;
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(second, digits, out var length);
        Write("#TS:"u8);
        Write(digits[..length]);
        Write("\r\n"u8);
    }

    void IUnitLog.Write(ReadOnlySpan<byte> bytes) => Write(bytes);

    void Write(ReadOnlySpan<byte> bytes)
    {
        if (!_chunk.HasRoom(bytes.Length)) Submit();
        _chunk.Write(bytes);
    }
}
