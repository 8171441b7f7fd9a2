namespace MiniRedis.Resp;

/// <summary>Authentication, HELLO, CLIENT, transactions and publish/subscribe.</summary>
public static partial class Errors
{
    // Authentication
    public static ReadOnlySpan<byte> NoAuth => "NOAUTH Authentication required."u8;
    public static ReadOnlySpan<byte> WrongPass => "WRONGPASS invalid username-password pair or user is disabled."u8;
    public static ReadOnlySpan<byte> AuthWithoutPassword =>
        "ERR AUTH <password> called without any password configured for the default user. Are you sure your "u8
        + "configuration is correct?"u8;
    public static ReadOnlySpan<byte> HelloNoAuth =>
        "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH "u8
        + "<user> <pass> option can be used to authenticate the client and select the RESP protocol version at the "u8
        + "same time"u8;
    public static ReadOnlySpan<byte> NoProto => "NOPROTO unsupported protocol version"u8;
    public static ReadOnlySpan<byte> ProtocolVersion => "ERR Protocol version is not an integer or out of range"u8;

    // Connections
    public static ReadOnlySpan<byte> MaxClients => "ERR max number of clients reached"u8;
    public static ReadOnlySpan<byte> MaxClientsCluster => "ERR max number of clients + cluster connections reached"u8;
    public static ReadOnlySpan<byte> ProtectedMode =>
        "DENIED Running in protected mode because protected mode is enabled and no password is set for the "u8
        + "default user. In this mode connections are only accepted from the loopback interface. If you want to "u8
        + "connect from external computers, you may adopt one of the following solutions: 1) Just disable protected "u8
        + "mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting from "u8
        + "the same host the server is running, however MAKE SURE it's not publicly accessible from internet if you "u8
        + "do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the "u8
        + "protected mode by editing the configuration file, and setting the protected mode option to 'no', and "u8
        + "then restarting the server. 3) If you started the server manually just for testing, restart it with the "u8
        + "'--protected-mode no' option. 4) Set up an authentication password for the default user. NOTE: You only "u8
        + "need to do one of the above things in order for the server to start accepting connections from the "u8
        + "outside."u8;
    public static ReadOnlySpan<byte> ResetNormalOnly => "ERR can only reset normal client connections"u8;
    public static ReadOnlySpan<byte> Unblocked => "UNBLOCKED client unblocked via CLIENT UNBLOCK"u8;
    public static ReadOnlySpan<byte> UnblockedByRole =>
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"u8;

    // CLIENT
    public static ReadOnlySpan<byte> NoSuchClient => "ERR No such client"u8;
    public static ReadOnlySpan<byte> InvalidClientId => "ERR Invalid client ID"u8;
    public static ReadOnlySpan<byte> ClientIdNotPositive => "ERR client-id should be greater than 0"u8;
    public static ReadOnlySpan<byte> MaxAgeNotInteger => "ERR maxage is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> MaxAgeNotPositive => "ERR maxage should be greater than 0"u8;
    public static ReadOnlySpan<byte> IdleNotInteger => "ERR idle is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> IdleNotPositive => "ERR idle should be greater than 0"u8;
    public static ReadOnlySpan<byte> DbNotInteger => "ERR DB is not an integer or out of range"u8;
    public static ReadOnlySpan<byte> ClientName => "ERR Client names cannot contain spaces, newlines or special characters."u8;
    public static ReadOnlySpan<byte> NotInImportMode => "ERR Server is not in import mode"u8;
    public static ReadOnlySpan<byte> PauseMode => "ERR CLIENT PAUSE mode must be WRITE or ALL"u8;
    public static ReadOnlySpan<byte> UnblockReason => "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"u8;
    public static ReadOnlySpan<byte> TrackingOneRedirect => "ERR A client can only redirect to a single other client"u8;
    public static ReadOnlySpan<byte> TrackingNoRedirect => "ERR The client ID you want redirect to does not exist"u8;
    public static ReadOnlySpan<byte> TrackingPrefixNeedsBcast => "ERR PREFIX option requires BCAST mode to be enabled"u8;
    public static ReadOnlySpan<byte> TrackingSwitchBcast =>
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling "u8
        + "it with a different mode."u8;
    public static ReadOnlySpan<byte> TrackingOptWithBcast => "ERR OPTIN and OPTOUT are not compatible with BCAST"u8;
    public static ReadOnlySpan<byte> TrackingOptInAndOut => "ERR You can't specify both OPTIN mode and OPTOUT mode"u8;
    public static ReadOnlySpan<byte> TrackingSwitchOpt =>
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling "u8
        + "it with a different mode."u8;
    public static ReadOnlySpan<byte> CachingNeedsTracking =>
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode "u8
        + "enabled"u8;
    public static ReadOnlySpan<byte> CachingYesNeedsOptIn =>
        "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."u8;
    public static ReadOnlySpan<byte> CachingNoNeedsOptOut =>
        "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."u8;

    // Transactions
    public static ReadOnlySpan<byte> NestedMulti => "ERR MULTI calls can not be nested"u8;
    public static ReadOnlySpan<byte> WatchInMulti => "ERR WATCH inside MULTI is not allowed"u8;
    public static ReadOnlySpan<byte> ExecWithoutMulti => "ERR EXEC without MULTI"u8;
    public static ReadOnlySpan<byte> DiscardWithoutMulti => "ERR DISCARD without MULTI"u8;
    public static ReadOnlySpan<byte> ExecAbort => "EXECABORT Transaction discarded because of previous errors."u8;
    public static ReadOnlySpan<byte> NotInTransaction => "ERR Command not allowed inside a transaction"u8;

    // Publish/subscribe
    public static ReadOnlySpan<byte> SubscribeDenied => "ERR SUBSCRIBE isn't allowed for a DENY BLOCKING client"u8;
    public static ReadOnlySpan<byte> PSubscribeDenied => "ERR PSUBSCRIBE isn't allowed for a DENY BLOCKING client"u8;
    public static ReadOnlySpan<byte> SSubscribeDenied => "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"u8;

    public static ReadOnlySpan<byte> MonitorDenied => "ERR MONITOR isn't allowed for DENY BLOCKING client"u8;

    /// <summary>
    /// Replicas and clients in MONITOR are exempt from pauses, so they may not use keys, which a pause protects.
    /// </summary>
    public static ReadOnlySpan<byte> ReplicaMayNotUseKeys => "ERR Replica can't interact with the keyspace"u8;

    /// <param name="command">The command's full name in lower case.</param>
    public static string InSubscribedMode(string command) =>
        $"ERR Can't execute '{command}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";

    /// <param name="prefix">Asked for with CLIENT TRACKING.</param>
    /// <param name="existing">One that the client has.</param>
    public static byte[] TrackingPrefixExists(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> existing) =>
        PrefixOverlap(prefix, "' overlaps with an existing prefix '"u8, existing);

    /// <inheritdoc cref="TrackingPrefixExists"/>
    /// <param name="prefix">Asked for with CLIENT TRACKING.</param>
    /// <param name="other">Another one of the same request.</param>
    public static byte[] TrackingPrefixTwice(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> other) =>
        PrefixOverlap(prefix, "' overlaps with another provided prefix '"u8, other);

    private static byte[] PrefixOverlap(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> how, ReadOnlySpan<byte> other) =>
        [.. "ERR Prefix '"u8, .. prefix, .. how, .. other, .. "'. Prefixes for a single client must not overlap."u8];

    /// <summary>EXEC that cannot run at all; <paramref name="reason"/> is an error, of which "ERR " is left out.</summary>
    public static byte[] ExecAbortBecause(ReadOnlySpan<byte> reason) =>
        Quote("EXECABORT Transaction discarded because of: "u8, reason.StartsWith("ERR "u8) ? reason[4..] : reason, ""u8);

    public static byte[] HelloOption(ReadOnlySpan<byte> option) => Quote("ERR Syntax error in HELLO option '"u8, option, "'"u8);

    public static byte[] UnknownClientType(ReadOnlySpan<byte> type) => Quote("ERR Unknown client type '"u8, type, "'"u8);

    /// <summary>CLIENT LIST and KILL with FLAGS.</summary>
    public static byte[] UnknownClientFlags(ReadOnlySpan<byte> flags) => Quote("ERR Unknown flags found in the provided filter: "u8, flags, ""u8);

    /// <summary>CLIENT LIST and KILL with CAPA.</summary>
    public static byte[] UnknownClientCapability(ReadOnlySpan<byte> capa) =>
        Quote("ERR Unknown capa found in the provided filter: "u8, capa, ""u8);

    /// <param name="last">The last database's number.</param>
    public static string DbNotInRange(int last) => $"ERR DB number should be between 0 and {last}";

    public static byte[] NoSuchUser(ReadOnlySpan<byte> user) => Quote("ERR No such user '"u8, user, "'"u8);

    public static byte[] UnrecognizedOption(ReadOnlySpan<byte> option) => Quote("ERR Unrecognized option '"u8, option, "'"u8);

    /// <summary>CLIENT SETINFO with an attribute (lib-name, lib-ver) that holds what CLIENT LIST could not show.</summary>
    public static byte[] ClientAttribute(ReadOnlySpan<byte> attribute) =>
        Quote(""u8, (byte[])[.. "ERR "u8, .. attribute], " cannot contain spaces, newlines or special characters."u8);
}
