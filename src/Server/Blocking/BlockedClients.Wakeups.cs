using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Effects;

namespace MiniRedis.Server.Blocking;

/// <summary>Notes which keys have become ready, from what commands say they did.</summary>
sealed partial class BlockedClients : IEffectSink
{
    // Filled while a unit of commands runs, emptied when its time to serve has come.
    List<BlockingQueue> _ready = [], _round = [];

    // Ready keys some of whose clients CLIENT PAUSE holds back.
    readonly List<BlockingQueue> _held = [];

    /// <summary>Whether someone may have to be served, once the command that runs is over.</summary>
    public bool HasReady => _ready.Count > 0;

    KeyspaceEvents IEffectSink.WantedEvents => KeyspaceEvents.All;

    void IEffectSink.OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name)
    {
        if (TryGetQueue(database, key, out var queue) && Concerns(queue, kind, name)) Mark(queue);
    }

    /// <summary>Every key that someone waits for may have come into being, become another type, or gone.</summary>
    void IEffectSink.OnSwapped(int first, int second)
    {
        MarkAll(first, onNoKeyOnly: false);
        MarkAll(second, onNoKeyOnly: false);
    }

    void IEffectSink.OnFlushing(int database) => MarkAll(database, onNoKeyOnly: true);

    /// <summary>
    /// Whether an event can give a waiting client something. The order in which keys become ready is the order in which they are
    /// served, and to run XREADGROUP again shows (its consumer was seen), so what cannot does not count.
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

    /// <summary>A pause is over: whom it held back is looked at again.</summary>
    public void MarkHeld()
    {
        foreach (var queue in _held)
        {
            if (queue.Count > 0) Mark(queue);
        }
        _held.Clear();
    }
}
