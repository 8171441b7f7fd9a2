namespace MiniRedis.Server.Configuration.Settings;

/// <summary>Passwords, users, and protection from clients.</summary>
/// <remarks><inheritdoc cref="ServerConfig" path="/remarks"/></remarks>
internal sealed class SecuritySettings
{
    public string RequirePass = "", AclFile = "";
    public AclPubSubDefault AclPubSubDefault;
    public long AclLogMaxLen;
    public ProtectedAction EnableProtectedConfigs, EnableDebugCommand, EnableModuleCommand;
    public SanitizeDump SanitizeDumpPayload;
}
