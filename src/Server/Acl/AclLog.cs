using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Timing;

namespace MiniRedis.Server.Acl;

/// <summary>From where a refused command came.</summary>
enum AclContext : byte { TopLevel, Multi, Lua }

/// <summary>Refused commands and log-ins, the latest first: ACL LOG. Under the executor's lock.</summary>
sealed class AclLog(Clock clock, SecuritySettings settings)
{
    /// <summary>Refusals that are alike and not further apart than this are one entry. Unit: milliseconds. Source: Redis's acl.c.</summary>
    const long GroupedMilliseconds = 60_000;

    /// <summary>How many of the latest entries may be the one that a refusal is counted to. Source: Redis's acl.c.</summary>
    const int Compared = 10;

    /// <summary>Bytes that are kept of a key, a channel or a user's name: a client decides how long these are.</summary>
    const int LongestName = 4096;

    readonly LinkedList<Entry> _entries = [];
    long _nextId;

    public int Count => _entries.Count;

    public IEnumerable<Entry> Entries => _entries;

    /// <param name="what">The command, the key, the channel, or the database.</param>
    /// <param name="user">The name of the user, or the one that a log-in gave.</param>
    /// <param name="client">The client as CLIENT INFO shows it.</param>
    public void Add(DenialReason reason, AclContext context, ReadOnlySpan<byte> what, ReadOnlySpan<byte> user, byte[] client)
    {
        what = what[..Math.Min(what.Length, LongestName)];
        user = user[..Math.Min(user.Length, LongestName)];
        Trim();
        if (settings.AclLogMaxLen == 0) return;
        var compared = 0;
        for (var node = _entries.First; node is not null && compared < Compared; node = node.Next, compared++)
        {
            var entry = node.Value;
            if (entry.Reason != reason || entry.Context != context || Math.Abs(clock.Now - entry.UpdatedAt) > GroupedMilliseconds
                || !entry.Object.AsSpan().SequenceEqual(what) || !entry.User.AsSpan().SequenceEqual(user))
            {
                continue;
            }
            (entry.Client, entry.UpdatedAt) = (client, clock.Now);
            entry.Times++;
            _entries.Remove(node);
            _entries.AddFirst(node);
            return;
        }
        _entries.AddFirst(new Entry(_nextId++, reason, context, what.ToArray(), user.ToArray(), clock.Now) { Client = client });
        Trim();
    }

    public void Clear() => _entries.Clear();

    void Trim()
    {
        while (_entries.Count > settings.AclLogMaxLen) _entries.RemoveLast();
    }

    /// <summary>Refusals that are alike.</summary>
    /// <param name="Id">Unique while the server runs.</param>
    /// <param name="CreatedAt">Unix milliseconds.</param>
    internal sealed record Entry(long Id, DenialReason Reason, AclContext Context, byte[] Object, byte[] User, long CreatedAt)
    {
        public long Times { get; set; } = 1;

        /// <summary>Unix milliseconds of the latest.</summary>
        public long UpdatedAt { get; set; } = CreatedAt;

        /// <summary>The client of the latest, as CLIENT INFO shows it.</summary>
        public byte[] Client { get; set; } = [];
    }
}
