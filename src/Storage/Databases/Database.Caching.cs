using System.Diagnostics;
using System.Runtime.CompilerServices;
using MiniRedis.Storage.Caching;
using MiniRedis.Storage.Caching.Purges;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Databases;

/// <summary>Metadata of keys, and purges (docs/design/caching.md).</summary>
public sealed unsafe partial class Database
{
    /// <summary>The tags of the keys.</summary>
    public TagTable Tags { get; private set; }

    /// <summary>The latest purges of the database with this number.</summary>
    public PurgeLog Purges { get; }

    /// <summary>
    /// Whether a purge has overtaken a key: it is as good as deleted. As with deadlines, the caller deletes it, because that is an
    /// effect.
    /// </summary>
    public bool IsPurged(Record record) => Tags.IsPurged(record);

    /// <summary>
    /// As <see cref="IsPurged"/>, by a purge of a prefix: that depends on the order of what was done alone, so it holds for a master's
    /// commands too, and while a file of them is loaded.
    /// </summary>
    public bool IsPurgedByPrefix(Record record) => Tags.IsPurgedByPrefix(record);

    // What a record's flags are taken to have in addition: while prefixes are purged, any key may be gone.
    RecordFlags _suspicion;

    /// <summary>Whether a key may be gone though it is found: it has a deadline or metadata, or prefixes are being purged.</summary>
    public bool MayBeGone(Record record) => ((record.Flags | _suspicion) & RecordLayout.Mortal) != 0;

    /// <summary>Whether prefixes are being purged (<see cref="PrefixPurges.Any"/>).</summary>
    public bool PurgesPrefixes => _suspicion != 0;

    /// <summary>Whether a purge of a prefix has overtaken a key, or made it stale and it is not settled.</summary>
    public bool IsUnderPrefix(Record record) => PurgesPrefixes && (Tags.Prefixes.Judge(record, out var since) || since > 0);

    /// <summary>Says that a key is written, so that the purges of prefixes so far concern it no more. To be called in a change.</summary>
    internal void NoteWrite(ReadOnlySpan<byte> key)
    {
        if (PurgesPrefixes) Tags.Prefixes.Note(key);
    }

    /// <summary>
    /// A key that a purge of a prefix has overtaken here is alive where the running command comes from, and is written there: it stays.
    /// </summary>
    public void Revive(ReadOnlySpan<byte> key)
    {
        BeginChange();
        NoteWrite(key);
    }

    void LookForPrefixes()
    {
        _suspicion = Tags.Prefixes.Any ? RecordLayout.Mortal : RecordFlags.None;
        CountPurgeBytes();
    }

    // What of Keyspace.PurgeBytes is this database's.
    long _purgeBytes;

    void CountPurgeBytes()
    {
        var bytes = Purges.Bytes + Tags.Prefixes.NameBytes;
        _keyspace.PurgeBytes += bytes - _purgeBytes;
        _purgeBytes = bytes;
    }

    internal void RememberPurges(int capacity)
    {
        Purges.Capacity = capacity;
        CountPurgeBytes();
    }

    /// <summary>
    /// Whether a key with metadata may have to be looked at closely when it is used: a purge may have overtaken it, or it slides.
    /// </summary>
    public bool MayConcern(Record record) => new MetadataCell(record) is var cell && (cell.Created < Tags.Newest || cell.IsSliding);

    /// <summary>
    /// The deadline of a key in unix milliseconds, with what a soft purge has taken off it; -1 for none. The record has it only once
    /// the key has been settled (<see cref="TrySettle"/>).
    /// </summary>
    public long DeadlineOf(Record record) => record.HasMetadata ? Tags.LifetimeOf(record).Deadline : record.ExpireAt;

    /// <summary>The stale window of a key in milliseconds, with what a soft purge has taken off it; 0 for none.</summary>
    public long WindowOf(Record record) => record.HasMetadata ? Tags.LifetimeOf(record).Window : 0;

    /// <summary>
    /// Whether a soft purge concerns a key and its deadline does not tell yet: <see cref="TrySettle"/> does that. Before a command sees or
    /// changes the deadline it has to be done.
    /// </summary>
    public bool NeedsSettling(Record record) => record.HasMetadata && Tags.StaleSince(record) > 0;

    /// <summary>
    /// Writes into a found key what a soft purge has made of it: it is stale from the purge on, for as long as its window and its
    /// deadline allow. Later soft purges leave it alone then.
    /// </summary>
    /// <returns>False, and the key is as it was, if there is no memory for a deadline that is new to it: then another time.</returns>
    public bool TrySettle(in KeyLookup at)
    {
        var (deadline, window) = Tags.LifetimeOf(at.Record);
        if (!at.Record.HasExpiry && !Arena.TryFillReserve()) return false;
        SetLifetime(at, deadline, window);
        return true;
    }

    /// <summary>
    /// Whether the use of a key moves its deadline: it slides, and gains at least a sixteenth of the time that it slides by. So a key in
    /// constant use moves sixteen times in that time.
    /// </summary>
    /// <param name="record">The key.</param>
    /// <param name="nowMs">Unix milliseconds.</param>
    /// <param name="deadline">Where to, in unix milliseconds.</param>
    public bool Slides(Record record, long nowMs, out long deadline)
    {
        deadline = -1;
        if (!record.HasMetadata || new MetadataCell(record) is not { IsSliding: true } cell) return false;
        var metadata = cell.Read();
        deadline = nowMs + metadata.Slide;
        if (metadata.SlideLimit >= 0) deadline = Math.Min(deadline, metadata.SlideLimit);
        return deadline - record.ExpireAt >= Math.Max(1, metadata.Slide / 16);
    }

    /// <summary>Moves the deadline of a found key that <see cref="Slides"/>.</summary>
    public void SlideTo(in KeyLookup at, long deadline)
    {
        Debug.Assert(at.Record.HasExpiry);
        Capture(at);
        BeginChange();
        Postpone(at, deadline);
    }

    static void EndSliding(Record record)
    {
        if (record.HasMetadata && new MetadataCell(record) is { IsSliding: true } cell) cell.EndSliding();
    }

    /// <summary>
    /// Makes a found key stale from <paramref name="nowMs"/> on (unix milliseconds), for as long as its window and its deadline allow.
    /// A key without a window is dead then: it gets a deadline that has passed.
    /// </summary>
    public Record MakeStale(in KeyLookup at, long nowMs)
    {
        Debug.Assert(at.Record.HasMetadata);
        var (deadline, window) = Tags.LifetimeOf(at.Record);
        (deadline, window) = TagTable.StaleFrom(nowMs, deadline, window);
        return SetLifetime(at, deadline, window);
    }

    Record SetLifetime(in KeyLookup at, long deadline, long window)
    {
        var record = at.Record;
        if (deadline != record.ExpireAt) record = SetExpiry(at, deadline);
        new MetadataCell(record).Settle(window, Tags.NewestOfAny);
        return record;
    }

    /// <summary>The metadata of a key, without its tags (<see cref="TagsOf"/>). False if it has none.</summary>
    public bool TryGetMetadata(Record record, out CacheMetadata metadata)
    {
        metadata = record.HasMetadata ? new MetadataCell(record).Read() : default;
        return record.HasMetadata;
    }

    /// <summary>The ids of a key's tags. Valid until the key is changed.</summary>
    public ReadOnlySpan<uint> TagsOf(Record record) => record.HasMetadata ? new MetadataCell(record).Tags : [];

    /// <summary>Gives a found key metadata and tags, in place of those that it has.</summary>
    /// <param name="at">The key.</param>
    /// <param name="metadata">Without the tags.</param>
    /// <param name="tags">Their names.</param>
    /// <param name="settledUpTo">See <see cref="MetadataCell.SettledUpTo"/>.</param>
    public Record SetMetadata(in KeyLookup at, in CacheMetadata metadata, TagNames tags, long settledUpTo = 0)
    {
        Debug.Assert(at.Found);
        Capture(at);
        BeginChange();
        var had = at.Record.HasMetadata;
        var record = had ? at.Record : AddCell(at);
        WriteMetadata(record, metadata, tags, had, settledUpTo);
        return record;
    }

    /// <summary>Gives a found key more tags. A key without metadata gets some with <paramref name="created"/>.</summary>
    /// <returns>How many tags are new to the key; -1, and nothing is changed, if it would have more than it may.</returns>
    [SkipLocalsInit]
    public int AddTags(in KeyLookup at, TagNames tags, long created)
    {
        Debug.Assert(at.Found);
        Span<uint> ids = stackalloc uint[TagTable.MaxTagsPerKey];
        var had = TagsOf(at.Record);
        had.CopyTo(ids);
        var before = had.Length;
        if (before + tags.Count > TagTable.MaxTagsPerKey && before + Tags.CountOthers(tags, had) > TagTable.MaxTagsPerKey) return -1;
        Capture(at);
        BeginChange();
        var count = Tags.Hold(tags, Purges, ids, before);
        if (!at.Record.HasMetadata)
        {
            new MetadataCell(AddCell(at)).Write(Arena, new() { Created = created }, ids[..count]);
            Tags.AddKey();
        }
        else if (count > before)
        {
            var cell = new MetadataCell(at.Record);
            var metadata = cell.Read();
            var old = cell.HasBlock ? cell.BlockAddress : null;
            // What it is settled for are purges of the tags that it had.
            var kills = Tags.Kills(metadata.Created, ids[before..count], metadata.StaleWindow > 0);
            cell.Write(Arena, metadata, ids[..count], kills ? 0 : cell.SettledUpTo);
            if (old != null) Arena.Free(old);
        }
        return count - before;
    }

    /// <summary>Gives the metadata of a record that is replaced back, or to the one that takes its place.</summary>
    void ForgetMetadata(Record old, Record fresh, bool inherits)
    {
        if (inherits) new MetadataCell(fresh).TakeOver(old);
        else Tags.RemoveKey(new(old));
    }

    /// <summary>Gives the metadata of a record that goes to another, which has room for them.</summary>
    void TakeOverMetadata(Database source, Record old, Record fresh)
    {
        var cell = new MetadataCell(fresh);
        cell.TakeOver(old);
        if (source == this) return;
        // The names get ids of this database, in the place of the others.
        Span<uint> ids = stackalloc uint[TagTable.MaxTagsPerKey];
        ids = ids[..Tags.Hold(source.Tags, cell.Tags, Purges, ids)];
        source.Tags.Release(cell.Tags);
        source.Tags.DropKey();
        ids.CopyTo(cell.Tags);
        cell.Unsettle();
        Tags.AddKey();
    }

    /// <summary>Gives a record the metadata of another, which keeps them.</summary>
    void CopyMetadata(Database source, Record from, Record to)
    {
        var cell = new MetadataCell(from);
        Span<uint> ids = stackalloc uint[TagTable.MaxTagsPerKey];
        var count = Tags.Hold(source.Tags, cell.Tags, Purges, ids);
        // Which purges it is settled for is known of its own database alone.
        new MetadataCell(to).Write(Arena, cell.Read(), ids[..count], source == this ? cell.SettledUpTo : 0);
        Tags.AddKey();
    }

    /// <summary>Makes room for metadata in the record of a found key, which has none.</summary>
    Record AddCell(in KeyLookup at)
    {
        var offset = RecordLayout.MetadataOffset(at.Record.Flags);
        var record = MoveBody(at, offset, offset + RecordLayout.MetadataSize);
        record.Block[4] |= (byte)RecordFlags.HasMetadata;
        return record;
    }

    /// <summary>Writes the metadata of a record that has room for them. To be called in a change.</summary>
    /// <param name="record">The record.</param>
    /// <param name="metadata">Without the tags.</param>
    /// <param name="tags">Their names; a span of another record's is fine.</param>
    /// <param name="had">Whether there are metadata in its place now, to be given back.</param>
    /// <param name="settledUpTo">See <see cref="MetadataCell.SettledUpTo"/>.</param>
    [SkipLocalsInit]
    internal void WriteMetadata(Record record, in CacheMetadata metadata, TagNames tags, bool had, long settledUpTo = 0)
    {
        Span<uint> ids = stackalloc uint[TagTable.MaxTagsPerKey];
        // Hold first, give back later: a tag that stays must not go in between.
        var count = Tags.Hold(tags, Purges, ids);
        var cell = new MetadataCell(record);
        Tags.AddKey();
        if (had) Tags.RemoveKey(cell);
        // It takes a block. Of keys without a stale window only those have one for this that would be dead.
        if (settledUpTo > 0 && metadata.StaleWindow == 0 && !Tags.Kills(metadata.Created, ids[..count], maybeStale: false)) settledUpTo = 0;
        cell.Write(Arena, metadata, ids[..count], settledUpTo);
    }

    /// <summary>
    /// Notes a purge. Keys that it overtakes are dead (or stale) from now on, by what <see cref="IsPurged"/> and
    /// <see cref="DeadlineOf"/> say; <see cref="Cleanup"/> says how much there is to sweep.
    /// </summary>
    /// <param name="scope">What it overtakes.</param>
    /// <param name="name">The tag or the prefix; empty for all.</param>
    /// <param name="isSoft">Whether keys with a stale window turn stale instead.</param>
    /// <param name="version">From <see cref="CacheClock.Next"/>, or from the server that made the purge.</param>
    /// <param name="isForAllNodes">Of a node of a cluster: see <see cref="PurgeEntry.IsForAllNodes"/>.</param>
    public void Purge(PurgeScope scope, ReadOnlySpan<byte> name, bool isSoft, long version, bool isForAllNodes = false)
    {
        BeginChange();
        _keyspace.CacheClock.RaiseTo(version);
        Purges.Add(version, scope, isSoft, name, isForAllNodes);
        switch (scope)
        {
            case PurgeScope.Tag:
                Cleanup.Note(version, Tags.Purge(name, version, isSoft), isSoft);
                break;
            case PurgeScope.All:
                Cleanup.Note(version, Tags.PurgeAll(version, isSoft), isSoft);
                break;
            case PurgeScope.Prefix when Count + HiddenCount > 0:
                Tags.Prefixes.Add(name, version, isSoft);
                Cleanup.Note(version);
                break;
        }
        LookForPrefixes();
    }

    /// <summary>Whether a purge means a key, by its name, its tags and its version, whatever this database knows of purges.</summary>
    /// <inheritdoc cref="Purge" path="/param"/>
    public bool IsMeant(Record record, PurgeScope scope, ReadOnlySpan<byte> name, long version)
    {
        if (scope == PurgeScope.Prefix) return record.Key.StartsWith(name);
        if (!record.HasMetadata || new MetadataCell(record) is var cell && cell.Created >= version) return false;
        return scope == PurgeScope.All || Tags.TryFind(name, out var id) && new MetadataCell(record).Tags.Contains(id);
    }

    /// <summary>What the purges have left to be swept.</summary>
    public PurgeCleanup Cleanup { get; private set; }

    /// <summary>A key that a purge has overtaken is about to be deleted.</summary>
    public void NotePurgedDeletion(Record record)
    {
        // Of prefixes nobody knows how many keys they have.
        if (Tags.IsPurgedByTag(record)) Cleanup.NoteDeleted();
    }

    /// <summary>A walk over all keys begins, for the purges so far.</summary>
    public void BeginSweep()
    {
        Cleanup.Begin();
        Tags.Prefixes.BeginWalk();
    }

    /// <summary>The walk that <see cref="BeginSweep"/> began has seen all keys. Debug builds count the keys of each tag anew.</summary>
    /// <inheritdoc cref="PurgeCleanup.End" path="/param"/>
    public void EndSweep(long leftAt = 0)
    {
        Cleanup.End(leftAt);
        Tags.Prefixes.EndWalk();
        // A walk behind one that was given up has left the later purges.
        if (Tags.Prefixes.Any) Cleanup.Note(Tags.Prefixes.Newest);
        LookForPrefixes();
        VerifyTagsInDebug();
    }

    [Conditional("DEBUG")]
    void VerifyTagsInDebug() => VerifyTags();

    /// <summary>Counts the keys of each tag once more: one that was missed would give its id to a stranger.</summary>
    /// <exception cref="InvalidOperationException">A count is wrong; the message says which.</exception>
    internal void VerifyTags()
    {
        var counted = new Recount([]);
        VisitAll(ref counted);
        Tags.Verify(counted.Keys);
    }

    readonly struct Recount(Dictionary<uint, long> keys) : IRecordVisitor
    {
        /// <summary>Keys of each tag; under <see cref="TagTable.AllKeys"/>, those with metadata.</summary>
        public Dictionary<uint, long> Keys => keys;

        public void Visit(Record record)
        {
            if (!record.HasMetadata) return;
            Count(TagTable.AllKeys);
            foreach (var id in new MetadataCell(record).Tags) Count(id);
        }

        void Count(uint id) => keys[id] = keys.GetValueOrDefault(id) + 1;
    }
}
