using MiniRedis.Cluster.Bus;

namespace MiniRedis.Server.Bus;

/// <summary>The keys of this node by their slots.</summary>
/// <remarks>Under the executor's lock.</remarks>
interface ISlotKeys
{
    /// <summary>How many keys a slot has; those that are being deleted do not count.</summary>
    long Count(int slot);

    /// <summary>The same of one database.</summary>
    long Count(int slot, int database);

    /// <summary>
    /// Deletes the keys of slots that another node serves now, in slices. Nobody sees them from now on. Replicas and files hear of it as of
    /// any deletion.
    /// </summary>
    /// <param name="slots">Nobody changes the set.</param>
    /// <param name="done">Called when the last one is gone.</param>
    void Delete(SlotSet slots, Action? done = null);

    /// <summary>Whether there are keys to delete.</summary>
    bool IsDeleting { get; }

    /// <summary>Deletes some. Returns whether there are more.</summary>
    bool DeleteSome();

    /// <summary>Deletes at once what is left of slots whose keys are this node's again.</summary>
    void Finish(Predicate<int> isWanted);

    /// <summary>Deletes no more: the keys are those of a master now, who decides what becomes of them.</summary>
    void Forget();

    /// <summary>Hides keys of slots from all who do not name them, or shows them.</summary>
    void Hide(SlotSet slots, bool hides);
}
