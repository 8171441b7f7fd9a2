using System.Text;
using MiniRedis.Server.Monitoring;

namespace MiniRedis.Server.Tests.Monitoring;

public sealed class CommandLogTests : IDisposable
{
    readonly LoneParts _parts = new();
    readonly Redactions _redactions = new();
    readonly CommandLog _log;

    public CommandLogTests()
    {
        _log = new CommandLog(_redactions, _parts.Clock);
        _log.Bound(3);
    }

    public void Dispose() => _parts.Dispose();

    void Add(long amount, params string[] words) => _log.Add(_parts.Connect(), LoneParts.Request(words), amount);

    string[] Words(int index) => [.. _log.Newest.ElementAt(index).Arguments.Select(Encoding.Latin1.GetString)];

    [Fact]
    public void The_latest_are_kept_newest_first_and_their_ids_go_on_after_a_reset()
    {
        for (var i = 0; i < 5; i++) Add(i, "GET", "k");
        Assert.Equal([4, 3, 2], _log.Newest.Select(e => e.Id));
        _log.Bound(1);
        Assert.Equal([4], _log.Newest.Select(e => e.Amount));
        _log.Clear();
        Add(7, "GET", "k");
        Assert.Equal([5], _log.Newest.Select(e => e.Id));
    }

    [Fact]
    public void An_entry_tells_the_second_in_which_it_was_added()
    {
        _parts.Advance(TimeSpan.FromMilliseconds(1999));
        Add(1, "GET", "k");
        Assert.Equal((_parts.Time.Now - 999) / 1000, _log.Newest.Single().Time);
    }

    [Fact]
    public void Of_many_arguments_the_last_that_is_kept_tells_how_many_are_not()
    {
        Add(1, ["DEL", .. Enumerable.Range(1, 31).Select(i => $"k{i}")]);
        Assert.Equal("k31", Words(0)[31]);
        Add(1, ["DEL", .. Enumerable.Range(1, 40).Select(i => $"k{i}")]);
        Assert.Equal(32, Words(0).Length);
        Assert.Equal(["k30", "... (10 more arguments)"], Words(0)[30..]);
    }

    [Fact]
    public void Of_a_long_argument_the_first_bytes_are_kept()
    {
        Add(1, "SET", new string('k', 128), new string('v', 129));
        Assert.Equal(["SET", new string('k', 128), new string('v', 128) + "... (1 more bytes)"], Words(0));
    }

    [Fact]
    public void What_is_marked_is_not_shown()
    {
        _redactions.Mark(1);
        Add(1, "AUTH", "secret");
        _redactions.Clear();
        Add(1, "ECHO", "public");
        Assert.Equal(["AUTH", "(redacted)"], Words(1));
        Assert.Equal(["ECHO", "public"], Words(0));
    }
}
