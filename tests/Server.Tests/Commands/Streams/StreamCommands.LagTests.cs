namespace MiniRedis.Server.Tests.Commands.Streams;

/// <summary>What XINFO GROUPS tells of how many entries a group has read, and how many it has still to be given.</summary>
public sealed class StreamLagTests : IDisposable
{
    readonly TestServer _server = new("enable-debug-command yes");
    readonly RawClient _client;

    public StreamLagTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    /// <summary>Entries read and lag of the only group, a dash for null.</summary>
    string Progress()
    {
        var groups = (object?[])_client.CallTree("XINFO GROUPS s")!;
        var fields = (object?[])groups[0]!;
        return $"{fields[9] ?? "-"} {fields[11] ?? "-"}";
    }

    void Add(params int[] ids)
    {
        foreach (var id in ids) _client.Call($"XADD s {id}-0 f v");
    }

    [Fact]
    public void A_deleted_entry_is_not_counted_as_still_to_be_given()
    {
        _client.Call("XGROUP CREATE s g $ MKSTREAM");
        Add(1, 2);
        _client.Call("XREADGROUP GROUP g a STREAMS s >");
        Add(3, 4);
        Assert.Equal("2 2", Progress());
        _client.Call("XDEL s 1-0");
        Assert.Equal("2 2", Progress());
        _client.Call("XDEL s 2-0");
        Assert.Equal("2 2", Progress());
        _client.Call("XDEL s 3-0");
        Assert.Equal("2 1", Progress());
        _client.Call("XREADGROUP GROUP g a STREAMS s >");
        Assert.Equal("4 0", Progress());
    }

    [Fact]
    public void Behind_a_hole_nothing_is_known_until_the_last_entry_is_read()
    {
        Add(1, 2, 3, 4);
        _client.Call("XGROUP CREATE s g 0");
        _client.Call("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
        _client.Call("XDEL s 3-0");
        Assert.Equal("2 -", Progress());
        _client.Call("XREADGROUP GROUP g a COUNT 2 STREAMS s >");
        Assert.Equal("4 0", Progress());
    }

    /// <summary>A count beyond 63 bits is told to replicas, which take no negative number.</summary>
    [Fact]
    public void The_largest_count_is_not_counted_beyond()
    {
        Add(1);
        _client.Call("XGROUP CREATE s g 0");
        Assert.Equal("+OK", _client.Call("XSETID s 1-0 ENTRIESADDED 9223372036854775807"));
        Add(2);
        _client.Call("XREADGROUP GROUP g a STREAMS s >");
        Assert.Equal("9223372036854775807 0", Progress());
        Assert.Equal("+OK", _client.Call("XGROUP SETID s g 2-0 ENTRIESREAD 9223372036854775807"));
        Add(3);
        _client.Call("XREADGROUP GROUP g a STREAMS s >");
        Assert.Equal("9223372036854775807 0", Progress());
    }

    [Fact]
    public void An_empty_stream_has_nothing_to_read()
    {
        Add(1, 2);
        _client.Call("XGROUP CREATE s g 0");
        _client.Call("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
        _client.Call("XDEL s 1-0 2-0");
        Assert.Equal("1 0", Progress());
    }

    [Theory]
    [InlineData("XTRIM s MAXLEN 1", "1 1", "5 0")]
    [InlineData("XTRIM s MINID 4", "1 2", "4 1")]
    [InlineData("XADD s MAXLEN 2 6-0 f v", "1 2", "5 1")]
    public void Trimming_past_what_was_read_leaves_what_there_is(string trim, string before, string after)
    {
        Add(1, 2, 3, 4, 5);
        _client.Call("XGROUP CREATE s g 0");
        _client.Call("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
        _client.Call(trim);
        Assert.Equal(before, Progress());
        _client.Call("XREADGROUP GROUP g a COUNT 1 STREAMS s >");
        Assert.Equal(after, Progress());
    }

    [Fact]
    public void No_group_has_read_more_than_was_added()
    {
        Add(1, 2, 3);
        _client.Call("XGROUP CREATE s g $ ENTRIESREAD 100");
        Assert.Equal("3 0", Progress());
        _client.Call("XGROUP SETID s g 1-0 ENTRIESREAD 50");
        Assert.Equal("3 0", Progress());
        _client.Call("XREADGROUP GROUP g a STREAMS s >");
        Assert.Equal("3 0", Progress());
        _client.Call("XTRIM s MAXLEN 1");
        _client.Call("XSETID s 10-0 ENTRIESADDED 2");
        Assert.Equal("2 0", Progress());
    }

    [Fact]
    public void A_payload_in_which_a_group_has_read_more_is_mended()
    {
        // Of redis-server 7.0.15: XADD s 1-0 f v, XGROUP CREATE s g $ ENTRIESREAD 100, DUMP s.
        var payload = "\"\\x13\\x01\\x10\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x1d\\x1d"
            + "\\x00\\x00\\x00\\n\\x00\\x01\\x01\\x00\\x01\\x01\\x01\\x81f\\x02\\x00\\x01\\x02\\x01\\x00\\x01\\x00\\x01\\x81v"
            + "\\x02\\x04\\x01\\xff\\x01\\x01\\x00\\x01\\x00\\x00\\x00\\x01\\x01\\x01g\\x01\\x00@d\\x00\\x00\\n\\x00a\\xaa"
            + "\\x06\\xd8m&_V\"";
        Assert.Equal("+OK", _client.Call("RESTORE s 0 " + payload));
        Assert.Equal("1 0", Progress());
    }
}
