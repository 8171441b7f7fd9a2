using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using MiniRedis.Resp;
using MiniRedis.Server.Buffers;
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
    /// <summary>The event of a key that a purge had overtaken and that is deleted now.</summary>
    public const string Purged = "purged";

    /// <summary>The event of a key whose value may still be served but should be computed anew. The value has not changed.</summary>
    public const string TurnedStale = "stale";

    /// <summary>Bytes of a header and of line ends: "$2147483647", twice CRLF; a header asks for 16.</summary>
    const int MostAround = 32;

    // Replaced rather than changed: a sink may be added or removed while the others are called.
    IEffectSink[] _sinks = [];
    // The commands of the unit, and their encoding. Native memory: a transaction of a million commands has as many.
    readonly NativeWriter _unit = new(), _bytes = new(), _argument = new();

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

    /// <summary>Who is told of the commands that follow: all but while a script says otherwise (redis.set_repl).</summary>
    public EffectTarget Receivers { get; private set; } = EffectTarget.All;

    /// <summary>Bytes of the buffers in which a unit is gathered.</summary>
    public long BufferBytes => (long)_bytes.Capacity + _unit.Capacity + _argument.Capacity;

    /// <summary>Bytes of the commands of the unit so far.</summary>
    public int UnitBytes => _bytes.Length;

    ReadOnlySpan<EffectCommand> Commands => MemoryMarshal.Cast<byte, EffectCommand>(_unit.Written);

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
        IsPropagating &= Receivers != EffectTarget.None;
    }

    /// <summary>Says who is told of the commands that follow.</summary>
    public void LimitTo(EffectTarget receivers)
    {
        if (Receivers == receivers) return;
        Receivers = receivers;
        Refresh();
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

    /// <summary>Other keys are in the place of those of every database, which <see cref="FlushingAll"/> told of.</summary>
    public void ReplacedAll(int databases)
    {
        foreach (var sink in _sinks) sink.OnReplacedAll(databases);
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
        _argument.Clear();
        if (_isLost || !TryMakeRoom(0)) return;
        var command = new EffectCommand(database, _bytes.Length, target & Receivers);
        _unit.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<EffectCommand>(in command)));
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
            if (_bytes.Length + (long)argument + MostAround <= MostUnitBytes)
            {
                _bytes.GetSpan(argument + MostAround);
                _unit.GetSpan(Unsafe.SizeOf<EffectCommand>());
                return true;
            }
        }
        catch (OutOfMemoryException)
        {
            // The command has already run. Its loss must be told, not hidden.
        }
        _isLost = true;
        _unit.Free();
        _bytes.Free();
        return false;
    }

    /// <summary>Where an argument is gathered whose length nobody knows before: write it, then call <see cref="AddArgument"/>.</summary>
    public IBufferWriter<byte> Argument => _argument;

    /// <summary>Adds what was written to <see cref="Argument"/>.</summary>
    public void AddArgument()
    {
        Add(_argument.Written);
        _argument.Clear();
    }

    public void Add(long argument)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(argument, digits, out var length);
        Add(digits[..length]);
    }

    /// <summary>The canonical command of a deadline, in unix milliseconds: a whole one.</summary>
    public void AddDeadline(int database, ReadOnlySpan<byte> key, long deadline)
    {
        Begin(database, 3);
        Add("PEXPIREAT"u8);
        Add(key);
        Add(deadline);
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
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void EndUnit(bool isOne = true)
    {
        if (_isLost || _unit.Length > 0) EndFilled(isOne);
    }

    void EndFilled(bool isOne)
    {
        if (_isLost)
        {
            EndLost();
            return;
        }
        DropUnfinished();
        try
        {
            if (isOne || Commands.Length < 2) Deliver(Commands, _bytes.Written);
            else DeliverEach();
        }
        finally
        {
            _unit.Clear();
            _bytes.Clear();
        }
    }

    /// <summary>Drops the unit: what it says has happened in part, and the server ends before anybody sees that.</summary>
    public void DropUnit()
    {
        _unit.Clear();
        _bytes.Clear();
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
        var commands = Commands;
        ReadOnlySpan<byte> encoded = _bytes.Written;
        for (var i = 0; i < commands.Length; i++)
        {
            var end = i + 1 < commands.Length ? commands[i + 1].Offset : encoded.Length;
            var alone = commands[i] with { Offset = 0 };
            Deliver(new(in alone), encoded[commands[i].Offset..end]);
        }
    }

    void Deliver(ReadOnlySpan<EffectCommand> unit, ReadOnlySpan<byte> encoded)
    {
        foreach (var sink in _sinks)
        {
            if (unit.Length > 0 && sink.WantsCommands) sink.OnUnit(unit, encoded);
        }
    }

    /// <summary>Drops the last command of the unit if an exception cut it short.</summary>
    public void DropUnfinished()
    {
        if (_missing == 0) return;
        _missing = 0;
        if (_isLost) return;
        _bytes.Truncate(Commands[^1].Offset);
        _unit.Truncate(_unit.Length - Unsafe.SizeOf<EffectCommand>());
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
