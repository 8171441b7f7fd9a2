using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Acl;

/// <summary>What rules are read against: the commands and databases that there are, and what a new user may hear.</summary>
sealed class AclLimits(CommandNames names, SecuritySettings security, ProcessSettings process)
{
    public CommandNames Names { get; } = names;

    public int Databases => process.Databases;

    public bool AllChannelsByDefault => security.AclPubSubDefault == AclPubSubDefault.AllChannels;
}
