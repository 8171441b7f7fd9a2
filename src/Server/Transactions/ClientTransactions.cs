using System.Diagnostics;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Effects;
using MiniRedis.Server.Keys;

namespace MiniRedis.Server.Transactions;

/// <summary>Begins and ends transactions. CommandRunner runs them. Under the executor's lock.</summary>
sealed class ClientTransactions
{
    /// <summary>Most transactions kept for reuse: a few KB each.</summary>
    const int MostKept = 64;

    const ClientFlags State = ClientFlags.Multi | ClientFlags.DirtyCas | ClientFlags.DirtyExec;

    readonly Stack<Transaction> _kept = [];

    public ClientTransactions(Keyspace keyspace, KeyAccess keys, ClientMemory clientMemory, EffectStream effects) =>
        Watched = new WatchedKeys(this, keyspace, keys, clientMemory, effects);

    /// <summary>The watched keys: WATCH.</summary>
    public WatchedKeys Watched { get; }

    /// <summary>The client's transaction, created by the first MULTI or WATCH.</summary>
    public Transaction Of(Client client) => client.Transaction ??= _kept.TryPop(out var kept) ? kept : new Transaction();

    /// <summary>From now on the client's commands are queued.</summary>
    public void Begin(Client client)
    {
        Of(client).SelectedDatabase = null;
        client.Flags |= ClientFlags.Multi;
    }

    /// <summary>A command could not be queued: EXEC will refuse to run the others.</summary>
    public void Abort(Client client)
    {
        Debug.Assert(client.Has(ClientFlags.Multi));
        client.Flags |= ClientFlags.DirtyExec;
        client.Transaction!.Queue.Clear();
    }

    /// <summary>Ends the client's transaction, if it has one, and forgets the keys that it watches.</summary>
    public void Discard(Client client)
    {
        client.Flags &= ~State;
        Watched.Unwatch(client);
        Release(client);
    }

    /// <summary>Takes back the client's transaction if it has neither queued commands nor watched keys.</summary>
    public void Release(Client client)
    {
        if (client.Transaction is not { IsRunning: false, WatchCount: 0 } transaction || client.Has(ClientFlags.Multi)) return;
        client.Transaction = null;
        transaction.Queue.Clear();
        if (_kept.Count < MostKept) _kept.Push(transaction);
        else transaction.Queue.Free();
    }
}
