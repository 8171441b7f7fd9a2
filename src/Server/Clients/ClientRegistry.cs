using System.Diagnostics.CodeAnalysis;

namespace MiniRedis.Server.Clients;

/// <summary>
/// The connected clients, found by id and linked in order of arrival. The links let the cron go on where it stopped, however many
/// clients come and go meanwhile. Under the executor's lock.
/// </summary>
sealed class ClientRegistry
{
    readonly Dictionary<long, Client> _byId = [];
    Client? _first, _last, _nextToVisit;
    long _lastId;

    public int Count => _byId.Count;

    /// <summary>
    /// All clients in order of their ids, which is the order of CLIENT LIST. Only the current one may be removed meanwhile.
    /// </summary>
    public IEnumerable<Client> All
    {
        get
        {
            for (var client = _first; client is not null;)
            {
                var next = client.Next;
                yield return client;
                client = next;
            }
        }
    }

    public long NextId() => ++_lastId;

    public void Add(Client client)
    {
        _byId.Add(client.Id, client);
        client.Previous = _last;
        if (_last is null) _first = client;
        else _last.Next = client;
        _last = client;
    }

    public void Remove(Client client)
    {
        if (!_byId.Remove(client.Id)) return;
        if (_nextToVisit == client) _nextToVisit = client.Next;
        if (client.Previous is null) _first = client.Next;
        else client.Previous.Next = client.Next;
        if (client.Next is null) _last = client.Previous;
        else client.Next.Previous = client.Previous;
        client.Previous = client.Next = null;
    }

    public bool TryGet(long id, [NotNullWhen(true)] out Client? client) => _byId.TryGetValue(id, out client);

    /// <summary>
    /// The next client of a round through all of them; after the last, the first again. Null if there are no clients.
    /// </summary>
    public Client? Visit()
    {
        var client = _nextToVisit ?? _first;
        _nextToVisit = client?.Next;
        return client;
    }
}
