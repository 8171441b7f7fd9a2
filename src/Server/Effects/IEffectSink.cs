using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Effects;

/// <summary>A part that the stream of effects feeds. Called under the executor's lock, while the command runs.</summary>
interface IEffectSink
{
    /// <summary>Whether <see cref="OnUnit"/> is to be called. Handlers emit commands only while some sink wants them.</summary>
    bool WantsCommands => false;

    /// <summary>The classes of events that <see cref="OnKeyEvent"/> is to be called for; others may come too.</summary>
    KeyspaceEvents WantedEvents { get; }

    void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name);

    /// <summary>Every key of the database is about to be deleted. No event for each key follows.</summary>
    void OnFlushing(int database)
    {
    }

    /// <summary>Every key of every database is about to be deleted.</summary>
    void OnFlushingAll(int databases)
    {
        for (var database = 0; database < databases; database++) OnFlushing(database);
    }

    /// <summary>The two databases have exchanged their keys. No event for each key follows.</summary>
    void OnSwapped(int first, int second)
    {
    }

    /// <summary>Every key of every database has been replaced; those that were there were flushed before.</summary>
    void OnReplacedAll(int databases)
    {
    }

    /// <summary>The canonical commands of one request, encoded as consecutive RESP arrays.</summary>
    void OnUnit(ReadOnlySpan<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
    }

    /// <summary>
    /// The canonical commands of one request were too large to be handed over. Their changes have happened, and this sink misses
    /// them.
    /// </summary>
    void OnUnitLost()
    {
    }
}
