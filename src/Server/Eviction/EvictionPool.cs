using System.Diagnostics;

namespace MiniRedis.Server.Eviction;

/// <summary>
/// The best candidates for eviction that samples have shown so far, best last. The idea is Redis's (since 3.0): one sample of five keys
/// says little, but the best of all samples before this one come close to the best there are.
/// <code>
///   worst [ hash, database, access field, score ][ ... ][ ... ] best       sorted by score
/// </code>
/// Ours keeps a key's hash in the place of a copy of its name, keeps no key twice, and notes the access field it was judged by: a key
/// that was used since is no candidate any more, where Redis evicts it all the same.
/// </summary>
sealed class EvictionPool
{
    /// <summary>Redis's EVPOOL_SIZE.</summary>
    public const int Size = 16;

    /// <param name="Hash">Of the key, which it stands for.</param>
    /// <param name="Database">Its number.</param>
    /// <param name="AccessField">What it was when the key was judged.</param>
    /// <param name="Score">The higher, the better it is to evict the key.</param>
    public readonly record struct Candidate(ulong Hash, int Database, uint AccessField, long Score);

    readonly Candidate[] _candidates = new Candidate[Size];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>Whether a candidate with such a score would be taken in.</summary>
    public bool Wants(long score) => Count < Size || score > _candidates[0].Score;

    /// <summary>Takes a candidate in, if it is better than the worst or there is room. A key that is in already is judged anew.</summary>
    public void Add(in Candidate candidate)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_candidates[i].Hash != candidate.Hash || _candidates[i].Database != candidate.Database) continue;
            if (_candidates[i].Score == candidate.Score) return;
            RemoveAt(i);
            break;
        }
        // Behind the worse ones, before its equals: who has waited longer goes first.
        var place = 0;
        while (place < Count && _candidates[place].Score < candidate.Score) place++;
        if (Count < Size)
        {
            Array.Copy(_candidates, place, _candidates, place + 1, Count - place);
            Count++;
        }
        else
        {
            if (place == 0) return;
            place--;
            Array.Copy(_candidates, 1, _candidates, 0, place);
        }
        _candidates[place] = candidate;
    }

    /// <summary>Takes the best candidate out.</summary>
    public Candidate TakeBest()
    {
        Debug.Assert(Count > 0);
        return _candidates[--Count];
    }

    void RemoveAt(int index)
    {
        Count--;
        Array.Copy(_candidates, index + 1, _candidates, index, Count - index);
    }
}
