using MiniRedis.Resp;
using MiniRedis.Server.Buffers;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Lifecycle;
using MiniRedis.Server.Logging;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Scripts;

/// <summary>
/// The script that runs at the moment: what it may do, what it has done, and for how long it may go on. A server has one, since a script
/// calls no script. Under the executor's lock.
/// </summary>
sealed class RunningScript(Clock clock, ServerExit exit, DatasetState dataset, ProcessSettings settings, ServerLog log)
{
    /// <summary>How long the code of a library may take to register its functions.</summary>
    const int LoadMilliseconds = 500;

    readonly NativeWriter _request = new(256);
    readonly List<(int Start, int Length)> _arguments = [];
    long _started, _busyAt;
    bool _isLoadingLibrary;

    /// <summary>Serves clients while the script is busy. Set when the server is put together.</summary>
    public IOtherClients? Others { get; set; }

    /// <summary>Whether a script runs.</summary>
    public bool IsRunning { get; private set; }

    /// <summary>Whether it has run longer than busy-reply-threshold: other clients are answered BUSY.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Whether it is one of EVAL's, not a function.</summary>
    public bool IsEval { get; private set; }

    /// <summary>Its digest, or the function's name.</summary>
    public byte[] Name { get; private set; } = [];

    /// <summary>The client that called it. Null while a library is loaded.</summary>
    public Client? Caller { get; private set; }

    /// <summary>The writer of the caller's reply.</summary>
    public ReplyWriter? Reply { get; private set; }

    /// <summary>Whether commands that may change the data are refused.</summary>
    public bool IsReadOnly { get; private set; }

    /// <summary>Whether commands may take memory beyond maxmemory.</summary>
    public bool AllowsOom { get; private set; }

    /// <summary>On a node of a cluster, the slot of the keys that it has named or used; -1 for none yet.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Whether its commands may use keys of different slots, each of this node: it says so, or is older than that question.</summary>
    public bool MayCrossSlots { get; private set; }

    /// <summary>Whether it has called a command that may change the data: it cannot be killed any more, nor refused half-way.</summary>
    public bool HasWritten { get; set; }

    /// <summary>Whether a client has ended it.</summary>
    public bool IsKilled { get; private set; }

    /// <summary>Whether the server ends, and the script with it, wherever it is.</summary>
    public bool EndsWithServer => exit.HasBegun;

    /// <summary>The protocol in which it gets replies: 2, unless it calls redis.setresp.</summary>
    public int Protocol { get; set; }

    /// <summary>Milliseconds that it has run.</summary>
    public long Milliseconds => clock.Microseconds(_started, clock.Timestamp) / 1000;

    /// <summary>The request that called the function; empty for one of EVAL's.</summary>
    public int ArgumentCount => _arguments.Count;

    /// <summary>An argument of <see cref="ArgumentCount"/>.</summary>
    public ReadOnlySpan<byte> Argument(int index) => _request.Written.Slice(_arguments[index].Start, _arguments[index].Length);

    /// <summary>A script begins.</summary>
    /// <param name="caller">Who called it.</param>
    /// <param name="reply">The writer of the caller's reply.</param>
    /// <param name="name">The digest, or the function's name.</param>
    /// <param name="isEval">Whether it is one of EVAL's.</param>
    /// <param name="flags">What it says of itself.</param>
    /// <param name="isReadOnly">Whether the command is one that only reads (EVAL_RO).</param>
    public void Begin(Client caller, ReplyWriter reply, byte[] name, bool isEval, ScriptFlags flags, bool isReadOnly)
    {
        (Caller, Reply, Name, IsEval, Protocol) = (caller, reply, name, isEval, 2);
        IsReadOnly = isReadOnly || (flags & ScriptFlags.NoWrites) != 0;
        AllowsOom = (flags & ScriptFlags.AllowOom) != 0 || dataset.IsLoading;
        MayCrossSlots = (flags & (ScriptFlags.Undeclared | ScriptFlags.AllowCrossSlotKeys)) != 0;
        HasWritten = IsKilled = IsBusy = false;
        IsRunning = true;
        _started = clock.Timestamp;
        var threshold = settings.BusyReplyThreshold;
        _busyAt = threshold is > 0 and < long.MaxValue / 2000 ? _started + clock.Ticks(threshold * 1000) : long.MaxValue;
    }

    /// <summary>Keeps the request of a function for FUNCTION STATS.</summary>
    public void KeepRequest(in Request request)
    {
        for (var i = 0; i < request.Count; i++)
        {
            _arguments.Add((_request.Length, request[i].Length));
            _request.Write(request[i]);
        }
    }

    /// <summary>The script has ended, however.</summary>
    public void End()
    {
        IsRunning = IsBusy = false;
        (Caller, Reply) = (null, null);
        if (_arguments.Count == 0) return;
        _arguments.Clear();
        _request.Clear();
    }

    /// <summary>The code of a library begins to register its functions.</summary>
    public void BeginLoading()
    {
        _isLoadingLibrary = true;
        _started = clock.Advance();
    }

    /// <summary>The code of a library has ended.</summary>
    public void EndLoading() => _isLoadingLibrary = false;

    /// <summary>Whether it is time to ask <see cref="MayContinue"/>, though the script has done little by itself.</summary>
    public bool IsDue => clock.Timestamp >= _busyAt;

    /// <summary>
    /// Asked from time to time: whether the script may go on. One that has run too long has the other clients served first, of whom one may
    /// end it.
    /// </summary>
    public bool MayContinue()
    {
        if (exit.HasBegun) return false;
        clock.Advance();
        if (_isLoadingLibrary) return dataset.IsLoading || Milliseconds <= LoadMilliseconds;
        if (!IsDue || Others is null) return true;
        if (!IsBusy)
        {
            IsBusy = true;
            log.SlowScript(Milliseconds, IsEval ? "SCRIPT KILL" : "FUNCTION KILL", System.Text.Encoding.Latin1.GetString(Name));
        }
        // The caller's former replies may be sent meanwhile.
        Reply!.Pause();
        Others.ServeLocked();
        return !IsKilled && !exit.HasBegun;
    }

    /// <summary>SCRIPT KILL and FUNCTION KILL: ends the script, or tells why it cannot be ended.</summary>
    /// <param name="isEval">Whether it is scripts of EVAL that the command ends.</param>
    /// <returns>The error; empty if it ends.</returns>
    public ReadOnlySpan<byte> Kill(bool isEval)
    {
        if (!IsRunning) return Errors.NotBusy;
        if (Caller!.Has(ClientFlags.Master)) return Errors.UnkillableOfMaster;
        if (HasWritten) return Errors.Unkillable;
        if (isEval != IsEval) return BusyError;
        IsKilled = true;
        return default;
    }

    /// <summary>What other clients are answered.</summary>
    public ReadOnlySpan<byte> BusyError => IsEval ? Errors.BusyScript : Errors.BusyFunction;
}
