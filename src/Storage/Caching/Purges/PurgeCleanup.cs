using System.Diagnostics;

namespace MiniRedis.Storage.Caching.Purges;

/// <summary>What the purges of a database have left behind: keys that nobody sees any more and whose memory is still taken.</summary>
/// <remarks>
/// A walk over all keys serves all purges before its start. Whoever walks tells of its start and end (<c>Database.BeginSweep</c>), deletes
/// what is purged (<c>Database.IsPurged</c>) and settles what a soft purge has made stale (<c>Database.TrySettle</c>). It goes with the keys, as
/// the <see cref="TagTable"/> does.
/// </remarks>
public sealed class PurgeCleanup
{
    long _newest, _begunFor, _keysSince;

    /// <summary>The version (thus the time) of the first purge that no walk serves yet; 0 if there is none.</summary>
    public long Waiting { get; private set; }

    /// <summary>The walk that is under way serves purges up to this version; 0 if there is none.</summary>
    public long Sweeping { get; private set; }

    /// <summary>Keys that hard purges have overtaken and that are still there: an estimate, rather too high.</summary>
    public long Keys { get; private set; }

    /// <summary>Notes a purge for the next walk.</summary>
    internal void Note(long version)
    {
        if (Waiting == 0) Waiting = version;
        _newest = Math.Max(_newest, version);
    }

    /// <summary>Notes a purge that concerns so many keys.</summary>
    internal void Note(long version, long keys, bool isSoft)
    {
        if (keys == 0) return;
        Note(version);
        if (isSoft) return;
        Keys += keys;
        _keysSince += keys;
    }

    /// <summary>A walk begins.</summary>
    internal void Begin()
    {
        Debug.Assert(Waiting != 0 && Sweeping == 0);
        _begunFor = Waiting;
        Sweeping = _newest;
        Waiting = 0;
        _keysSince = 0;
    }

    /// <summary>The walk is given up: another has to serve its purges.</summary>
    public void GiveUp()
    {
        Waiting = _begunFor;
        Sweeping = 0;
    }

    /// <summary>The walk has seen all keys.</summary>
    /// <param name="leftAt">Where dead keys had to be left, the microseconds of unix time from which another walk waits; else 0.</param>
    internal void End(long leftAt)
    {
        Sweeping = 0;
        Keys = _keysSince;
        if (Waiting == 0) Waiting = leftAt;
    }

    /// <summary>One of the keys was deleted, by the walk or because it was found.</summary>
    public void NoteDeleted()
    {
        if (Keys > _keysSince) Keys--;
    }
}
