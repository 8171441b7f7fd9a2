using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Effects;

/// <summary>
/// What commands do to the keyspace, in order. This one stream feeds AOF, replication, keyspace notifications, client tracking,
/// WATCH and blocked clients.
/// <para>
/// There are two kinds of effects. A key event says "this key was set / expired / deleted". A canonical command repeats the
/// change anywhere: relative times are absolute in it, and random choices are replaced by what was chosen. The canonical commands
/// of one request form a unit, delivered whole when the request ends. A sink that writes a log wraps a unit of several commands
/// in MULTI and EXEC.
/// </para>
/// Without sinks it costs one counter: handlers ask <see cref="IsPropagating"/> before they build a command. Under the executor's
/// lock.
/// </summary>
sealed class EffectStream
{
    /// <summary>A larger buffer than this is not kept for the next unit: values may have half a gigabyte.</summary>
    const int MostKeptBytes = 1 << 20;

    /// <summary>Bytes of a header and of line ends: "$2147483647", twice CRLF; a header asks for 16.</summary>
    const int MostAround = 32;

    // Replaced rather than changed: a sink may be added or removed while the others are called.
    IEffectSink[] _sinks = [];
    readonly List<EffectCommand> _unit = [];
    ArrayBufferWriter<byte> _bytes = new();

    // Arguments that the last command of the unit still lacks.
    int _missing;

    // The unit became too large to be kept: commands added to it are dropped.
    bool _isLost;

    /// <summary>
    /// Most bytes of the commands of one unit: those of an array, since a unit is handed over in one piece. A larger unit is
    /// lost, and the sinks are told. Tests set less.
    /// </summary>
    public int MostUnitBytes { get; set; } = Array.MaxLength;

    /// <summary>Changes since the last save: rdb_changes_since_last_save.</summary>
    public long Dirty { get; set; }

    /// <summary>Whether any sink wants canonical commands.</summary>
    public bool IsPropagating { get; private set; }

    /// <summary>Bytes of the buffer in which a unit is gathered.</summary>
    public int BufferBytes => _bytes.Capacity;

    /// <summary>Classes of key events that some sink wants. An event of another class is only counted.</summary>
    public KeyspaceEvents Wanted { get; private set; }

    public void AddSink(IEffectSink sink)
    {
        _sinks = [.. _sinks, sink];
        Refresh();
    }

    public void RemoveSink(IEffectSink sink)
    {
        _sinks = Array.FindAll(_sinks, other => other != sink);
        Refresh();
    }

    /// <summary>Asks the sinks again what they want. Call it when a setting has changed that.</summary>
    public void Refresh()
    {
        IsPropagating = false;
        Wanted = KeyspaceEvents.None;
        foreach (var sink in _sinks)
        {
            IsPropagating |= sink.WantsCommands;
            Wanted |= sink.WantedEvents;
        }
    }

    /// <summary>A key changed: counts one change and tells the sinks.</summary>
    public void KeyChanged(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        Dirty++;
        if (_sinks.Length > 0) Notify(database, key, kind, name);
    }

    /// <summary>
    /// Tells the sinks of an event that counts as no change of its own: a miss, or a further event of a change that is counted already
    /// ("new" beside the event that made the key, "rename_to" beside "rename_from").
    /// </summary>
    public void Notify(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        foreach (var sink in _sinks) sink.OnKeyEvent(database, key, kind, name);
    }

    /// <summary>
    /// Whether an event is a change of the key for clients that watch or cache it. As in Redis, changes of a stream's groups are
    /// not. Nor is "new": it comes beside the event that made the key.
    /// </summary>
    public static bool IsModification(KeyspaceEvents kind, string name) => kind switch
    {
        KeyspaceEvents.KeyMiss or KeyspaceEvents.New => false,
        KeyspaceEvents.Stream => name != "xsetid" && !name.StartsWith("xgroup-", StringComparison.Ordinal),
        _ => true,
    };

    /// <summary>
    /// Every key of a database is about to be deleted. Call it before: a sink may have to see which keys there are.
    /// </summary>
    public void Flushing(int database)
    {
        foreach (var sink in _sinks) sink.OnFlushing(database);
    }

    /// <summary>As <see cref="Flushing"/>, for every database at once.</summary>
    public void FlushingAll(int databases)
    {
        foreach (var sink in _sinks) sink.OnFlushingAll(databases);
    }

    /// <summary>Two databases have exchanged their keys.</summary>
    public void Swapped(int first, int second)
    {
        foreach (var sink in _sinks) sink.OnSwapped(first, second);
    }

    /// <summary>Starts a canonical command of <paramref name="count"/> arguments; add exactly that many.</summary>
    public void Begin(int database, int count, EffectTarget target = EffectTarget.All)
    {
        Debug.Assert(IsPropagating);
        Debug.Assert(_missing == 0, "the command before lacks arguments");
        _missing = count;
        if (_isLost || !TryMakeRoom(0)) return;
        _unit.Add(new EffectCommand(database, _bytes.WrittenCount, target));
        WriteHeader((byte)'*', count);
    }

    public void Add(ReadOnlySpan<byte> argument)
    {
        Debug.Assert(_missing > 0, "more arguments than announced");
        _missing--;
        if (_isLost || !TryMakeRoom(argument.Length)) return;
        WriteHeader((byte)'$', argument.Length);
        _bytes.Write(argument);
        _bytes.Write("\r\n"u8);
    }

    /// <summary>Makes room for an argument with its header and line ends. Gives the unit up if there is none.</summary>
    bool TryMakeRoom(int argument)
    {
        try
        {
            if (_bytes.WrittenCount + (long)argument + MostAround <= MostUnitBytes)
            {
                _bytes.GetSpan(argument + MostAround);
                return true;
            }
        }
        catch (OutOfMemoryException)
        {
            // The command has already run. Its loss must be told, not hidden.
        }
        _isLost = true;
        _unit.Clear();
        _bytes = new();
        return false;
    }

    public void Add(long argument)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(argument, digits, out var length);
        Add(digits[..length]);
    }

    /// <summary>The request as it came.</summary>
    public void AddVerbatim(int database, in Request request, EffectTarget target = EffectTarget.All)
    {
        Begin(database, request.Count, target);
        for (var i = 0; i < request.Count; i++) Add(request[i]);
    }

    /// <summary>
    /// Delivers the request's canonical commands. Called when a request, script or EXEC is over, however it ended: what was
    /// emitted has happened.
    /// </summary>
    /// <param name="isOne">
    /// False if each command is a unit of its own: keys that SCAN finds expired have nothing in common, and may be in different
    /// slots.
    /// </param>
    public void EndUnit(bool isOne = true)
    {
        if (_isLost)
        {
            EndLost();
            return;
        }
        if (_unit.Count == 0) return;
        DropUnfinished();
        try
        {
            if (isOne || _unit.Count < 2) Deliver(_unit, _bytes.WrittenSpan);
            else DeliverEach();
        }
        finally
        {
            _unit.Clear();
            if (_bytes.Capacity <= MostKeptBytes) _bytes.ResetWrittenCount();
            else _bytes = new();
        }
    }

    /// <summary>Drops the unit: what it says has happened in part, and the server ends before anybody sees that.</summary>
    public void DropUnit()
    {
        _unit.Clear();
        _bytes.ResetWrittenCount();
        _missing = 0;
        _isLost = false;
    }

    void EndLost()
    {
        _isLost = false;
        _missing = 0;
        foreach (var sink in _sinks)
        {
            if (sink.WantsCommands) sink.OnUnitLost();
        }
    }

    void DeliverEach()
    {
        var encoded = _bytes.WrittenSpan;
        for (var i = 0; i < _unit.Count; i++)
        {
            var end = i + 1 < _unit.Count ? _unit[i + 1].Offset : encoded.Length;
            Deliver([_unit[i] with { Offset = 0 }], encoded[_unit[i].Offset..end]);
        }
    }

    void Deliver(List<EffectCommand> unit, ReadOnlySpan<byte> encoded)
    {
        foreach (var sink in _sinks)
        {
            if (unit.Count > 0 && sink.WantsCommands) sink.OnUnit(unit, encoded);
        }
    }

    /// <summary>Drops the last command of the unit if an exception cut it short.</summary>
    public void DropUnfinished()
    {
        if (_missing == 0) return;
        _missing = 0;
        if (_isLost) return;
        var whole = _bytes.WrittenSpan[.._unit[^1].Offset].ToArray();
        _unit.RemoveAt(_unit.Count - 1);
        _bytes.ResetWrittenCount();
        _bytes.Write(whole);
    }

    void WriteHeader(byte kind, int number)
    {
        var span = _bytes.GetSpan(16);
        span[0] = kind;
        Utf8Formatter.TryFormat(number, span[1..], out var length);
        span[1 + length] = (byte)'\r';
        span[2 + length] = (byte)'\n';
        _bytes.Advance(3 + length);
    }
}
