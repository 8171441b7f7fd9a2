namespace MiniRedis.Cluster.Sentinel;

/// <summary>Why a "sentinel …" line of a configuration file is refused: Redis's texts.</summary>
public static class DirectiveErrors
{
    public const string Quorum = "Quorum must be 1 or greater.";
    public const string NoSuchMaster = "No such master with specified name.";
    public const string Time = "negative or zero time parameter.";
    public const string NegativeTime = "negative time parameter.";
    public const string NotificationScript = "Notification script seems non existing or non executable.";
    public const string ClientReconfigScript = "Client reconfiguration script seems non existing or non executable.";
    public const string MyId = "Malformed Sentinel id in myid option.";
    public const string RenamedTwice = "Same command renamed multiple times with rename-command.";
    public const string DenyScriptsReconfig = "Please specify yes or no for the deny-scripts-reconfig options.";
    public const string ResolveHostnames = "Please specify yes or no for the resolve-hostnames option.";
    public const string AnnounceHostnames = "Please specify yes or no for the announce-hostnames option.";
    public const string Unknown = "Unrecognized sentinel configuration statement.";
    public const string DuplicateMaster = "Duplicate master name.";
    public const string DuplicateReplica = "Duplicate hostname and port for replica.";
    public const string DuplicateSentinel = "Duplicate runid for sentinel.";
    public const string Unresolved = "Can't resolve instance hostname.";
    public const string InvalidPort = "Invalid port number.";

    internal static string? Of(AddressError error) => error switch
    {
        AddressError.None => null,
        AddressError.Unresolved => Unresolved,
        _ => InvalidPort,
    };
}
