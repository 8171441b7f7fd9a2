using System.Reflection;
using MiniRedis.Server.Lifecycle;

namespace MiniRedis.Server.Tests.Lifecycle;

public class ServerVersionTests
{
    [Fact]
    public void The_version_is_that_of_the_build()
    {
        var built = typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        Assert.Equal(ServerVersion.Own, built.Split('+')[0]);
    }
}
