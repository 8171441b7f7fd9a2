namespace MiniRedis.Resp;

/// <summary>Why users and rules are refused: parts of the errors that <see cref="Errors"/> makes of them.</summary>
public static class AclReasons
{
    // Why a command is refused, after "NOPERM " or "ACL failure in script: ".
    public static ReadOnlySpan<byte> NoPermKey => "No permissions to access a key"u8;
    public static ReadOnlySpan<byte> NoPermChannel => "No permissions to access a channel"u8;
    public static ReadOnlySpan<byte> NoPermDatabase => "No permissions to access database"u8;

    // Why a command that was queued is refused by EXEC, after the text of Errors.AclChanged.
    public static ReadOnlySpan<byte> QueuedCommandDenied => "no permission to execute the command or subcommand"u8;
    public static ReadOnlySpan<byte> QueuedKeyDenied => "no permission to touch the specified keys"u8;
    public static ReadOnlySpan<byte> QueuedChannelDenied =>
        "no permission to access one of the channels used as arguments to the command"u8;
    public static ReadOnlySpan<byte> QueuedDatabaseDenied => "no permission to access database"u8;

    // Why a rule of a user is refused.
    public static string Syntax => "Syntax error";
    public static string UnknownCommand => "Unknown command or category name in ACL";
    public static string FirstArgument => "Allowing first-arg of a subcommand is not supported";
    public static string NoSuchPassword => "The password you are trying to remove from the user does not exist";
    public static string PasswordHash =>
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters";
    public static string DatabaseRange => "The provided database ID is out of range";
    public static string PatternAfterAll =>
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
        + "'resetkeys' to start with an empty list of patterns";
    public static string ChannelAfterAll =>
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
        + "'resetchannels' to start with an empty list of channels";
}
