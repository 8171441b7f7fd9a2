using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Acl;

/// <summary>Reads and writes a file of users: one "user NAME RULE…" a line. Comments are errors, since ACL SAVE would lose them.</summary>
sealed class AclFile(AclLimits limits)
{
    /// <summary>Reads all users of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="shown">Its name in errors: as it was configured.</param>
    /// <param name="errors">What is wrong, in one line, if anything is. Source: ACLLoadFromFile.</param>
    public bool TryRead(string path, string shown, out List<(byte[] Name, UserRules Rules)> users, out string errors)
    {
        users = [];
        string text;
        try
        {
            text = ConfigText.FromBytes(Disk.ReadAll(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            errors = $"Error loading ACLs, opening file '{shown}': {DiskException.Describe(failure)}";
            return false;
        }
        var wrong = new StringBuilder();
        var lines = text.Split('\n');
        var names = new HashSet<string>();
        for (var i = 0; i < lines.Length; i++) ReadLine(lines[i].Trim(' ', '\t', '\r'), shown, i + 1, users, names, wrong);
        errors = wrong.Length == 0 ? "" : wrong + "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";
        return wrong.Length == 0;
    }

    void ReadLine(
        string line, string shown, int number, List<(byte[] Name, UserRules Rules)> users, HashSet<string> names, StringBuilder wrong)
    {
        if (line.Length == 0) return;
        var words = line.Split(' ');
        var where = string.Create(CultureInfo.InvariantCulture, $"{shown}:{number}");
        if (words is not ["user", var name, .. var rest])
        {
            wrong.Append(where).Append(" should start with user keyword followed by the username. ");
            return;
        }
        if (UserRules.HasSpaces(name))
        {
            wrong.Append('\'').Append(where).Append(": username '").Append(name).Append("' contains invalid characters. ");
            return;
        }
        if (!names.Add(name))
        {
            wrong.Append(CultureInfo.InvariantCulture, $"WARNING: Duplicate user '{name}' found on line {number}. ");
            return;
        }
        if (UserRules.JoinSelectors(rest, out _) is not { } rules)
        {
            wrong.Append(where).Append(": Unmatched parenthesis in selector definition.");
            return;
        }
        var read = new UserRules(limits);
        var isTold = false;
        foreach (var raw in rules)
        {
            var rule = raw.Trim('\t', '\r', '\n');
            if (read.Apply(rule) is not { } reason) continue;
            // A name of a command is no secret. Other rules may hold passwords, and may fail because of the one before.
            if (reason == AclReasons.UnknownCommand) wrong.Append(where).Append($": Error in applying operation '{rule}': {reason}. ");
            else if (!isTold) wrong.Append(where).Append($": {reason}. ");
            isTold |= reason != AclReasons.UnknownCommand;
        }
        users.Add((ConfigText.ToBytes(name), read));
    }

    /// <summary>Writes the users, in the place of what the file has.</summary>
    /// <exception cref="IOException">The file cannot be written; the old one is still in place.</exception>
    public static void Write(string path, IEnumerable<string> lines)
    {
        var text = new StringBuilder();
        foreach (var line in lines) text.Append(line).Append('\n');
        WholeFile.Write(path, ConfigText.ToBytes(text.ToString()));
    }
}
