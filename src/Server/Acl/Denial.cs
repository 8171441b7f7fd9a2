using System.Globalization;
using System.Text;
using MiniRedis.Resp;

namespace MiniRedis.Server.Acl;

/// <summary>
/// Why a user is refused. If several selectors refuse a command, the largest is told: it came furthest. Source: the order of
/// ACL_DENIED_... in Valkey 9.1.
/// </summary>
enum DenialReason : byte
{
    None,
    Database,
    Command,
    Key,
    Channel,

    /// <summary>A wrong password or user name.</summary>
    Auth,

    /// <summary>A certificate that names no user, or one that is off.</summary>
    Certificate,
}

/// <summary>The answer of <see cref="AccessCheck"/>.</summary>
/// <param name="Reason">None if the command may run.</param>
/// <param name="Argument">The key, the channel or the number of the database; 0 for the command, and for the selected database.</param>
/// <param name="Database">The selected database, of which a denial without an argument tells.</param>
readonly record struct Denial(DenialReason Reason, int Argument, int Database)
{
    public bool IsAllowed => Reason == DenialReason.None;

    /// <summary>What was refused, as ACL LOG shows it.</summary>
    public ReadOnlySpan<byte> ObjectOf(CommandSpec command, in Request request) => Reason switch
    {
        DenialReason.Command => Encoding.ASCII.GetBytes(command.FullName),
        DenialReason.Database when Argument == 0 && command.Databases is { IsAll: true } => Encoding.ASCII.GetBytes(command.FullName),
        DenialReason.Database when Argument == 0 => Encoding.ASCII.GetBytes(Database.ToString(CultureInfo.InvariantCulture)),
        _ => request[Argument],
    };

    /// <summary>The text of the error, after its code.</summary>
    public ReadOnlySpan<byte> Text(User user, CommandSpec command) => Reason switch
    {
        DenialReason.Command => Errors.NoPermCommand(user.Name, command.FullName),
        DenialReason.Key => AclReasons.NoPermKey,
        DenialReason.Channel => AclReasons.NoPermChannel,
        _ => AclReasons.NoPermDatabase,
    };

    /// <summary>The text that also names what was refused: for ACL DRYRUN, whose caller may know.</summary>
    public ReadOnlySpan<byte> DetailedText(User user, CommandSpec command, in Request request) => Reason switch
    {
        DenialReason.Command => Errors.NoPermCommand(user.Name, command.FullName),
        DenialReason.Key => Errors.NoPermTo(user.Name, request[Argument], "key"),
        DenialReason.Channel => Errors.NoPermTo(user.Name, request[Argument], "channel"),
        _ => Errors.NoPermTo(user.Name, ObjectOf(command, request), "database"),
    };

    /// <summary>The text with which EXEC refuses what it was to run.</summary>
    public ReadOnlySpan<byte> QueuedText => Reason switch
    {
        DenialReason.Command => AclReasons.QueuedCommandDenied,
        DenialReason.Key => AclReasons.QueuedKeyDenied,
        DenialReason.Channel => AclReasons.QueuedChannelDenied,
        _ => AclReasons.QueuedDatabaseDenied,
    };
}
