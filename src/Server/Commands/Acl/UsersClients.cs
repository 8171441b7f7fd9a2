using MiniRedis.Server.Acl;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using MiniRedis.Server.PubSub;

namespace MiniRedis.Server.Commands.Acl;

/// <summary>Closes the clients that a change of users leaves without their user, or with subscriptions that it may not have.</summary>
static class UsersClients
{
    const string UserRemoved = "its user was removed", ChannelsDenied = "its user may no longer listen to its channels";

    /// <summary>A user has been removed: its clients go.</summary>
    public static void Close(ref CommandContext c, User user)
    {
        foreach (var client in c.Server.Clients.All)
        {
            if (client.User == user) Close(ref c, client, UserRemoved);
        }
    }

    /// <summary>A user's rules are about to change: its clients go that listen to what it may not hear then.</summary>
    public static void CloseWhatMayNotListen(ref CommandContext c, User user, UserRules after)
    {
        if (LostChannels(user.Rules, after) is not { } allowed) return;
        foreach (var client in c.Server.Clients.All)
        {
            if (client.User == user && Hears(client, allowed)) Close(ref c, client, ChannelsDenied);
        }
    }

    /// <summary>Other users take the place of all. Clients stay with the user of their user's name.</summary>
    public static void Replace(ref CommandContext c, IReadOnlyList<(byte[] Name, UserRules Rules)> users)
    {
        var all = c.Server.Users;
        var before = all.All.ToDictionary(user => user, user => user.Rules);
        all.Replace(users);
        var allowed = before.ToDictionary(
            pair => pair.Key, pair => all.Find(pair.Key.Name) is { } after ? LostChannels(pair.Value, after.Rules) : null);
        foreach (var client in c.Server.Clients.All)
        {
            // The client of a running save or of the server itself has none of these users.
            if (!allowed.TryGetValue(client.User, out var channels)) continue;
            if (all.Find(client.User.Name) is not { } user) Close(ref c, client, UserRemoved);
            else if (channels is not null && Hears(client, channels)) Close(ref c, client, ChannelsDenied);
            else client.BecomeSame(user);
        }
    }

    /// <summary>The patterns of channels that are left; null if every one that was there before is among them.</summary>
    static List<byte[]>? LostChannels(UserRules before, UserRules after)
    {
        if (after.Selectors.Any(selector => selector.AllChannels)) return null;
        List<byte[]> left = [.. after.Selectors.SelectMany(selector => selector.Channels)];
        var keepsAll = before.Selectors.All(
            selector => !selector.AllChannels && selector.Channels.All(channel => Selector.AllowsChannel(left, channel, isPattern: true)));
        return keepsAll ? null : left;
    }

    static bool Hears(Client client, List<byte[]> allowed)
    {
        if (client.Subscriptions is not { } own) return false;
        foreach (var kind in Enum.GetValues<ChannelKind>())
        {
            if (own.Count(kind) == 0) continue;
            foreach (var channel in own.Of(kind).Keys)
            {
                if (!Selector.AllowsChannel(allowed, channel.Name, kind == ChannelKind.Pattern)) return true;
            }
        }
        return false;
    }

    static void Close(ref CommandContext c, Client client, string reason)
    {
        // Until it is closed it has the rights of one who has just connected.
        client.LogOut(c.Server.Users.Default);
        // The caller gets its reply before it goes.
        if (client == c.Client) client.CloseAfterReply(reason);
        else c.Server.Admission.KillLocked(client, reason);
    }
}
