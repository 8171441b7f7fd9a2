using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tables;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Tables;

/// <summary>Random operations on a packed table and on a dictionary that must agree. A failing seed is named in the message.</summary>
public sealed unsafe class PackedTableTests : IDisposable
{
    static readonly HashSeed Seed = new(3, 5);

    readonly Arena _arena = new();

    public void Dispose() => _arena.Dispose();

    PackedTable* NewTable(bool hasValues, long expected = 0) => PackedTable.Create(_arena, Seed, new ExpiryClock(0), hasValues, expected);

    static long BytesOf(PackedTable* table) => (long)Arena.SizeOf((byte*)table) + table->AllocatedBytes;

    void FreeAll(PackedTable* table)
    {
        var budget = int.MaxValue;
        Assert.True(table->FreeSome(_arena, ref budget));
    }

    [Theory]
    [InlineData(1, 30)]
    [InlineData(2, 500)]
    [InlineData(3, 8_000)]
    [InlineData(4, 30)]
    [InlineData(5, 500)]
    public void A_hash_agrees_with_a_dictionary(int seed, int size)
    {
        var random = new Random(seed);
        var table = NewTable(hasValues: true);
        var model = new Dictionary<string, (string Value, long ExpireAt)>();
        var grow = true;
        for (var step = 0; step < 40_000; step++)
        {
            if (random.Next(2 * size) == 0) grow = !grow;
            // Every tenth field is so long that it lies apart.
            var number = random.Next(size);
            var field = number % 10 == 0 ? new string('f', 120 + number % 20) + number : $"f{number}";
            var bytes = Bytes(field);
            var hash = table->HashOf(bytes);
            var found = table->Find(bytes, hash, out var spot);
            Assert.True(found == model.ContainsKey(field), $"seed {seed}, step {step}");
            if (found && random.Next(grow ? 8 : 2) == 0)
            {
                table->Remove(_arena, spot);
                model.Remove(field);
            }
            else
            {
                var value = new string('v', random.Next(5) == 0 ? random.Next(300) : random.Next(20));
                var expireAt = random.Next(3) == 0 ? random.Next(100_000) : -1L;
                if (found) table->Set(_arena, spot, Bytes(value), expireAt);
                else if (grow || random.Next(3) == 0) table->Insert(_arena, hash, bytes, Bytes(value), expireAt);
                else continue;
                model[field] = (value, expireAt);
            }
            if (step % Math.Max(50, size) == 0) Compare(table, model, $"seed {seed}, step {step}");
        }
        Compare(table, model, $"seed {seed}");
        var copy = table->Copy(_arena);
        Compare(copy, model, $"seed {seed}, the copy");
        Assert.Equal(_arena.UsedBytes, BytesOf(table) + BytesOf(copy));
        FreeAll(table);
        Compare(copy, model, $"seed {seed}, the copy");
        foreach (var field in model.Keys)
        {
            Assert.True(copy->Find(Bytes(field), copy->HashOf(Bytes(field)), out var spot));
            copy->Remove(_arena, spot);
        }
        copy->Verify();
        FreeAll(copy);
        Assert.Equal(0, _arena.UsedBytes);
    }

    void Compare(PackedTable* table, Dictionary<string, (string Value, long ExpireAt)> model, string when)
    {
        table->Verify();
        Assert.True(table->Count == model.Count, when);
        Assert.True(table->Expiring == model.Values.Count(v => v.ExpireAt >= 0), when);
        var seen = new Dictionary<string, (string Value, long ExpireAt)>();
        for (var cursor = table->Walk(); cursor.Next();)
        {
            var entry = cursor.Current;
            seen.Add(Text(entry.Field), (Text(entry.Value), entry.ExpireAt));
        }
        Assert.True(seen.Count == model.Count && seen.All(e => model[e.Key] == e.Value), when);
    }

    [Theory]
    [InlineData(1, 100)]
    [InlineData(2, 3_000)]
    [InlineData(3, 50_000)]
    public void A_set_agrees_with_a_hash_set(int seed, int size)
    {
        var random = new Random(seed);
        var table = NewTable(hasValues: false);
        var model = new HashSet<string>();
        for (var phase = 0; phase < 6; phase++)
        {
            var target = phase % 2 == 0 ? size : random.Next(size / 10);
            while (model.Count != target)
            {
                var member = $"{random.Next(2 * size):x}" + (random.Next(50) == 0 ? new string('m', 200) : "");
                var hash = table->HashOf(Bytes(member));
                if (model.Count < target)
                {
                    Assert.True(table->Add(_arena, Bytes(member), hash) == model.Add(member), $"seed {seed}");
                }
                else
                {
                    var found = table->Find(Bytes(member), hash, out var spot);
                    Assert.True(found == model.Remove(member), $"seed {seed}");
                    if (found) table->Remove(_arena, spot);
                }
            }
            table->Verify();
            Assert.Equal(_arena.UsedBytes, BytesOf(table));
        }
        var slices = 0;
        for (var budget = 10; !table->FreeSome(_arena, ref budget); budget = 10) slices++;
        Assert.Equal(0, _arena.UsedBytes);
        Assert.True(slices > 0 || model.Count < 100);
    }

    struct Collector(HashSet<string> seen) : IEntryVisitor
    {
        public readonly void Visit(in PackedEntry entry) => seen.Add(Text(entry.Field));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_scan_shows_whoever_is_there_throughout(int seed)
    {
        var random = new Random(seed);
        var table = NewTable(hasValues: false);
        for (var i = 0; i < 500; i++) table->Add(_arena, Bytes($"stable:{i}"), table->HashOf(Bytes($"stable:{i}")));
        var passing = new List<byte[]>();
        var seen = new HashSet<string>();
        var collector = new Collector(seen);
        var cursor = 0UL;
        var grow = true;
        do
        {
            cursor = table->Scan(cursor, ref collector);
            if (random.Next(30) == 0) grow = !grow;
            for (var i = random.Next(200); i > 0; i--)
            {
                if (grow)
                {
                    passing.Add(Bytes($"{random.NextInt64()}"));
                    table->Add(_arena, passing[^1], table->HashOf(passing[^1]));
                }
                else if (passing.Count > 0)
                {
                    if (table->Find(passing[^1], table->HashOf(passing[^1]), out var spot)) table->Remove(_arena, spot);
                    passing.RemoveAt(passing.Count - 1);
                }
            }
        }
        while (cursor != 0);
        for (var i = 0; i < 500; i++) Assert.Contains($"stable:{i}", seen);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(200)]
    [InlineData(1_500)]
    public void Elements_are_drawn_evenly(int count)
    {
        var table = NewTable(hasValues: false);
        for (var i = 0; i < count; i++) table->Add(_arena, Bytes($"{i}"), table->HashOf(Bytes($"{i}")));
        var random = new Random(5);
        var drawn = new int[count];
        const int Each = 400;
        for (var i = 0; i < count * Each; i++) drawn[int.Parse(Text(table->At(table->Draw(random)).Field), null)]++;
        // The square sum of an even draw: chi-squared with count - 1 degrees of freedom, six deviations allowed.
        Assert.InRange(drawn.Sum(d => Math.Pow(d - Each, 2) / Each), 0, count + 6 * Math.Sqrt(2 * count));
    }

    [Fact]
    public void Due_fields_are_found_and_no_others()
    {
        var random = new Random(9);
        var table = NewTable(hasValues: true);
        var deadlines = new Dictionary<string, long>();
        for (var i = 0; i < 5_000; i++)
        {
            var expireAt = i % 5 == 0 ? 16L * random.Next(1, 1_000) : -1;
            table->Insert(_arena, table->HashOf(Bytes($"{i}")), Bytes($"{i}"), "v"u8, expireAt);
            if (expireAt >= 0) deadlines.Add($"{i}", expireAt);
        }
        for (var now = 0L; now <= 16_000; now += 16 * 50)
        {
            for (var search = DueSearch.Found; search != DueSearch.NoneDue;)
            {
                search = table->FindDue(now, out var spot);
                if (search != DueSearch.Found) continue;
                Assert.True(deadlines.Remove(Text(table->At(spot).Field), out var deadline));
                Assert.InRange(deadline, 0, now);
                table->Remove(_arena, spot);
            }
            Assert.DoesNotContain(deadlines.Values, deadline => deadline <= now);
            table->Verify();
        }
        Assert.Equal(4_000, table->Count);
        Assert.Equal(0, table->Expiring);
    }

    [Fact]
    public void A_walk_finds_all_fields_that_are_due_to_the_millisecond_while_their_removal_merges_buckets()
    {
        var random = new Random(10);
        var table = NewTable(hasValues: true);
        var deadlines = new Dictionary<string, long>();
        for (var i = 0; i < 5_000; i++)
        {
            var expireAt = i % 10 == 0 ? -1 : random.Next(1, 1_000);
            table->Insert(_arena, table->HashOf(Bytes($"{i}")), Bytes($"{i}"), "v"u8, expireAt);
            if (expireAt >= 0) deadlines.Add($"{i}", expireAt);
        }
        foreach (var now in new[] { 0, 7, 8, 500, 900, 1_000 })
        {
            var walk = long.MaxValue;
            while (table->NextDue(now, ref walk, out var spot))
            {
                Assert.True(deadlines.Remove(Text(table->At(spot).Field), out var deadline));
                Assert.InRange(deadline, 0, now);
                table->Remove(_arena, spot);
            }
            Assert.DoesNotContain(deadlines.Values, deadline => deadline <= now);
            table->Verify();
        }
        Assert.Equal(500, table->Count);
    }

    /// <summary>Of a bucket whose fields all have the bit that a split asks for, nothing stays behind but the bound above it.</summary>
    [Fact]
    public void A_deadline_is_found_after_its_whole_bucket_has_moved_to_another_group()
    {
        var table = NewTable(hasValues: true);
        var moving = new List<byte[]>();
        for (var i = 0; table->Count < 700; i++)
        {
            var field = Bytes($"{i}");
            var hash = table->HashOf(field);
            // Bucket 0 of 16 moves to bucket 16, the first of the second group.
            var moves = (hash & 15) == 0;
            if (moves && (hash & 16) == 0) continue;
            if (moves) moving.Add(field);
            table->Insert(_arena, hash, field, "v"u8, -1);
            // There are 16 buckets by now. With deadlines from the start, the bounds of all would be as low.
            if (table->Count == 200) SetDeadlines();
            table->Verify();
        }
        var expiring = table->Expiring;
        Assert.InRange(expiring, 1, 30);
        for (var found = 0; found < expiring; found++)
        {
            Assert.Equal(DueSearch.Found, table->FindDue(160, out var spot));
            table->Remove(_arena, spot);
        }
        Assert.Equal((DueSearch.NoneDue, 0), (table->FindDue(160, out _), table->Expiring));

        void SetDeadlines()
        {
            foreach (var field in moving)
            {
                Assert.True(table->Find(field, table->HashOf(field), out var spot));
                table->Set(_arena, spot, "v"u8, 160);
            }
        }
    }

    [Fact]
    public void A_table_made_for_many_elements_takes_them_without_splits()
    {
        var table = NewTable(hasValues: false, expected: 10_000);
        var shape = table->AllocatedBytes;
        for (var i = 0; i < 10_000; i++) table->Add(_arena, Bytes($"{i}"), table->HashOf(Bytes($"{i}")));
        table->Verify();
        Assert.True(shape > 10_000 / 14 * 8);
    }

    [Fact]
    public void A_bucket_that_somebody_has_filled_on_purpose_holds_all_the_same()
    {
        var table = NewTable(hasValues: false);
        var chosen = new List<byte[]>();
        for (var i = 0; chosen.Count < 1_000; i++)
        {
            // As a client could: it learns from cursors of SSCAN which members end in the same bits.
            var member = Bytes($"{i}");
            if ((table->HashOf(member) & 0xFF) == 0) chosen.Add(member);
        }
        foreach (var member in chosen) Assert.True(table->Add(_arena, member, table->HashOf(member)));
        table->Verify();
        foreach (var member in chosen)
        {
            Assert.True(table->Find(member, table->HashOf(member), out var spot));
            table->Remove(_arena, spot);
        }
        table->Verify();
        Assert.Equal(0, table->Count);
    }
}
