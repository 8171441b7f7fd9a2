using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Packed;
using MiniRedis.Storage.Records;
using MiniRedis.Storage.Tables;

namespace MiniRedis.Storage.Sets;

/// <summary>
/// Takes the members of a result. Implemented by a struct, so that the call is inlined. It must not change the sources.
/// </summary>
public interface IMemberSink
{
    /// <returns>Whether it wants more members.</returns>
    bool Take(scoped ref SetProbe member);
}

/// <summary>
/// Intersection, union and difference of sets.
/// <para>
/// All three go through some sets and look each member up in the others. The tables of a server share their hash. So a walk over
/// a table, bucket by bucket, asks another table for members with the same low hash bits, and these look-ups stay in one bucket,
/// in cache. Redis collects a union or a difference in a temporary set; as long as there are few sets, nothing is copied here.
/// </para>
/// </summary>
public static unsafe class SetAlgebra
{
    /// <summary>Among up to so many sets, a member is looked up in each; among more, in one table of all their members.</summary>
    const int FewSets = 4;

    /// <summary>The members that all sets have. The sets must exist; they are sorted by size.</summary>
    public static void Intersect<TSink>(scoped Span<Record> sets, ref TSink sink) where TSink : struct, IMemberSink, allows ref struct
    {
        SortBySize(sets);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var members = new SetReader(sets[0]).Members(); members.Next();)
        {
            var member = new SetProbe(members.Current, scratch);
            if (InAll(sets[1..], sets[0], ref member) && !sink.Take(ref member)) return;
        }
    }

    /// <summary>Every member of the sets, once. Missing sets are null records.</summary>
    public static void Unite<TSink>(Database database, scoped ReadOnlySpan<Record> sets, ref TSink sink)
        where TSink : struct, IMemberSink, allows ref struct
    {
        var seen = sets.Length <= FewSets ? null : NewTable(database);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var i = 0; i < sets.Length; i++)
        {
            for (var members = new SetReader(sets[i]).Members(); members.Next();)
            {
                var member = new SetProbe(members.Current, scratch);
                var isNew = seen == null
                    ? !InAny(sets[..i], ref member)
                    : seen->Add(database.Arena, member.Text, member.HashIn(*seen));
                if (isNew && !sink.Take(ref member)) break;
            }
        }
        if (seen != null) Free(database, seen);
    }

    /// <summary>The members of the first set that no other set has. Missing sets are null records.</summary>
    public static void Subtract<TSink>(Database database, scoped ReadOnlySpan<Record> sets, ref TSink sink)
        where TSink : struct, IMemberSink, allows ref struct
    {
        var first = sets[0];
        var others = sets[1..];
        if (others.Contains(first)) return;
        var table = others.Length <= FewSets || new SetReader(first).Count < others.Length ? null : TableOf(database, others);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        for (var members = new SetReader(first).Members(); members.Next();)
        {
            var member = new SetProbe(members.Current, scratch);
            var isElsewhere = table == null ? InAny(others, ref member) : table->Contains(member.Text, member.HashIn(*table));
            if (!isElsewhere && !sink.Take(ref member)) break;
        }
        if (table != null) Free(database, table);
    }

    static bool InAll(scoped ReadOnlySpan<Record> sets, Record except, scoped ref SetProbe member)
    {
        foreach (var set in sets)
        {
            if (set != except && !new SetReader(set).Contains(ref member)) return false;
        }
        return true;
    }

    static bool InAny(scoped ReadOnlySpan<Record> sets, scoped ref SetProbe member)
    {
        foreach (var set in sets)
        {
            if (new SetReader(set).Contains(ref member)) return true;
        }
        return false;
    }

    static PackedTable* TableOf(Database database, ReadOnlySpan<Record> sets)
    {
        var table = NewTable(database);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        foreach (var set in sets)
        {
            for (var members = new SetReader(set).Members(); members.Next();)
            {
                var member = new SetProbe(members.Current, scratch);
                table->Add(database.Arena, member.Text, member.HashIn(*table));
            }
        }
        return table;
    }

    static PackedTable* NewTable(Database database)
    {
        database.BeginDraft();
        return PackedTable.Create(database.Arena, database.Seed, database.ExpiryClock, hasValues: false);
    }

    static void Free(Database database, PackedTable* table)
    {
        var budget = int.MaxValue;
        table->FreeSome(database.Arena, ref budget);
    }

    /// <summary>Sorts sets by size, the smallest first. All of them must exist.</summary>
    public static void SortBySize(Span<Record> sets)
    {
        // Insertion sort: there are few, and no comparer has to be allocated.
        for (var i = 1; i < sets.Length; i++)
        {
            var moving = sets[i];
            var size = new SetReader(moving).Count;
            var at = i;
            for (; at > 0 && new SetReader(sets[at - 1]).Count > size; at--) sets[at] = sets[at - 1];
            sets[at] = moving;
        }
    }
}
