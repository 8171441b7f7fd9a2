using MiniRedis.Storage.Snapshots;

namespace MiniRedis.Storage.Tests.Harness;

/// <summary>What the capturing side of a snapshot does, without a second thread.</summary>
static class SnapshotSteps
{
    /// <summary>Walks as far as the walk goes without the consumer.</summary>
    public static void WalkOn(this Snapshot snapshot)
    {
        while (snapshot.Walk(100))
        {
        }
    }

    /// <summary>Ends the consumer, and then the snapshot.</summary>
    public static void Finish(this Snapshot snapshot)
    {
        snapshot.Feed.Finish();
        for (var isOver = false; !isOver; snapshot.Settle(out isOver)) snapshot.Walk(100);
    }
}
