using System.Text;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Streams;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>A stream and its groups beside lists and dictionaries. A failing seed is named in the test's name.</summary>
public unsafe class StreamModelTests
{
    sealed class Group
    {
        public SortedDictionary<StreamId, (string Consumer, long Time, long Count)> Pending { get; } = [];
        public SortedSet<string> Consumers { get; } = new(StringComparer.Ordinal);
        public StreamId LastId { get; set; }
    }

    sealed class Model
    {
        public SortedList<StreamId, string[]> Entries { get; } = [];
        public SortedDictionary<string, Group> Groups { get; } = new(StringComparer.Ordinal);
        public StreamId LastId { get; set; }
        public StreamId MaxDeleted { get; set; }
        public ulong Added { get; set; }
    }

    readonly ref struct Entry(string[] words) : IStreamEntry
    {
        readonly string[] _words = words;

        public int Count => _words.Length / 2;

        public ReadOnlySpan<byte> Field(int index) => Encoding.Latin1.GetBytes(_words[index * 2]);

        public ReadOnlySpan<byte> Value(int index) => Encoding.Latin1.GetBytes(_words[index * 2 + 1]);
    }

    public static TheoryData<int, int, int> Seeds
    {
        get
        {
            var data = new TheoryData<int, int, int>();
            for (var seed = 1; seed <= 16; seed++)
            {
                data.Add(seed, (seed % 4) switch { 0 => 4096, 1 => 200, 2 => 0, _ => 1 << 20 }, (seed % 3) switch { 0 => 100, 1 => 5, _ => 0 });
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_stream_agrees_with_a_sorted_list(int seed, int maxBytes, int maxEntries)
    {
        var random = new Random(seed);
        using var arena = new Arena();
        var stream = StreamValue.Create(arena);
        var model = new Model();
        var limits = new StreamNodeLimits(maxBytes, maxEntries);
        var mover = new BlockMover(arena) { MovesAll = true };
        var moving = default(MovePosition);
        for (var step = 0; step < 3_000; step++)
        {
            Step(stream, model, random, limits);
            mover.BeginStep(random.Next(40));
            if (seed % 2 == 0 && stream.MoveSome(mover, ref moving)) moving = default;
            if (step % 100 == 0) Compare(stream, model, random, arena);
        }
        Compare(stream, model, random, arena);

        var copy = stream.Copy();
        Free(stream, random);
        Compare(copy, model, random, arena);
        Free(copy, random);
        Assert.Equal(0, arena.UsedBytes);
    }

    static void Free(StreamValue stream, Random random)
    {
        for (var budget = 0; !stream.FreeSome(ref budget); budget = random.Next(1, 30))
        {
        }
    }

    static void Step(StreamValue stream, Model model, Random random, StreamNodeLimits limits)
    {
        var known = model.Entries.Count == 0 ? default : model.Entries.Keys[random.Next(model.Entries.Count)];
        var group = model.Groups.Count == 0 ? null : model.Groups.Keys.ElementAt(random.Next(model.Groups.Count));
        switch (random.Next(20))
        {
            case < 8:
                for (var i = random.Next(1, 20); i > 0; i--) Append(stream, model, random, limits);
                break;
            case < 11:
                var id = random.Next(4) == 0 ? new StreamId((ulong)random.Next(1000), (ulong)random.Next(4)) : known;
                Assert.Equal(model.Entries.Remove(id), stream.Delete(id));
                if (!known.IsZero && id == known && id > model.MaxDeleted) model.MaxDeleted = id;
                break;
            case 11:
                Trim(stream, model, random, known);
                break;
            case 12 when model.Groups.Count < 4:
                var name = $"group{random.Next(6)}";
                var isNew = !model.Groups.ContainsKey(name);
                Assert.Equal(isNew, stream.TryCreateGroup(Bytes(name), known, StreamGroup.Unknown, out _));
                if (isNew) model.Groups.Add(name, new Group { LastId = known });
                break;
            case 13 when group is not null && random.Next(5) == 0:
                Assert.True(stream.TryDetach(Bytes(group), out var detached));
                Free(detached, random);
                model.Groups.Remove(group);
                break;
            case < 17 when group is not null:
                Deliver(stream, model.Groups[group], group, random, known);
                break;
            case 17 when group is not null && random.Next(4) == 0 && model.Groups[group].Consumers.Count > 0:
                var gone = model.Groups[group].Consumers.ElementAt(random.Next(model.Groups[group].Consumers.Count));
                stream.TryGetGroup(Bytes(group), out var of);
                Assert.True(of.TryGetConsumer(Bytes(gone), out var consumer));
                Assert.True(stream.TryDetach(of, consumer, out var shell));
                Free(shell, random);
                model.Groups[group].Consumers.Remove(gone);
                foreach (var (pending, _) in model.Groups[group].Pending.Where(p => p.Value.Consumer == gone).ToList())
                {
                    model.Groups[group].Pending.Remove(pending);
                }
                break;
            case < 20 when group is not null:
                stream.TryGetGroup(Bytes(group), out var acknowledging);
                var acknowledged = model.Groups[group].Pending.Count == 0 || random.Next(5) == 0
                    ? known : model.Groups[group].Pending.Keys.ElementAt(random.Next(model.Groups[group].Pending.Count));
                Assert.Equal(model.Groups[group].Pending.Remove(acknowledged), acknowledging.Acknowledge(acknowledged));
                break;
        }
    }

    static void Append(StreamValue stream, Model model, Random random, StreamNodeLimits limits)
    {
        var id = random.Next(3) switch
        {
            0 => new StreamId(model.LastId.Ms, model.LastId.Seq + (ulong)random.Next(3)),
            1 => new StreamId(model.LastId.Ms + (ulong)random.Next(3), (ulong)random.Next(5)),
            _ => new StreamId(model.LastId.Ms + (ulong)random.Next(100_000), model.LastId.Seq >> 1),
        };
        var words = new string[random.Next(3) == 0 ? 2 * random.Next(1, 6) : 4];
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = i % 2 == 0 ? $"field{(random.Next(6) == 0 ? random.Next(4) : i)}"
                : random.Next(20) == 0 ? new string('v', random.Next(700)) : $"{random.NextInt64() >> random.Next(64)}";
        }
        var result = stream.Append(id, new Entry(words), limits);
        Assert.Equal(id > model.LastId ? StreamAppend.Added : StreamAppend.IdTooSmall, result);
        if (result != StreamAppend.Added) return;
        model.Entries.Add(id, words);
        model.LastId = id;
        model.Added++;
    }

    static void Trim(StreamValue stream, Model model, Random random, StreamId known)
    {
        var trim = new StreamTrim(
            random.Next(2) == 0, random.Next(model.Entries.Count + 10), known, random.Next(3) == 0, 0, (StreamReferences)random.Next(3));
        if (trim.WholeNodes) trim = trim with { Limit = random.Next(3) == 0 ? random.Next(1, 200) : 0 };
        var deleted = stream.Trim(trim, out var dropped);
        if (dropped is { } nodes) Free(nodes, random);
        // Which nodes there are is not the model's business; that nothing goes that was to stay is.
        var candidates = trim.ByLength ? Math.Max(0, model.Entries.Count - (int)trim.MaxLength) : model.Entries.Keys.Count(i => i < trim.MinId);
        if (trim.References != StreamReferences.Acknowledged)
        {
            if (trim.WholeNodes) Assert.InRange(deleted, 0, candidates);
            else Assert.Equal(candidates, deleted);
        }
        if (trim.Limit > 0) Assert.InRange(deleted, 0, trim.Limit);
        var kept = new HashSet<StreamId>();
        for (var entry = All(stream); entry.MoveNext();) kept.Add(entry.Id);
        Assert.Equal(model.Entries.Count - deleted, kept.Count);
        var gone = model.Entries.Keys.Where(i => !kept.Contains(i)).ToList();
        foreach (var id in gone)
        {
            if (!trim.ByLength) Assert.True(id < trim.MinId);
            else if (trim.References != StreamReferences.Acknowledged) Assert.True(kept.Count == 0 || id < kept.Min());
            if (trim.References == StreamReferences.Acknowledged)
                Assert.True(model.Groups.Values.All(g => g.LastId >= id && !g.Pending.ContainsKey(id)));
            if (trim.References == StreamReferences.Delete) foreach (var group in model.Groups.Values) group.Pending.Remove(id);
            model.Entries.Remove(id);
        }
        if (trim is { References: StreamReferences.Acknowledged, WholeNodes: false })
        {
            // Exactly: as many as may and can go.
            var over = trim.ByLength ? model.Entries.Count - trim.MaxLength : model.Entries.Keys.Count(i => i < trim.MinId);
            var free = model.Entries.Keys.Where(i => trim.ByLength || i < trim.MinId)
                .Count(i => model.Groups.Values.All(g => g.LastId >= i && !g.Pending.ContainsKey(i)));
            if (over > 0) Assert.Equal(0, free);
        }
    }

    static void Deliver(StreamValue stream, Group model, string name, Random random, StreamId known)
    {
        Assert.True(stream.TryGetGroup(Bytes(name), out var group));
        var consumer = $"consumer{random.Next(5)}";
        var isNew = model.Consumers.Add(consumer);
        Assert.Equal(isNew, !group.TryGetConsumer(Bytes(consumer), out var handle));
        if (isNew) handle = group.CreateConsumer(Bytes(consumer), 1000);
        var (time, count) = (random.NextInt64(1L << 47), random.NextInt64(1L << random.Next(1, 33)));
        if (random.Next(2) == 0 && !known.IsZero)
        {
            group.SetPending(known, handle, time, count);
            model.Pending[known] = (consumer, time, count);
            return;
        }
        group.LastId.TryNext(out var start);
        var entry = new StreamCursor(stream, start, StreamId.Max, reverse: false);
        for (var left = random.Next(30); left > 0 && entry.MoveNext(); left--)
        {
            stream.Advance(group, entry.Id);
            group.SetPending(entry.Id, handle, time, count);
            model.Pending[entry.Id] = (consumer, time, count);
            model.LastId = entry.Id;
        }
    }

    static StreamCursor All(StreamValue stream, bool reverse = false) => new(stream, StreamId.Min, StreamId.Max, reverse);

    static void Compare(StreamValue stream, Model model, Random random, Arena arena)
    {
        stream.Verify();
        Assert.Equal(arena.UsedBytes, (long)Arena.SizeOf(stream.Root) + StreamValue.BytesOf(stream.Root));
        Assert.Equal(model.Entries.Count, stream.Length);
        Assert.Equal((model.LastId, model.MaxDeleted, model.Added), (stream.LastId, stream.MaxDeletedId, stream.EntriesAdded));
        Assert.Equal(model.Entries.Count == 0 ? default : model.Entries.Keys[^1], stream.LastEntryId);
        CompareRange(All(stream), model.Entries);
        CompareRange(All(stream, reverse: true), model.Entries.Reverse());
        if (model.Entries.Count > 0)
        {
            var from = model.Entries.Keys[random.Next(model.Entries.Count)] with { Seq = (ulong)random.Next(3) };
            var to = model.Entries.Keys[random.Next(model.Entries.Count)];
            var range = model.Entries.Where(e => e.Key >= from && e.Key <= to);
            CompareRange(new StreamCursor(stream, from, to, reverse: false), range);
            CompareRange(new StreamCursor(stream, from, to, reverse: true), range.Reverse());
            Assert.True(stream.Contains(to));
        }
        Assert.Equal(model.Groups.Count, stream.GroupCount);
        var names = new List<string>();
        foreach (var group in stream.Groups)
        {
            names.Add(Text(group.Name));
            CompareGroup(group, model.Groups[names[^1]]);
        }
        Assert.Equal(model.Groups.Keys, names);
    }

    static void CompareRange(StreamCursor entry, IEnumerable<KeyValuePair<StreamId, string[]>> expected)
    {
        Span<byte> scratch = stackalloc byte[32];
        foreach (var (id, words) in expected)
        {
            Assert.True(entry.MoveNext());
            Assert.Equal((id, words.Length / 2), (entry.Id, entry.FieldCount));
            // Not always to the last: the cursor has to skip what was not read.
            for (var i = 0; i < words.Length - (id.Seq % 3 == 1 ? 2 : 0); i += 2)
            {
                entry.NextField(out var field, out var value);
                Assert.Equal(words[i], Text(field.ToBytes(scratch)));
                Assert.Equal(words[i + 1], Text(value.ToBytes(scratch)));
            }
        }
        Assert.False(entry.MoveNext());
        Assert.False(entry.MoveNext());
    }

    static void CompareGroup(StreamGroup group, Group model)
    {
        Assert.Equal(model.LastId, group.LastId);
        var pending = new List<(StreamId, (string, long, long))>();
        foreach (var p in group.PendingFrom(StreamId.Min)) pending.Add((p.Id, (Text(p.Consumer.Name), p.DeliveryTime, p.DeliveryCount)));
        Assert.Equal(model.Pending.Select(p => (p.Key, p.Value)), pending);
        var consumers = new List<string>();
        foreach (var consumer in group.Consumers)
        {
            consumers.Add(Text(consumer.Name));
            Assert.Equal(model.Pending.Values.Count(p => p.Consumer == consumers[^1]), consumer.PendingCount);
        }
        Assert.Equal(model.Consumers, consumers);
    }
}
