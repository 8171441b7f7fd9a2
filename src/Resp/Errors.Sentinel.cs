using System.Text;

namespace MiniRedis.Resp;

/// <summary>Errors of SENTINEL, and of PUBLISH to a Sentinel.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> NoSuchMaster => "ERR No such master with that name"u8;
    public static ReadOnlySpan<byte> OnlyHello => "ERR Only HELLO messages are accepted by Sentinel instances."u8;
    public static ReadOnlySpan<byte> FailoverInProgress => "INPROG Failover already in progress"u8;
    public static ReadOnlySpan<byte> NoGoodReplica => "NOGOODSLAVE No suitable replica to promote"u8;
    public static ReadOnlySpan<byte> InvalidQuorum => "ERR Invalid quorum"u8;
    public static ReadOnlySpan<byte> InvalidSentinelPort => "ERR Invalid port"u8;
    public static ReadOnlySpan<byte> QuorumTooSmall => "ERR Quorum must be 1 or greater."u8;
    public static ReadOnlySpan<byte> InvalidMasterAddress => "ERR Invalid IP address or hostname specified"u8;
    public static ReadOnlySpan<byte> DuplicateMaster => "ERR Duplicate master name."u8;
    public static ReadOnlySpan<byte> MasterPortOutOfRange => "ERR Invalid port number."u8;
    public static ReadOnlySpan<byte> SentinelConfigNotSaved => "ERR Failed to save config file. Check server logs."u8;
    public static ReadOnlySpan<byte> UnknownSimulation => "ERR Unknown failure simulation specified"u8;
    public static ReadOnlySpan<byte> SentinelConfigForm =>
        "ERR Only SENTINEL CONFIG GET <param> [<param> <param> ...] / SET <param> <value> [<param> <value> ...] are supported."u8;
    public static ReadOnlySpan<byte> ScriptsReconfigDenied =>
        "ERR Reconfiguration of scripts path is denied for security reasons. Check the deny-scripts-reconfig configuration directive "u8
        + "in your Sentinel configuration"u8;
    public static ReadOnlySpan<byte> NotificationScript => "ERR Notification script seems non existing or non executable"u8;
    public static ReadOnlySpan<byte> ClientReconfigScript => "ERR Client reconfiguration script seems non existing or non executable"u8;

    public static byte[] SentinelSetOption(string option) =>
        Encoding.Latin1.GetBytes($"ERR Unknown option or number of arguments for SENTINEL SET '{option}'");

    public static byte[] SentinelSetValue(string value, string option) =>
        Encoding.Latin1.GetBytes($"ERR Invalid argument '{value}' for SENTINEL SET '{option}'");

    public static byte[] SentinelDebugOption(string option) =>
        Encoding.Latin1.GetBytes($"ERR Unknown option or number of arguments for SENTINEL DEBUG '{option}'");

    public static byte[] SentinelDebugValue(string value, string option) =>
        Encoding.Latin1.GetBytes($"ERR Invalid argument '{value}' for SENTINEL DEBUG '{option}'");

    public static byte[] SentinelConfigOption(string option) =>
        Encoding.Latin1.GetBytes($"ERR Invalid argument '{option}' to SENTINEL CONFIG SET");

    public static byte[] SentinelConfigTwice(string option) =>
        Encoding.Latin1.GetBytes($"ERR Duplicate argument '{option}' to SENTINEL CONFIG SET");

    public static byte[] SentinelConfigNoValue(string option) => Encoding.Latin1.GetBytes($"ERR Missing argument '{option}' value");

    public static byte[] SentinelConfigValue(string value, string option) =>
        Encoding.Latin1.GetBytes($"ERR Invalid value '{value}' to SENTINEL CONFIG SET '{option}'");

    /// <summary>What SENTINEL CKQUORUM says where something is missing.</summary>
    public static string NoQuorum(int usable, bool isQuorum, bool isMajority)
    {
        const string Quorum = "Not enough available Sentinels to reach the specified quorum for this master";
        const string Majority = "Not enough available Sentinels to reach the majority and authorize a failover";
        var missing = isQuorum ? Majority : isMajority ? Quorum : $"{Quorum}. {Majority}";
        return $"NOQUORUM {usable} usable Sentinels. {missing}";
    }
}
