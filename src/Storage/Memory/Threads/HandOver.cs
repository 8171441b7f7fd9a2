using System.Diagnostics.CodeAnalysis;

namespace MiniRedis.Storage.Memory.Threads;

/// <summary>
/// A queue from one thread to one other, without a lock: neither end ever waits for the other, even if the system has stopped that thread in
/// the middle of a call. So a thread of the background can work for the one that serves clients without ever holding it up.
/// <code>
///   _first ─► [ taken ] ─► [ item ] ─► [ item ] ◄─ _last
/// </code>
/// The first node's item has been taken. The adding end writes <c>_last</c> and the link behind it, the taking end <c>_first</c> and what it
/// takes: each field has one writer, and the link is what publishes an item. It is the queue of Michael and Scott (1996) with one thread at
/// each end, which needs no compare-and-swap.
/// <para>
/// Rejected: ConcurrentQueue. Where it goes on to another segment both ends take a lock, and who takes spins while the other is in the midst
/// of adding. That is a few instructions, or as long as the system lets another thread run.
/// </para>
/// </summary>
/// <remarks>
/// One thread adds and one takes. Another may follow at an end when it knows that the former has done its last call there. It has no
/// bound: those who use it count what is in it.
/// </remarks>
public sealed class HandOver<T>
{
    sealed class Node(T item)
    {
        public T Item = item;
        public volatile Node? Next;
    }

    Node _first, _last;

    public HandOver() => _first = _last = new Node(default!);

    /// <summary>Appends an item. The adding thread.</summary>
    public void Add(T item)
    {
        var node = new Node(item);
        _last.Next = node;
        _last = node;
    }

    /// <summary>Looks at the first item. The taking thread.</summary>
    public bool TryPeek([MaybeNullWhen(false)] out T item)
    {
        var node = _first.Next;
        item = node is null ? default : node.Item;
        return node is not null;
    }

    /// <summary>Takes the first item. The taking thread.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T item)
    {
        if (_first.Next is not { } node)
        {
            item = default;
            return false;
        }
        item = node.Item;
        node.Item = default!;
        _first = node;
        return true;
    }
}
