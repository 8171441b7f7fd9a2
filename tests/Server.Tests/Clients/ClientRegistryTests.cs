using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Tests.Clients;

public sealed class ClientRegistryTests : IDisposable
{
    readonly LoneParts _parts = new();

    public void Dispose() => _parts.Dispose();

    [Fact]
    public void A_round_visits_each_client_once_and_begins_anew_after_the_last()
    {
        var clients = new[] { _parts.Connect(), _parts.Connect(), _parts.Connect() };
        Assert.Equal([.. clients, clients[0]], Enumerable.Range(0, 4).Select(_ => _parts.Clients.Visit()));
    }

    [Fact]
    public void A_round_goes_on_where_it_stopped_though_the_next_client_has_left()
    {
        var clients = new[] { _parts.Connect(), _parts.Connect(), _parts.Connect() };
        Assert.Equal(clients[0], _parts.Clients.Visit());
        _parts.Clients.Remove(clients[1]);
        Assert.Equal(clients[2], _parts.Clients.Visit());
        Assert.Equal(clients[0], _parts.Clients.Visit());
    }

    [Fact]
    public void The_one_at_hand_may_be_removed_while_all_are_walked_over()
    {
        Client[] clients = [_parts.Connect(), _parts.Connect(), _parts.Connect()];
        var seen = new List<Client>();
        foreach (var client in _parts.Clients.All)
        {
            seen.Add(client);
            _parts.Clients.Remove(client);
        }
        Assert.Equal(clients, seen);
        Assert.Equal(0, _parts.Clients.Count);
        Assert.Null(_parts.Clients.Visit());
        Assert.False(_parts.Clients.TryGet(clients[0].Id, out _));
    }
}
