using MiniRedis.Resp;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Acl;

/// <summary>Whether a user may run a request.</summary>
static class AccessCheck
{
    /// <summary>Checks command, keys, channels and databases against each selector. One that allows all of it is enough.</summary>
    /// <param name="user">Restricted: nobody else needs the check.</param>
    /// <param name="command">The command, or the subcommand, that the request calls.</param>
    /// <param name="database">The number of the selected database.</param>
    public static Denial Check(User user, CommandSpec command, in Request request, int database)
    {
        var denial = new Denial(DenialReason.Database, 0, database);
        foreach (var selector in user.Selectors)
        {
            var found = Check(selector, command, request, database);
            if (found.IsAllowed) return found;
            if (found.Reason > denial.Reason || found.Reason == denial.Reason && found.Argument > denial.Argument) denial = found;
        }
        return denial;
    }

    /// <summary>Whether a user may run a request, and with it use every key there is: SORT with BY or GET.</summary>
    public static bool MayUseEveryKey(User user, CommandSpec command, in Request request, int database, KeyRight needed)
    {
        if (!user.IsRestricted) return true;
        foreach (var selector in user.Selectors)
        {
            if (selector.AllowsEveryKey(needed) && Check(selector, command, request, database).IsAllowed) return true;
        }
        return false;
    }

    static Denial Check(Selector selector, CommandSpec command, in Request request, int database)
    {
        if (!selector.AllDatabases && !AllowsDatabases(selector, command, request, database, out var at))
            return new(DenialReason.Database, at, database);
        if (!selector.AllowsCommand(command, request)) return new(DenialReason.Command, 0, database);
        if (!selector.AllKeys && command.HasKeys && !AllowsKeys(selector.Keys, command, request, out at))
            return new(DenialReason.Key, at, database);
        if (!selector.AllKeys && command.GetPrefixes is not null && !AllowsPrefixes(selector.Keys, command, request, out at))
            return new(DenialReason.Key, at, database);
        if (!selector.AllChannels && command.Channels is not null && !AllowsChannels(selector, command.Channels, request, out at))
            return new(DenialReason.Channel, at, database);
        return default;
    }

    static bool AllowsKeys(KeyRights rights, CommandSpec command, in Request request, out int at)
    {
        // Most commands.
        if (command.LoneKey is { } only)
        {
            at = only.Index;
            return rights.Allows(request[at], KeyRights.Needed(only.Flags));
        }
        return AllowsEachKey(rights, command, request, out at);
    }

    static bool AllowsEachKey(KeyRights rights, CommandSpec command, in Request request, out int at)
    {
        var keys = new KeyBuffer(stackalloc KeyRef[8]);
        // If the arguments make no sense there are no keys, and the command will refuse them.
        KeyExtractor.TryGetKeys(command, request, ref keys);
        at = 0;
        foreach (var key in keys.Keys)
        {
            if (rights.Allows(request[key.Position], KeyRights.Needed(key.Flags))) continue;
            at = key.Position;
            break;
        }
        keys.Dispose();
        return at == 0;
    }

    /// <summary>Prefixes stand for all keys that begin so, which are changed.</summary>
    static bool AllowsPrefixes(KeyRights rights, CommandSpec command, in Request request, out int at)
    {
        at = command.GetPrefixes!(request);
        for (; at > 0 && at < request.Count; at++)
        {
            if (!rights.AllowsAllBehind(request[at], KeyRight.Write)) return false;
        }
        return true;
    }

    static bool AllowsChannels(Selector selector, ChannelSpec channels, in Request request, out int at)
    {
        var end = channels.ToEnd ? request.Count : channels.First + 1;
        for (at = channels.First; at < end; at++)
        {
            if (!selector.AllowsChannel(request[at], channels.ArePatterns)) return false;
        }
        return true;
    }

    static bool AllowsDatabases(Selector selector, CommandSpec command, in Request request, int database, out int at)
    {
        at = 0;
        if (command.UsesSelectedDatabase && !selector.AllowsDatabase(database)) return false;
        if (command.Databases is not { } spec) return true;
        if (spec.IsAll) return false;
        for (at = spec.First; at < request.Count; at++)
        {
            if (spec.Word is null ? at > spec.Last : !Ascii.EqualsIgnoreCase(request[at - 1], spec.Word) || at == spec.First) continue;
            // What is no number is the command's to refuse.
            if (Numbers.TryParseInt64(request[at], out var number) && number is >= 0 and <= int.MaxValue && !selector.AllowsDatabase((int)number))
                return false;
        }
        return true;
    }
}
