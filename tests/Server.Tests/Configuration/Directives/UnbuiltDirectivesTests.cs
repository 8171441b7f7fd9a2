using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Configuration.Directives;

public class UnbuiltDirectivesTests
{
    static ServerConfig Load(string text)
    {
        var config = new ServerConfig();
        ConfigFile.LoadText(config, text);
        return config;
    }

    [Fact]
    public void Nothing_is_said_of_a_plain_cache() => Assert.Empty(UnbuiltDirectives.Notes(Load("save 60 1")));

    [Theory]
    [InlineData("cluster-enabled yes", "'cluster-enabled' has no effect yet")]
    public void What_is_asked_for_in_vain_is_named(string directives, string start) =>
        Assert.Contains(UnbuiltDirectives.Notes(Load(directives)), note => note.StartsWith(start, StringComparison.Ordinal));
}
