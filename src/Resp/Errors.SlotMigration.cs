namespace MiniRedis.Resp;

/// <summary>Why a node refuses an atomic slot migration, in the words of Valkey 9.</summary>
public static partial class Errors
{
    public const string MigrationOnReplica = "ERR Slot migration can only be used on primary nodes.";
    public const string SlotsImportedByHand = "ERR Slots are being manually imported";
    public const string SlotsMigratedByHand = "ERR Slots are being manually migrated";
    public const string SlotsOfSeveralShards = "ERR Requested slots span multiple shards";
    public const string SlotsNotServedHere = "ERR Slots are not served by this node.";
    public const string MigrationsOverlap = "ERR Slot ranges in migrations overlap";
    public const string TargetIsThisNode = "ERR Target node can not be this node.";
    public const string NoMigrations = "ERR No migrations ongoing";
    public const string MigrationSourceUnknown = "ERR Target node does not know the source node";
    public const string MigrationFromMyself = "ERR Source node is target node itself";
    public const string SlotIsImported = "ERR Slot is already being imported on the target by a different migration";
    public const string MigrationOwnersDiffer = "ERR Target node does not agree about current slot ownership";
    public const string ImportInProgress = "ERR Slot import in progress.";
    public const string ExportInProgress = "ERR Slot export in progress.";
    public const string NoSuchMigration = "ERR No such slot migration job";
    public const string NoEndSlot = "ERR No end slot for final slot range";
    public const string NoSlotRanges = "ERR No slot ranges specified";

    public static string SlotHasNoNode(int slot) => $"ERR Slot {slot} has no node served.";

    public static string SlotIsMigrating(int slot) => $"ERR I am already migrating slot {slot}.";

    public static string InvalidNodeName(string name) => $"ERR Invalid node name: {name}";

    public static string UnknownNodeName(string name) => $"ERR Unknown node name: {name}";

    public static string RangeBackward(int first, int last) => $"ERR Start slot number {first} is greater than end slot number {last}.";

    public static string RangesOverlap((int First, int Last) range, (int First, int Last) other) =>
        $"ERR Slot range {range.First}-{range.Last} overlaps with previous range {other.First}-{other.Last}.";

    public static string NotOfAMigration(string word) => $"ERR CLUSTER SYNCSLOTS {word} should only be used by slot migration clients";
}
