using System.Runtime.CompilerServices;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Blocking;

/// <summary>Whether something holds of a key.</summary>
delegate bool KeyCondition(int database, ReadOnlySpan<byte> key);

/// <summary>Notes from the stream of effects which keys have become ready.</summary>
sealed partial class BlockedClients : IEffectSink
{
    // Filled while a unit of commands runs; emptied when its clients are served.
    List<BlockingQueue> _ready = [], _round = [];

    // Calls that wait for something else than keys, and have it.
    readonly Queue<BlockingCall> _awake = new();

    // Ready keys for which CLIENT PAUSE holds some clients back.
    readonly List<BlockingQueue> _held = [];

    /// <summary>
    /// Whether somebody computes the value of a key that is not there. Of the calls that wait for a fill only one need run again until then.
    /// </summary>
    public KeyCondition? IsBeingFilled { get; set; }

    /// <summary>Whether a client may have to be served once the running command is over.</summary>
    public bool HasReady
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _ready.Count > 0 || _awake.Count > 0;
    }

    /// <summary>Has a call that waits for no key run again with the next that are served.</summary>
    public void Wake(BlockingCall call) => _awake.Enqueue(call);

    /// <summary>
    /// Has the calls that wait for a key run again with the next that are served: something beside the key has changed for them.
    /// </summary>
    public void Signal(int database, ReadOnlySpan<byte> key)
    {
        if (TryGetQueue(database, key, out var queue)) Mark(queue);
    }

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (TryGetQueue(database, key, out var queue) && Concerns(queue, kind, name)) Mark(queue);
    }

    /// <summary>Any awaited key of the two databases may have appeared, changed its type, or gone.</summary>
    void IEffectSink.OnSwapped(int first, int second)
    {
        MarkAll(first, onNoKeyOnly: false);
        MarkAll(second, onNoKeyOnly: false);
    }

    void IEffectSink.OnReplacedAll(int databases)
    {
        for (var database = 0; database < databases; database++) MarkAll(database, onNoKeyOnly: false);
    }

    void IEffectSink.OnFlushing(int database) => MarkAll(database, onNoKeyOnly: true);

    /// <summary>
    /// Whether an event can give a waiting client something. Events that cannot are left out for two reasons: keys are served in
    /// the order in which they become ready, and running XREADGROUP again is visible (it updates when its consumer was seen).
    /// </summary>
    static bool Concerns(BlockingQueue queue, KeyspaceEvents kind, string name) => kind switch
    {
        KeyspaceEvents.List or KeyspaceEvents.ZSet or KeyspaceEvents.Module => true,
        KeyspaceEvents.Stream => name is "xadd" or "xgroup-destroy",
        KeyspaceEvents.Generic => name is not ("expire" or "persist"),
        KeyspaceEvents.KeyMiss or KeyspaceEvents.New => false,
        _ => queue.OnNoKey > 0,
    };

    void MarkAll(int database, bool onNoKeyOnly)
    {
        if (_queues[database] is not { } queues) return;
        foreach (var queue in queues.Values)
        {
            if (!onNoKeyOnly || queue.OnNoKey > 0) Mark(queue);
        }
    }

    void Mark(BlockingQueue queue)
    {
        if (queue.IsReady) return;
        queue.IsReady = true;
        _ready.Add(queue);
    }

    /// <summary>A pause is over: the keys whose clients it held back become ready again.</summary>
    public void MarkHeld()
    {
        foreach (var queue in _held)
        {
            if (queue.Count > 0) Mark(queue);
        }
        _held.Clear();
    }
}
