using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Tables;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Tables;

/// <summary>What follows when blocks of a table move, and when elements do from bucket to bucket.</summary>
public sealed unsafe class PackedTableMovesTests : IDisposable
{
    readonly Arena _arena = new();
    readonly PackedTable* _table;

    public PackedTableMovesTests() => _table = PackedTable.Create(_arena, new HashSeed(3, 5), new ExpiryClock(0), hasValues: true);

    public void Dispose() => _arena.Dispose();

    void Insert(string field, string value, long expireAt) => _table->Insert(_arena, _table->HashOf(Bytes(field)), Bytes(field), Bytes(value), expireAt);

    PackedSpot Spot(string field)
    {
        Assert.True(_table->Find(Bytes(field), _table->HashOf(Bytes(field)), out var spot));
        return spot;
    }

    [Theory]
    [InlineData(int.MaxValue, 0)]
    [InlineData(20, 31)]
    public void A_walk_of_defragmentation_comes_to_each_block(int step, int pauses)
    {
        for (var i = 0; i < 2000; i++) Insert($"{i}", new string('v', i % 10 == 0 ? 200 : 10), i % 3 == 0 ? 1_000_000 + i : -1);
        var mover = new BlockMover(_arena) { MovesAll = true };
        var position = default(MovePosition);
        var steps = 0;
        for (mover.BeginStep(step); !_table->MoveSome(mover, ref position); mover.BeginStep(step)) steps++;
        // All but the table's own block, which its owner moves.
        Assert.Equal(_arena.CountSlabs().Sum(use => use.Blocks) - 1, mover.Hits);
        Assert.Equal(0, mover.Misses);
        Assert.Equal(pauses, steps);
        _table->Verify();
        for (var i = 0; i < 2000; i++) Assert.Equal(i % 3 == 0 ? 1_000_000 + i : -1, _table->At(Spot($"{i}")).ExpireAt);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_deadline_is_found_where_merges_have_brought_it(bool toEmptyBuckets)
    {
        for (var i = 0; i < 1000; i++) Insert($"{i}", "value", expireAt: -1);
        var fields = Enumerable.Range(0, 1000).Select(i => $"{i}").ToList();
        // The only field with one, in a bucket of a group that is going to be merged into another.
        var moving = fields.First(field => Spot(field).Bucket >= 48);
        _table->SetDeadline(_arena, Spot(moving), 100_000);
        fields.Remove(moving);
        if (toEmptyBuckets) fields = [.. fields.OrderBy(field => Spot(field).Bucket)];
        foreach (var field in fields)
        {
            _table->Remove(_arena, Spot(field));
            _table->Verify();
        }
        Assert.Equal(0u, Spot(moving).Bucket);
        Assert.Equal(DueSearch.Found, _table->FindDue(200_000, out var due));
        Assert.Equal(moving, Text(_table->At(due).Field));
    }
}
