using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tables;
using MiniRedis.Storage.Tests.Harness;
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
    public void A_search_for_due_fields_looks_at_some_buckets_and_goes_on_the_next_time()
    {
        var table = NewTable(hasValues: true);
        for (var i = 0; i < 10_000; i++) table->Insert(_arena, table->HashOf(Bytes($"{i}")), Bytes($"{i}"), "v"u8, 100);
        for (var i = 0; i < 10_000; i++)
        {
            Assert.True(table->Find(Bytes($"{i}"), table->HashOf(Bytes($"{i}")), out var spot));
            table->SetDeadline(_arena, spot, 1_000_000);
        }
        // The bounds are still those of the earlier deadlines. Each look corrects that of a bucket, and a search has 32 looks.
        Assert.True(table->MayHaveExpired(200));
        var searches = 0;
        while (table->FindDue(200, out _) == DueSearch.BudgetUsed) searches++;
        Assert.Equal(CountBuckets(table) / 32, searches);
        Assert.False(table->MayHaveExpired(200));
        Assert.True(table->MayHaveExpired(1_000_000));
        table->Verify();
    }

    [Fact]
    public void A_field_stays_in_its_bucket_as_long_as_there_is_room()
    {
        var table = NewTable(hasValues: true);
        // A head of 16 bytes, tags and sizes of 8 elements, and 32 bytes for elements are the smallest block.
        table->Insert(_arena, table->HashOf("f"u8), "f"u8, new byte[10]);
        var bytes = BytesOf(table);
        foreach (var (length, more) in ((int, int)[])[(20, 0), (30, 0), (31, 64), (90, 64), (5, 64)])
        {
            Assert.True(table->Find("f"u8, table->HashOf("f"u8), out var spot));
            table->Set(_arena, spot, new byte[length]);
            Assert.Equal(bytes + more, BytesOf(table));
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(200)]
    public void A_deadline_may_be_at_the_beginning_of_time(int length)
    {
        var table = NewTable(hasValues: true);
        var value = new byte[length];
        // The block that is taken next is full of something else.
        table->Insert(_arena, table->HashOf("previous"u8), "previous"u8, value, long.MaxValue);
        Assert.True(table->Find("previous"u8, table->HashOf("previous"u8), out var previous));
        table->Remove(_arena, previous);
        table->Insert(_arena, table->HashOf("inserted"u8), "inserted"u8, value, 0);
        foreach (var (field, set) in (Dictionary<string, long>)new() { ["set"] = -1, ["cleared"] = 0, ["later"] = 0, ["never"] = -1 })
            table->Insert(_arena, table->HashOf(Bytes(field)), Bytes(field), value, set);
        SetDeadline("set", 0);
        SetDeadline("cleared", -1);
        SetDeadline("later", 1_000_000);
        table->Verify();
        Assert.Equal(3, table->Expiring);

        var due = new List<string>();
        while (table->FindDue(16, out var spot) == DueSearch.Found)
        {
            var entry = table->At(spot);
            due.Add(Text(entry.Field));
            Assert.Equal((0, length), (entry.ExpireAt, entry.Value.Length));
            table->Remove(_arena, spot);
        }
        Assert.Equal(["inserted", "set"], due.Order());
        Assert.Equal((3, 1), (table->Count, table->Expiring));
        table->Verify();

        void SetDeadline(string field, long expireAt)
        {
            Assert.True(table->Find(Bytes(field), table->HashOf(Bytes(field)), out var spot));
            table->SetDeadline(_arena, spot, expireAt);
        }
    }

    [Fact]
    public void Elements_can_be_removed_without_memory()
    {
        var table = NewTable(hasValues: true);
        for (var i = 0; i < 2_000; i++) Insert(i);
        _arena.Trial = new Scarcity(blocks: 0);
        for (var i = 0; i < 1_900; i++) Remove(i);
        table->Verify();
        _arena.Trial = null;
        for (var i = 0; i < 500; i++) Insert(i);
        table->Verify();
        for (var i = 0; i < 500; i++) Remove(i);
        for (var i = 1_900; i < 2_000; i++) Remove(i);
        table->Verify();
        Assert.Equal(0, table->Count);
        Assert.Equal(1, CountBuckets(table));
        Assert.Equal(_arena.UsedBytes, BytesOf(table));

        void Insert(int i) => table->Insert(_arena, table->HashOf(Bytes($"{i}")), Bytes($"{i}"), new byte[i % 300], i % 3 == 0 ? i : -1);

        void Remove(int i)
        {
            Assert.True(table->Find(Bytes($"{i}"), table->HashOf(Bytes($"{i}")), out var spot));
            table->Remove(_arena, spot);
        }
    }

    /// <summary>A scan has as many steps as there are buckets.</summary>
    static int CountBuckets(PackedTable* table)
    {
        var collector = new Collector([]);
        var steps = 1;
        for (var cursor = 0UL; (cursor = table->Scan(cursor, ref collector)) != 0;) steps++;
        return steps;
    }

    [Fact]
    public void An_addition_splits_two_buckets_at_most_and_a_removal_merges_two_at_most()
    {
        var table = NewTable(hasValues: false);
        var buckets = CountBuckets(table);
        for (var i = 0; i < 600; i++)
        {
            table->Add(_arena, Bytes($"{i}"), table->HashOf(Bytes($"{i}")));
            var grown = CountBuckets(table);
            Assert.InRange(grown, buckets, buckets + 2);
            buckets = grown;
        }
        Assert.InRange(buckets, 600 / 14, 600 / 7 + 1);
        for (var i = 0; i < 600; i++)
        {
            Assert.True(table->Find(Bytes($"{i}"), table->HashOf(Bytes($"{i}")), out var spot));
            table->Remove(_arena, spot);
            var shrunk = CountBuckets(table);
            Assert.InRange(shrunk, buckets - 2, buckets);
            buckets = shrunk;
        }
        Assert.Equal(1, buckets);
    }

    [Theory]
    [InlineData(14 * 512)]
    [InlineData(14 * 512 + 256)]
    [InlineData(14 * 1024)]
    public void A_member_of_16_bytes_takes_about_23(int count)
    {
        var table = NewTable(hasValues: false);
        for (var i = 0; i < count; i++) table->Add(_arena, Bytes($"{i:d16}"), table->HashOf(Bytes($"{i:d16}")));
        Assert.InRange((double)BytesOf(table) / count, 20, 26.5);
    }

    [Fact]
    public void Freeing_takes_off_the_budget_what_it_frees()
    {
        var table = NewTable(hasValues: true, expected: 1_000);
        for (var i = 0; i < 100; i++) table->Insert(_arena, table->HashOf(Bytes($"{i}")), Bytes($"{i}"), new byte[i < 30 ? 200 : 2]);
        var cost = CountBuckets(table) + 100 + 30;
        var budget = 1_000;
        Assert.True(table->FreeSome(_arena, ref budget));
        Assert.Equal(1_000 - cost, budget);
        Assert.Equal(0, _arena.UsedBytes);
    }

    [Fact]
    public void A_member_has_no_deadline()
    {
        var table = NewTable(hasValues: false);
        foreach (var member in (string[])["short", new string('l', 200)]) table->Add(_arena, Bytes(member), table->HashOf(Bytes(member)));
        var count = 0;
        for (var cursor = table->Walk(); cursor.Next(); count++) Assert.Equal(-1, cursor.Current.ExpireAt);
        Assert.Equal(2, count);
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
