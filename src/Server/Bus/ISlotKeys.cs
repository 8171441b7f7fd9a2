namespace MiniRedis.Server.Bus;

/// <summary>The keys of this node by their slots.</summary>
/// <remarks>Under the executor's lock.</remarks>
interface ISlotKeys
{
    /// <summary>How many keys a slot has.</summary>
    long Count(int slot);

    /// <summary>Deletes the keys of a slot that another node serves now. Replicas and files hear of it as of any deletion.</summary>
    void Delete(int slot);
}
