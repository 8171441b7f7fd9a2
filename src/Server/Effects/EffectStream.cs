using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Effects;

/// <summary>
/// What commands did to the keyspace, in order: the one stream from which AOF, replication, keyspace notifications, client
/// tracking, WATCH and the waking of blocked clients are fed.
/// <para>
/// Two kinds of effects: a key event ("this key was set / expired / deleted") and a canonical command, which repeats the
/// change anywhere: relative times made absolute, random choices made what was chosen. The canonical commands of one request
/// form a unit, delivered whole when the request ends; a sink that writes a log wraps a unit of several in MULTI and EXEC.
/// </para>
/// Costs a counter while nobody listens: handlers ask <see cref="IsPropagating"/> before they build a command.
/// Under the executor's lock.
/// </summary>
sealed class EffectStream
{
    /// <summary>A larger buffer than this is not kept for the next unit: values may have half a gigabyte.</summary>
    const int MostKeptBytes = 1 << 20;

    /// <summary>Bytes of a header and of line ends: "$2147483647", twice CRLF; a header asks for 16.</summary>
    const int MostAround = 32;

    // Replaced, not changed: a sink may come or go while the others are told.
    IEffectSink[] _sinks = [];
    readonly List<EffectCommand> _unit = [];
    ArrayBufferWriter<byte> _bytes = new();

    // Arguments that the last command of the unit still lacks.
    int _missing;

    // The unit became too large to be kept: what is added to it goes nowhere.
    bool _isLost;

    /// <summary>
    /// Bytes that the commands of one unit may take: an array's, as they are handed over in one piece. What is larger is lost, and the
    /// sinks are told. Tests set less.
    /// </summary>
    public int MostUnitBytes { get; set; } = Array.MaxLength;

    /// <summary>Changes since the last save: rdb_changes_since_last_save.</summary>
    public long Dirty { get; set; }

    /// <summary>Whether anyone wants canonical commands.</summary>
    public bool IsPropagating { get; private set; }

    /// <summary>Bytes of memory in which a unit is gathered.</summary>
    public int BufferBytes => _bytes.Capacity;

    /// <summary>Classes of key events that some sink wants; an event of another class is only counted.</summary>
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

    /// <summary>Asks the sinks anew what they want; call when a setting changed it.</summary>
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

    /// <summary>A key changed: counts as one change, and tells who listens for its class.</summary>
    public void KeyChanged(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        Dirty++;
        if (_sinks.Length > 0) Notify(database, key, kind, name);
    }

    /// <summary>Tells of an event that changed nothing (a miss, a new key beside its own event).</summary>
    public void Notify(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        foreach (var sink in _sinks) sink.OnKeyEvent(database, key, kind, name);
    }

    /// <summary>
    /// Whether an event tells of a change of the key to those who watch it or have it in a cache. As in Redis, a stream's groups are
    /// none. That a key is new is told beside the event of what made it.
    /// </summary>
    public static bool IsModification(KeyspaceEvents kind, string name) => kind switch
    {
        KeyspaceEvents.KeyMiss or KeyspaceEvents.New => false,
        KeyspaceEvents.Stream => name != "xsetid" && !name.StartsWith("xgroup-", StringComparison.Ordinal),
        _ => true,
    };

    /// <summary>Every key of a database is about to go. Call before it does: a sink may have to know which were there.</summary>
    public void Flushing(int database)
    {
        foreach (var sink in _sinks) sink.OnFlushing(database);
    }

    /// <summary>As <see cref="Flushing"/>, of every database at once.</summary>
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

    /// <summary>Makes room for an argument with what stands around it; gives the unit up where there is none.</summary>
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
            // The command has been run by now, and is not to be missed in silence either.
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
    /// Delivers the request's canonical commands. Called by the dispatcher when a request, script or EXEC is over, however it
    /// ended: what was emitted has happened.
    /// </summary>
    /// <param name="isOne">
    /// False if each command is a unit of its own: what SCAN finds expired has nothing in common, and may be of different slots.
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

    /// <summary>Leaves out the last command of the unit if an exception cut it short.</summary>
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
