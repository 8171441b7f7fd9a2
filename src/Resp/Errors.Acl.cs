namespace MiniRedis.Resp;

/// <summary>Users and their rights: the texts of Redis 7.4, and of Valkey 9.1 where databases are refused.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> UserName => "ERR Usernames can't contain spaces or null characters"u8;
    public static ReadOnlySpan<byte> DefaultUserStays => "ERR The 'default' user cannot be removed"u8;
    public static ReadOnlySpan<byte> NoAclFile =>
        "ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL "u8
        + "SETUSER command and then issue a CONFIG REWRITE (assuming you have a configuration file set) in order to "u8
        + "store users in the configuration."u8;
    public static ReadOnlySpan<byte> AclSaveFailed =>
        "ERR There was an error trying to save the ACLs. Please check the server logs for more information"u8;
    public static ReadOnlySpan<byte> GeneratedPasswordBits =>
        "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096"u8;

    private static ReadOnlySpan<byte> AclChangedInMulti =>
        "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This "u8
        + "command is no longer allowed for the following reason: "u8;

    /// <param name="user">The user's name.</param>
    /// <param name="command">The command's full name in lower case.</param>
    public static byte[] NoPermCommand(ReadOnlySpan<byte> user, string command) =>
        [.. "User "u8, .. user, .. " has no permissions to run the '"u8, .. Utf8(command), .. "' command"u8];

    /// <summary>ACL DRYRUN, which names what is refused.</summary>
    /// <param name="user">The user's name.</param>
    /// <param name="name">The key, the channel or the database.</param>
    /// <param name="kind">"key", "channel" or "database".</param>
    public static byte[] NoPermTo(ReadOnlySpan<byte> user, ReadOnlySpan<byte> name, string kind) =>
        [.. "User "u8, .. user, .. " has no permissions to access the '"u8, .. name, .. "' "u8, .. Utf8(kind)];

    /// <param name="reason">As <see cref="AclReasons.NoPermKey"/>.</param>
    public static byte[] NoPerm(ReadOnlySpan<byte> reason) => [.. "NOPERM "u8, .. reason];

    /// <inheritdoc cref="NoPerm"/>
    public static byte[] AclFailureInScript(ReadOnlySpan<byte> reason) => [.. "ERR ACL failure in script: "u8, .. reason];

    /// <param name="reason">As <see cref="AclReasons.QueuedKeyDenied"/>.</param>
    public static byte[] AclChanged(ReadOnlySpan<byte> reason) => [.. AclChangedInMulti, .. reason];

    /// <param name="rule">As it was given.</param>
    /// <param name="reason">As <see cref="AclReasons.Syntax"/>.</param>
    public static byte[] AclModifier(ReadOnlySpan<byte> rule, string reason) =>
        [.. Quote("ERR Error in ACL SETUSER modifier '"u8, rule, "': "u8), .. Utf8(reason)];

    public static byte[] AclParenthesis(ReadOnlySpan<byte> rule) =>
        Quote("ERR Unmatched parenthesis in acl selector starting at '"u8, rule, "'."u8);

    /// <summary>ACL CAT of an unknown category, of which 128 bytes are shown.</summary>
    public static byte[] UnknownCategory(ReadOnlySpan<byte> name) => Quote("ERR Unknown category '"u8, CText(name, 128), "'"u8);

    /// <summary>ACL LOAD.</summary>
    /// <param name="errors">What is wrong with the file: configuration text (a character a byte).</param>
    public static byte[] AclLoad(string errors) => System.Text.Encoding.Latin1.GetBytes("ERR " + errors);

    /// <summary>ACL DRYRUN of an unknown user.</summary>
    public static byte[] UserNotFound(ReadOnlySpan<byte> user) => Quote("ERR User '"u8, user, "' not found"u8);

    /// <summary>ACL DRYRUN of an unknown command.</summary>
    public static byte[] CommandNotFound(ReadOnlySpan<byte> command) => Quote("ERR Command '"u8, command, "' not found"u8);
}
