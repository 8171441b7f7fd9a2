using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Effects;

/// <summary>Someone who is fed from the stream of effects. Called under the executor's lock, while the command runs.</summary>
interface IEffectSink
{
    /// <summary>Whether <see cref="OnUnit"/> is to be called: handlers emit commands only while someone wants them.</summary>
    bool WantsCommands => false;

    /// <summary>The classes of events that <see cref="OnKeyEvent"/> is to be called for; others may come too.</summary>
    KeyspaceEvents WantedEvents { get; }

    void OnKeyEvent(int database, ReadOnlySpan<byte> key, KeyspaceEvents kind, string name);

    /// <summary>Every key of the database is about to go; no event a key follows.</summary>
    void OnFlushing(int database)
    {
    }

    /// <summary>Every key of every database is about to go.</summary>
    void OnFlushingAll(int databases)
    {
        for (var database = 0; database < databases; database++) OnFlushing(database);
    }

    /// <summary>What was in one of the databases is now in the other, and the other way round; no event a key follows.</summary>
    void OnSwapped(int first, int second)
    {
    }

    /// <summary>The canonical commands of one request, encoded as RESP arrays one behind the other.</summary>
    void OnUnit(IReadOnlyList<EffectCommand> commands, ReadOnlySpan<byte> encoded)
    {
    }

    /// <summary>The canonical commands of one request were too large to be handed over: what they did has happened, and is missing here.</summary>
    void OnUnitLost()
    {
    }
}
