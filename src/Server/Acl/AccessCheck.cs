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
        // Keys are looked for once, by the first selector that asks.
        var keys = new KeyBuffer(stackalloc KeyRef[8]);
        var knowsKeys = false;
        var denial = new Denial(DenialReason.Database, 0, database);
        foreach (var selector in user.Rules.Selectors)
        {
            var found = Check(selector, command, request, database, ref keys, ref knowsKeys);
            if (found.IsAllowed || found.Reason > denial.Reason || found.Reason == denial.Reason && found.Argument > denial.Argument)
                denial = found;
            if (denial.IsAllowed) break;
        }
        keys.Dispose();
        return denial;
    }

    /// <summary>Whether a user may run a request, and with it use every key there is: SORT with BY or GET.</summary>
    public static bool MayUseEveryKey(User user, CommandSpec command, in Request request, int database, KeyRight needed)
    {
        if (!user.IsRestricted) return true;
        var keys = new KeyBuffer(stackalloc KeyRef[8]);
        var knowsKeys = false;
        var may = false;
        foreach (var selector in user.Rules.Selectors)
            may |= selector.AllowsEveryKey(needed) && Check(selector, command, request, database, ref keys, ref knowsKeys).IsAllowed;
        keys.Dispose();
        return may;
    }

    static Denial Check(
        Selector selector, CommandSpec command, in Request request, int database, scoped ref KeyBuffer keys, scoped ref bool knowsKeys)
    {
        if (!selector.AllDatabases && !AllowsDatabases(selector, command, request, database, out var at))
            return new(DenialReason.Database, at, database);
        var first = command.Parent is null ? 1 : 2;
        if (!selector.AllowsCommand(command, first < request.Count ? request[first] : default))
            return new(DenialReason.Command, 0, database);
        if (!selector.AllKeys && command.HasKeys && !AllowsKeys(selector, command, request, ref keys, ref knowsKeys, out at))
            return new(DenialReason.Key, at, database);
        if (!selector.AllChannels && command.Channels is { } channels)
        {
            var end = channels.ToEnd ? request.Count : channels.First + 1;
            for (at = channels.First; at < end; at++)
            {
                if (!selector.AllowsChannel(request[at], channels.ArePatterns)) return new(DenialReason.Channel, at, database);
            }
        }
        return default;
    }

    static bool AllowsKeys(
        Selector selector, CommandSpec command, in Request request, scoped ref KeyBuffer keys, scoped ref bool knowsKeys, out int at)
    {
        // One key at a fixed place: most commands.
        if (command is { Keys: [{ Begin: BeginSearch.Index, Find: FindKeys.Range, LastKey: 0 } only], GetKeys: null })
        {
            at = only.Index;
            return selector.AllowsKey(request[at], KeyRights.Needed(only.Flags));
        }
        if (!knowsKeys)
        {
            // If the arguments make no sense there are no keys, and the command will refuse them.
            KeyExtractor.TryGetKeys(command, request, ref keys);
            knowsKeys = true;
        }
        foreach (var key in keys.Keys)
        {
            at = key.Position;
            if (!selector.AllowsKey(request[at], KeyRights.Needed(key.Flags))) return false;
        }
        at = 0;
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
