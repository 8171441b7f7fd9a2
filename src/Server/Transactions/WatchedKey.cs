using MiniRedis.Server.Clients;

namespace MiniRedis.Server.Transactions;

/// <summary>A key of one database with the clients that watch it. Belongs to <see cref="WatchedKeys"/>.</summary>
sealed class WatchedKey(int database, byte[] key)
{
    public int Database { get; } = database;
    public byte[] Key { get; } = key;

    public Watch? First { get; private set; }

    /// <summary>One client's watch of one key, linked in the key's list and in the client's.</summary>
    public sealed class Watch(WatchedKey key, Client client, bool isStale)
    {
        /// <summary>Bytes on the heap, with a share of the key's entry.</summary>
        public const int OwnBytes = 160;

        public WatchedKey Key { get; } = key;
        public Client Client { get; } = client;

        /// <summary>
        /// Whether the key had already expired, but was not deleted, when the watch began. For the client it was missing, so its
        /// deletion changes nothing.
        /// </summary>
        public bool IsStale { get; set; } = isStale;

        public Watch? Previous { get; set; }
        public Watch? Next { get; set; }
        public Watch? NextOfClient { get; set; }
    }

    public Watch Add(Client client, bool isStale)
    {
        var watch = new Watch(this, client, isStale) { Next = First };
        if (First is not null) First.Previous = watch;
        First = watch;
        return watch;
    }

    public void Remove(Watch watch)
    {
        if (watch.Previous is null) First = watch.Next;
        else watch.Previous.Next = watch.Next;
        if (watch.Next is not null) watch.Next.Previous = watch.Previous;
    }
}
