using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Lists;

public unsafe ref partial struct ListValue
{
    /// <summary>
    /// Starts a list of many elements that nobody sees before <see cref="Publish"/>: what it is made of may be, or lie in, the
    /// value that it is going to replace. It consists of nodes; <see cref="TryPack"/> when all are there.
    /// </summary>
    public static ListValue Draft(Database database, scoped ReadOnlySpan<byte> key, scoped in ListLimits limits)
    {
        database.BeginDraft();
        var root = QuickList.CreateRoot(database.Arena, limits);
        var at = database.NewNativeDraft(key, ObjectType.List, ObjectEncoding.QuickList, (byte*)root);
        return new ListValue(database, at, limits);
    }

    /// <summary>Makes the draft the value of its key, whatever that held.</summary>
    public readonly Record Publish() => _database.Publish(At);

    /// <summary>Drops the draft.</summary>
    public readonly void Abandon() => _database.Abandon(At);

    /// <summary>
    /// Whether <see cref="Visit"/> shows copies, which are good until it comes to another node: some of these are compressed.
    /// </summary>
    public readonly bool ShowsCopies => _nodes.Exists && _nodes.Limits.Depth > 0;
}
