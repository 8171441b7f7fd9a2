namespace MiniRedis.Server.Tests;

/// <summary>Tests that each have a server of their own, with no settings, and a client of it.</summary>
public abstract class ServerTests : IDisposable
{
    private protected readonly TestServer _server = new();
    private protected readonly RawClient _client;

    protected ServerTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
        GC.SuppressFinalize(this);
    }
}
