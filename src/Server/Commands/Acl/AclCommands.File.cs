using MiniRedis.Resp;
using MiniRedis.Server.Acl;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Commands.Acl;

/// <summary>ACL LOAD and SAVE.</summary>
static partial class AclCommands
{
    static Command LoadSpec => Subcommand("LOAD", 2, "Replaces the users by those of the ACL file.",
        "O(N) where N is the number of users and clients", Load, flags: OfAdmin);

    static Command SaveSpec => Subcommand("SAVE", 2, "Writes the users to the ACL file.",
        "O(N) where N is the number of users", Save, flags: OfAdmin);

    /// <summary>All users of the file, or none: one wrong line and everything stays as it is.</summary>
    static void Load(ref CommandContext c)
    {
        var configured = c.Server.Config.Security.AclFile;
        if (configured.Length == 0)
        {
            c.Fail(Errors.NoAclFile);
            return;
        }
        var file = new AclFile(c.Server.AclLimits);
        if (!file.TryRead(c.Server.Config.Persistence.PathOf(configured), configured, out var users, out var errors))
        {
            c.Fail(Errors.AclLoad(errors));
            return;
        }
        UsersClients.Replace(ref c, users);
        c.Reply.Ok();
    }

    static void Save(ref CommandContext c)
    {
        var configured = c.Server.Config.Security.AclFile;
        if (configured.Length == 0)
        {
            c.Fail(Errors.NoAclFile);
            return;
        }
        try
        {
            AclFile.Write(c.Server.Config.Persistence.PathOf(configured), c.Server.Users.Lines());
            c.Reply.Ok();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            c.Server.Log.CannotSaveAcl(DiskException.Describe(failure));
            c.Fail(Errors.AclSaveFailed);
        }
    }
}
