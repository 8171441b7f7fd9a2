namespace MiniRedis.Server.Tests.Commands.Administration;

public sealed class ServerCommandsRoleTests
{
    [Fact]
    public void A_server_without_replicas_is_a_master_that_saved_when_it_started()
    {
        using var server = new TestServer();
        using var client = server.Connect();
        server.Advance(TimeSpan.FromMinutes(1));
        client.Run("""
            ROLE
            -> *3 $6 master :0 *0
            LASTSAVE
            -> :1767225600
            """);
    }
}
