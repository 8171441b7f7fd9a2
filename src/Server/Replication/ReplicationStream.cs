using System.Buffers.Text;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Statistics;
using MiniRedis.Server.Transport;

namespace MiniRedis.Server.Replication;

/// <summary>
/// The stream of changes that replicas apply, and its backlog: the last bytes of it, for replicas that come back. A master writes it
/// from the effects of its commands; a replica passes on the bytes of its master unchanged, so that a whole tree of servers shares one
/// stream with one offset. Under the executor's lock.
/// <para>
/// There is one copy of the bytes, however many replicas there are: each of them has a position (<see cref="Replica.Position"/>).
/// A master without a replica has no backlog, and then it costs nothing.
/// </para>
/// </summary>
sealed class ReplicationStream(
    ReplicationHistory history, EffectStream effects, DatasetState dataset, ReplicationSettings settings, ServerLog log)
    : IEffectSink, IUnitLog, IMemoryHolder
{
    readonly UnitWriter _units = new(EffectTarget.Replicas);
    StreamBlocks? _backlog;

    /// <summary>Bytes have been lost, so no replica's data can be kept equal any more. Followers are told to begin anew.</summary>
    public event Action? Lost;

    public bool HasBacklog => _backlog is not null;

    /// <summary>The position of the first byte that is kept. Offsets of PSYNC count from 1, positions from 0.</summary>
    public long Start => _backlog?.Start ?? history.Offset;

    /// <summary>The position after the last byte: master_repl_offset.</summary>
    public long End => history.Offset;

    public long MemoryBytes => _backlog?.MemoryBytes ?? 0;

    /// <summary>A block of this size at most is kept beyond repl-backlog-size: Redis's bound is a sixteenth of it.</summary>
    int BlockBytes => settings.ReplBacklogSize / 16 >= ChunkPool.LargeChunkBytes ? ChunkPool.LargeChunkBytes : ChunkPool.ChunkBytes;

    bool IEffectSink.WantsCommands => !history.IsReplica;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.None;

    /// <summary>Begins to keep what happens from now on.</summary>
    public void Open()
    {
        if (_backlog is not null) return;
        _backlog = new StreamBlocks(history.Offset);
        SelectAgain();
        history.IsCounted = true;
        effects.AddSink(this);
    }

    /// <summary>Forgets everything. The history needs a new name then: later changes are counted nowhere.</summary>
    public void Close()
    {
        if (_backlog is null) return;
        _backlog.Free();
        _backlog = null;
        history.IsCounted = false;
        effects.RemoveSink(this);
    }

    /// <summary>Drops what is kept and goes on at another offset: the data are those of another history now.</summary>
    public void Restart(long offset)
    {
        history.Offset = offset;
        if (_backlog is null) return;
        _backlog.Free();
        _backlog = new StreamBlocks(offset);
    }

    /// <summary>
    /// Notes a key that was left out of the data since it had expired: replicas that go on with the history of the loaded file have it.
    /// Before the file is loaded it is not known whether it tells of a history: see <see cref="Follow"/>.
    /// </summary>
    public void Delete(int database, ReadOnlySpan<byte> key)
    {
        Open();
        _units.Select(database, this);
        NoteDatabase();
        Write("*2\r\n$3\r\nDEL\r\n$"u8);
        Span<byte> digits = stackalloc byte[11];
        Utf8Formatter.TryFormat(key.Length, digits, out var length);
        Write(digits[..length]);
        Write("\r\n"u8);
        Write(key);
        Write("\r\n"u8);
        Trim(long.MaxValue);
    }

    /// <summary>Goes on after the history of the file that was loaded, with the deletions that loading it has made.</summary>
    public void Follow(string id, long offset)
    {
        Open();
        _backlog!.Shift(offset);
        history.Continue(id, offset);
        history.Offset = _backlog.End;
    }

    /// <summary>The next command names its database: a replica that begins here has none selected.</summary>
    public void SelectAgain()
    {
        _units.SelectAgain();
        NoteDatabase();
    }

    /// <summary>Whether the stream from a position on is here.</summary>
    public bool Has(long position) => _backlog is not null && position >= _backlog.Start && position <= _backlog.End;

    /// <summary>The bytes from a position on, as far as they lie in one piece; empty at the end.</summary>
    public ReadOnlySpan<byte> From(long position) => _backlog!.From(position);

    /// <summary>Whether something may be dropped.</summary>
    public bool IsOverSize => _backlog is { } backlog && backlog.End - backlog.Start - backlog.FirstLength >= settings.ReplBacklogSize;

    /// <summary>Drops what neither repl-backlog-size nor a reader at <paramref name="slowest"/> keeps.</summary>
    public void Trim(long slowest)
    {
        if (IsOverSize) _backlog!.TrimTo(Math.Min(slowest, _backlog.End - settings.ReplBacklogSize));
    }

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
    }

    void IEffectSink.OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
        // What is loaded comes from a file; replicas get the file's contents by synchronizing.
        if (dataset.IsLoading) return;
        var count = _units.Count(commands);
        if (count == 0) return;
        _units.Write(commands, encoded, count, this);
        NoteDatabase();
    }

    void IEffectSink.OnUnitLost()
    {
        if (!dataset.IsLoading) Lose();
    }

    /// <summary>A master's word to its replicas that concerns no database: PING, GETACK.</summary>
    public void Write(ReadOnlySpan<byte> command)
    {
        if (_backlog is null) return;
        try
        {
            _backlog.Append(command, BlockBytes);
            history.Offset = _backlog.End;
        }
        catch (OutOfMemoryException)
        {
            Lose();
        }
    }

    /// <summary>
    /// Bytes of the master's stream that this replica has applied: counts them, and keeps them for its own replicas and for the time after
    /// its promotion.
    /// </summary>
    public void FeedFromMaster(ReadOnlySpan<byte> bytes)
    {
        if (_backlog is null) history.Offset += bytes.Length;
        else Write(bytes);
    }

    /// <summary>The history cannot be told any more: replicas must take the data as a whole, under a new name.</summary>
    void Lose()
    {
        log.ReplicationStreamLost();
        history.Begin();
        Restart(history.Offset);
        SelectAgain();
        Lost?.Invoke();
    }

    /// <summary>What a master's stream has selected, a replica learns by applying it: whatever its own units would begin with.</summary>
    void NoteDatabase()
    {
        if (!history.IsReplica) history.StreamDatabase = Math.Max(0, _units.Database);
    }
}
