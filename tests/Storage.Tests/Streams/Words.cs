using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Streams;
using static MiniRedis.Storage.Tests.Harness.Latin1;

namespace MiniRedis.Storage.Tests.Streams;

/// <summary>An entry of words: field, value, field, value.</summary>
readonly struct Words(params string[] words) : IStreamEntry
{
    public int Count => words.Length / 2;

    public ReadOnlySpan<byte> Field(int index) => Bytes(words[index * 2]);

    public ReadOnlySpan<byte> Value(int index) => Bytes(words[index * 2 + 1]);
}

static class WordsExtensions
{
    /// <summary>A stream of entries 1-0, 2-0 and so on, so many to a node.</summary>
    public static StreamValue NewStream(this Arena arena, int entries, int perNode = 10)
    {
        var stream = StreamValue.Create(arena);
        for (var i = 1; i <= entries; i++) Assert.Equal(StreamAppend.Added, stream.Append(At(i), new Words("f", $"{i}"), new(0, perNode)));
        return stream;
    }

    public static StreamId At(int ms) => new((ulong)ms, 0);

    public static StreamGroup NewGroup(this StreamValue stream, string name, int lastId, long entriesRead = StreamGroup.Unknown)
    {
        Assert.True(stream.TryCreateGroup(Bytes(name), At(lastId), entriesRead, out var group));
        return group;
    }

    /// <summary>The milliseconds of all entries.</summary>
    public static List<int> Ids(this StreamValue stream)
    {
        var ids = new List<int>();
        for (var entry = new StreamCursor(stream, StreamId.Min, StreamId.Max, reverse: false); entry.MoveNext();) ids.Add((int)entry.Id.Ms);
        return ids;
    }

    /// <summary>The milliseconds of a group's pending entries.</summary>
    public static List<int> PendingIds(this StreamGroup group)
    {
        var ids = new List<int>();
        foreach (var pending in group.PendingFrom(StreamId.Min)) ids.Add((int)pending.Id.Ms);
        return ids;
    }

    public static long FreeAll(this StreamValue stream)
    {
        var freed = 0;
        for (var budget = int.MaxValue; !stream.FreeSome(ref budget); freed++)
        {
        }
        return freed;
    }
}
