using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Expiry;
using MiniRedis.Storage.Hashes;
using MiniRedis.Storage.Hashing;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tests.Harness;

namespace MiniRedis.Storage.Tests.Index;

/// <summary>What an index makes of the deadlines of a hash's fields, in listpacks and in tables.</summary>
public class FieldDeadlineTests
{
    const long Start = 1_700_000_000_000;

    static Keyspace NewKeyspace(bool bySlot) => new(1, new HashSeed(9, 1), new FixedTime(Start), bySlot);

    static void SetField(Database database, ReadOnlySpan<byte> key, ReadOnlySpan<byte> field, long deadline, bool isTable)
    {
        var at = database.Lookup(key);
        var limits = new HashLimits(isTable ? 0 : 512, 64);
        var hash = at.Found ? new HashEditor(database, at, limits) : HashEditor.Create(database, at, key, 1, limits);
        hash.Set(field, "v"u8);
        if (deadline > 0) hash.SetDeadline(field, deadline);
    }

    static DueSearch FindDue(Database database, long now, out KeyLookup due)
    {
        DueSearch outcome;
        while ((outcome = database.FindDue(now, out due)) == DueSearch.BudgetUsed)
        {
        }
        return outcome;
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_hash_with_a_due_field_is_found_but_not_as_a_due_key(bool bySlot, bool isTable)
    {
        using var keyspace = NewKeyspace(bySlot);
        var database = keyspace[0];
        SetField(database, "h"u8, "later"u8, Start + 5_000, isTable);
        SetField(database, "h"u8, "soon"u8, Start + 1_000, isTable);
        database.VerifyIndex();
        Assert.Equal(1, database.FieldExpiringCount);
        Assert.Equal(DueSearch.NoneDue, FindDue(database, Start + 999, out _));
        Assert.Equal(DueSearch.FieldsDue, FindDue(database, Start + 1_000 + ExpiryClock.UnitMs, out var due));
        Assert.Equal("h", due.Record.Name());
        // A deadline of the key itself that is later, and one that is due, too.
        database.SetExpiry(database.Lookup("h"u8), Start + 3_000);
        Assert.Equal(DueSearch.FieldsDue, FindDue(database, Start + 2_000, out _));
        Assert.Equal(DueSearch.Found, FindDue(database, Start + 3_000 + ExpiryClock.UnitMs, out _));
        database.VerifyIndex();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_hash_whose_fields_have_lost_their_deadlines_is_not_due(bool bySlot, bool isTable)
    {
        using var keyspace = NewKeyspace(bySlot);
        var database = keyspace[0];
        SetField(database, "h"u8, "f"u8, Start + 1_000, isTable);
        new HashEditor(database, database.Lookup("h"u8), new(isTable ? 0 : 512, 64)).SetDeadline("f"u8, -1);
        Assert.Equal(0, database.FieldExpiringCount);
        Assert.Equal(DueSearch.NoneDue, FindDue(database, Start + 100_000, out _));
        database.VerifyIndex();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hashes_of_a_hidden_slot_are_not_counted_and_come_back_with_it(bool isTable)
    {
        using var keyspace = NewKeyspace(bySlot: true);
        var database = keyspace[0];
        SetField(database, "{a}1"u8, "f"u8, Start + 1_000, isTable);
        SetField(database, "{a}2"u8, "f"u8, Start + 1_000, isTable);
        SetField(database, "{b}"u8, "f"u8, Start + 2_000, isTable);
        var slot = KeySlot.Of("a"u8);
        Assert.Equal(3, database.FieldExpiringCount);
        database.SetHidden(slot, true);
        database.SetHidden(slot, true);
        Assert.Equal(1, database.FieldExpiringCount);
        database.VerifyIndex();
        Assert.Equal(DueSearch.NoneDue, FindDue(database, Start + 1_900, out _));
        // One more that nobody counts meanwhile, and one that goes.
        SetField(database, "{a}3"u8, "f"u8, Start + 1_500, isTable);
        database.Delete(database.Lookup("{a}1"u8));
        Assert.Equal(1, database.FieldExpiringCount);
        database.VerifyIndex();
        database.SetHidden(slot, false);
        Assert.Equal(3, database.FieldExpiringCount);
        database.VerifyIndex();
        Assert.Equal(DueSearch.FieldsDue, FindDue(database, Start + 1_900, out _));
        foreach (var name in new[] { "{a}2", "{a}3", "{b}" }) database.Delete(database.Lookup(name));
        Assert.Equal((0L, 0L), (database.FieldExpiringCount, database.Count));
        database.VerifyIndex();
    }
}
