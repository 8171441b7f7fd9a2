using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Configuration.Directives;

public class UnbuiltDirectivesTests
{
    static (ServerConfig Config, LoadedConfig Loaded) Load(string text)
    {
        var config = new ServerConfig();
        return (config, ConfigFile.LoadText(config, text));
    }

    [Fact]
    public void Nothing_is_said_of_a_plain_cache() => Assert.Empty(UnbuiltDirectives.Notes(Load("save 60 1").Config));

    [Theory]
    [InlineData("replicaof 127.0.0.1 6379", "'replicaof' has no effect yet")]
    public void What_is_asked_for_in_vain_is_named(string directives, string start) =>
        Assert.Contains(UnbuiltDirectives.Notes(Load(directives).Config), note => note.StartsWith(start, StringComparison.Ordinal));

    [Theory]
    [InlineData("user alice on >secret ~* +@all")]
    [InlineData("aclfile users.acl")]
    public void A_configuration_that_guards_access_by_users_is_refused(string directives)
    {
        var (config, loaded) = Load(directives);
        Assert.Contains("leave the server open", UnbuiltDirectives.Refusal(config, loaded), StringComparison.Ordinal);
    }

    [Fact]
    public void Requirepass_alone_is_served()
    {
        var (config, loaded) = Load("requirepass secret");
        Assert.Null(UnbuiltDirectives.Refusal(config, loaded));
    }
}
