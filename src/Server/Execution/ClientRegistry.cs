using System.Diagnostics.CodeAnalysis;

namespace MiniRedis.Server.Execution;

/// <summary>The connected clients, in order of arrival. Under the executor's lock.</summary>
sealed class ClientRegistry
{
    readonly SortedDictionary<long, Client> _byId = [];
    long _lastId;

    public int Count => _byId.Count;

    /// <summary>In order of their ids, which is the order CLIENT LIST shows.</summary>
    public IEnumerable<Client> All => _byId.Values;

    public int Blocked { get; set; }

    public long NextId() => ++_lastId;

    public void Add(Client client) => _byId.Add(client.Id, client);

    public void Remove(Client client) => _byId.Remove(client.Id);

    public bool TryGet(long id, [NotNullWhen(true)] out Client? client) => _byId.TryGetValue(id, out client);
}
