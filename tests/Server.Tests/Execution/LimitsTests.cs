namespace MiniRedis.Server.Tests.Execution;

public sealed class LimitsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_over_its_output_limit_is_cut_off_without_what_it_asked_for(bool portableTransport)
    {
        using var server = new TestServer("client-output-buffer-limit normal 10 0 0", portableTransport);
        using var client = server.Connect();
        Assert.Equal("+OK", client.CallWords("SET", "k", new string('x', 100_000)));
        client.Send("GET k");
        Assert.True(client.IsClosedByServer());
        using var other = server.Connect();
        Assert.Contains("client_output_buffer_limit_disconnections:1\r\n", other.Call("INFO stats"), StringComparison.Ordinal);
    }
}
