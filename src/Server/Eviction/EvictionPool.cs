using System.Diagnostics;

namespace MiniRedis.Server.Eviction;

/// <summary>
/// The best candidates for eviction that samples have shown so far, best last. The idea is Redis's (since 3.0): one sample of
/// five keys says little, but the best of all samples so far come close to the best of all keys.
/// <code>
///   worst [ hash, database, access field, score ][ ... ][ ... ] best       sorted by score
/// </code>
/// Ours keeps a key's hash instead of a copy of its name, and keeps no key twice. It also notes the access field by which a key
/// was judged: a key used since then is no longer a candidate. Redis evicts it all the same.
/// </summary>
sealed class EvictionPool
{
    /// <summary>Redis's EVPOOL_SIZE.</summary>
    public const int Size = 16;

    /// <param name="Hash">The key's hash, which stands for the key.</param>
    /// <param name="Database">Its number.</param>
    /// <param name="AccessField">The key's access field when it was judged.</param>
    /// <param name="Score">The higher the score, the better it is to evict the key.</param>
    public readonly record struct Candidate(ulong Hash, int Database, uint AccessField, long Score);

    readonly Candidate[] _candidates = new Candidate[Size];

    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>Whether a candidate with this score would be taken in.</summary>
    public bool Wants(long score) => Count < Size || score > _candidates[0].Score;

    /// <summary>
    /// Takes a candidate in if there is room or it is better than the worst. A key that is already in gets its new score.
    /// </summary>
    public void Add(in Candidate candidate)
    {
        for (var i = 0; i < Count; i++)
        {
            if (_candidates[i].Hash != candidate.Hash || _candidates[i].Database != candidate.Database) continue;
            if (_candidates[i].Score == candidate.Score) return;
            RemoveAt(i);
            break;
        }
        // Behind the worse candidates and before its equals: of equals, the one that has waited longest goes first.
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
