using System.Diagnostics;

namespace MiniRedis.Server.Blocking;

/// <summary>
/// The calls that wait for one key of one database, in order of arrival. Belongs to <see cref="BlockedClients"/>.
/// </summary>
sealed class BlockingQueue(int database, byte[] key)
{
    public int Database { get; } = database;
    public byte[] Key { get; } = key;

    public Place? First { get; private set; }
    public Place? Last { get; private set; }
    public int Count { get; private set; }

    /// <summary>Number of calls that are also woken when the key goes away.</summary>
    public int OnNoKey { get; set; }

    /// <summary>Whether it is in the list of keys whose clients are to be served.</summary>
    public bool IsReady { get; set; }

    /// <summary>A call's place in this queue, linked to the call's places in other queues.</summary>
    public sealed class Place(BlockingQueue queue, BlockingCall call)
    {
        /// <summary>Bytes on the heap: a header and six references.</summary>
        public const int OwnBytes = 64;

        public BlockingQueue Queue { get; } = queue;
        public BlockingCall Call { get; } = call;
        public Place? Previous { get; set; }
        public Place? Next { get; set; }
        public Place? NextOfCall { get; } = call.Places;
    }

    /// <summary>Queues a call at the end. Returns its place, which the caller makes the first of the call's places.</summary>
    public Place Append(BlockingCall call)
    {
        var place = new Place(this, call) { Previous = Last };
        if (Last is null) First = place;
        else Last.Next = place;
        Last = place;
        Count++;
        return place;
    }

    public void Remove(Place place)
    {
        Debug.Assert(place.Queue == this && Count > 0);
        if (place.Previous is null) First = place.Next;
        else place.Previous.Next = place.Next;
        if (place.Next is null) Last = place.Previous;
        else place.Next.Previous = place.Previous;
        Count--;
    }
}
