using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Acl;

/// <summary>The users of the configuration: "user" lines, or the file that "aclfile" names.</summary>
sealed class UserDeclarations(AclLimits limits, Users users, ServerConfig config, ServerLog log)
{
    /// <summary>Makes the users before the server starts.</summary>
    /// <param name="lines">The lines "user NAME RULE…", without the word "user".</param>
    /// <returns>Why the server must not start; null if it may. A rule that was refused is left out: it may hold a password.</returns>
    public string? Load(IReadOnlyList<ConfigDeclaration> lines)
    {
        var security = config.Security;
        if (security.AclFile.Length == 0) return LoadLines(lines);
        if (lines.Count > 0)
        {
            return "Configuring MiniRedis with users defined in its configuration file and at the same time setting an ACL file path is invalid. "
                + "This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare "
                + "users directly in the configuration file, but not both.";
        }
        var file = new AclFile(limits);
        if (!file.TryRead(config.Persistence.PathOf(security.AclFile), security.AclFile, out var read, out var errors))
            return $"Aborting MiniRedis startup because of ACL errors: {ConfigText.ToUnicode(errors)}";
        users.Replace(read);
        return null;
    }

    string? LoadLines(IReadOnlyList<ConfigDeclaration> lines)
    {
        var all = new List<(byte[] Name, UserRules Rules)>();
        var names = new HashSet<string>();
        foreach (var line in lines)
        {
            var name = line.Words[0];
            var reason = UserRules.HasSpaces(name) ? "Spaces not allowed in ACL usernames"
                : !names.Add(name) ? "Duplicate user found. A user can only be defined once in config files"
                : Read(line.Words.AsSpan(1).ToArray(), out var rules) is { } refused ? refused
                : Take(name, rules!);
            if (reason is not null) return ConfigFileReport.ForUser(name, reason, line).Message;
        }
        if (!names.Contains(ConfigText.FromBytes(Users.DefaultName)))
            all.Add((users.Default.Name, users.Default.Rules));
        if (lines.Count > 0) users.Replace(all);
        return null;

        string? Take(string name, UserRules rules)
        {
            if (!rules.IsOn) log.UserIsOff(ConfigText.ToUnicode(name));
            all.Add((ConfigText.ToBytes(name), rules));
            return null;
        }
    }

    string? Read(string[] words, out UserRules? rules)
    {
        rules = null;
        if (UserRules.JoinSelectors(words, out _) is not { } joined) return "Unmatched parenthesis in acl selector";
        var read = new UserRules(limits);
        foreach (var rule in joined)
        {
            if (read.Apply(rule) is not { } reason) continue;
            return reason == AclReasons.UnknownCommand ? $"{reason}: '{ConfigText.ToUnicode(rule)}'" : reason;
        }
        rules = read;
        return null;
    }
}
