namespace MiniRedis.Resp;

/// <summary>Why a node refuses what CLUSTER asks of it. They are rare, and words of the machine of src/Cluster: strings.</summary>
public static partial class Errors
{
    public const string ForgetMyself = "ERR I tried hard but I can't forget myself...";
    public const string ForgetMyMaster = "ERR Can't forget my master!";
    public const string FlushSlotsWithKeys = "ERR DB must be empty to perform CLUSTER FLUSHSLOTS.";
    public const string SetSlotOnReplica = "ERR Please use SETSLOT only with masters.";
    public const string TargetIsNoMaster = "ERR Target node is not a master";
    public const string ReplicateMyself = "ERR Can't replicate myself";
    public const string ReplicateReplica = "ERR I can only replicate a master, not a replica.";
    public const string ReplicateWithData = "ERR To set a master the node must be empty and without assigned slots.";
    public const string ClusterFailoverOfMaster = "ERR You should send CLUSTER FAILOVER to a replica";
    public const string FailoverMasterUnknown = "ERR I'm a replica but my master is unknown to me";
    public const string FailoverMasterDown = "ERR Master is down or failed, please use CLUSTER FAILOVER FORCE";
    public const string ConfigEpochWithNodes = "ERR The user can assign a config epoch only when the node does not know any other node.";
    public const string ConfigEpochIsSet = "ERR Node config epoch is already non-zero";
    public const string ResetWithKeys = "ERR CLUSTER RESET can't be called with master nodes containing keys";

    public static string InvalidNodeAddress(string ip, string port) => $"ERR Invalid node address specified: {ip}:{port}";

    public static string UnknownNode(string id) => $"ERR Unknown node {id}";

    public static string DoNotKnowNode(string id) => $"ERR I don't know about node {id}";

    public static string SlotIsUnassigned(int slot) => $"ERR Slot {slot} is already unassigned";

    public static string SlotIsBusy(int slot) => $"ERR Slot {slot} is already busy";

    public static string SlotNamedTwice(int slot) => $"ERR Slot {slot} specified multiple times";

    public static string NotOwnerOfSlot(int slot) => $"ERR I'm not the owner of hash slot {slot}";

    public static string AlreadyOwnerOfSlot(int slot) => $"ERR I'm already the owner of hash slot {slot}";

    public static string SlotHasKeys(int slot) =>
        $"ERR Can't assign hashslot {slot} to a different node while I still hold keys for this hash slot.";

    public static string InvalidConfigEpoch(long epoch) => $"ERR Invalid config epoch specified: {epoch}";
}
