namespace MiniRedis.Server.Tests.Commands.Streams;

public sealed class StreamCommandsRangeTests : IDisposable
{
    readonly TestServer _server = new("stream-node-max-entries 3");
    readonly RawClient _client;

    public StreamCommandsRangeTests()
    {
        _client = _server.Connect();
        for (var i = 1; i <= 7; i++) _client.Call($"XADD s {i}-{i % 2} f {i}");
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    [Fact]
    public void Intervals_are_closed_unless_told_otherwise() => _client.Run("""
        XRANGE s 2 3
        -> *2 *2 $3 2-0 *2 $1 f $1 2 *2 $3 3-1 *2 $1 f $1 3
        XRANGE s (2-0 (5-1
        -> *2 *2 $3 3-1 *2 $1 f $1 3 *2 $3 4-0 *2 $1 f $1 4
        XRANGE s (7 +
        -> *1 *2 $3 7-1 *2 $1 f $1 7
        XRANGE s 6-1 +
        -> *1 *2 $3 7-1 *2 $1 f $1 7
        XRANGE s + -
        -> *0
        XRANGE s - + COUNT 1
        -> *1 *2 $3 1-1 *2 $1 f $1 1
        XREVRANGE s + - COUNT 2
        -> *2 *2 $3 7-1 *2 $1 f $1 7 *2 $3 6-0 *2 $1 f $1 6
        XREVRANGE s 2 1
        -> *2 *2 $3 2-0 *2 $1 f $1 2 *2 $3 1-1 *2 $1 f $1 1
        XREVRANGE s (3-1 (1-1
        -> *1 *2 $3 2-0 *2 $1 f $1 2
        XRANGE s - + COUNT 0
        -> *-1
        XRANGE s - + COUNT -5
        -> *-1
        XRANGE missing - + COUNT 0
        -> *0
        """);

    [Fact]
    public void Bounds_are_judged_before_the_key() => _client.Run("""
        SET k v
        -> +OK
        XRANGE k x +
        -> -ERR Invalid stream ID specified as stream command argument
        XRANGE k ( +
        -> -ERR Invalid stream ID specified as stream command argument
        XRANGE k (- +
        -> -ERR Invalid stream ID specified as stream command argument
        XRANGE k (18446744073709551615-18446744073709551615 +
        -> -ERR invalid start ID for the interval
        XRANGE k - (0-0
        -> -ERR invalid end ID for the interval
        XRANGE k - + COUNT
        -> -ERR syntax error
        XRANGE k - + COUNT x
        -> -ERR value is not an integer or out of range
        XRANGE k - + LIMIT 5
        -> -ERR syntax error
        XRANGE k - +
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Entries_with_other_fields_keep_them() => _client.Run("""
        XADD t 1 a 1 b 2
        -> $3 1-0
        XADD t 2 a 3 b 4
        -> $3 2-0
        XADD t 3 c "" d -5 e "long and longer"
        -> $3 3-0
        XDEL t 2
        -> :1
        XRANGE t - +
        -> *2 *2 $3 1-0 *4 $1 a $1 1 $1 b $1 2 *2 $3 3-0 *6 $1 c $0  $1 d $2 -5 $1 e $15 long and longer
        XREVRANGE t + -
        -> *2 *2 $3 3-0 *6 $1 c $0  $1 d $2 -5 $1 e $15 long and longer *2 $3 1-0 *4 $1 a $1 1 $1 b $1 2
        """);

    [Fact]
    public void Deleting_tells_what_was_there() => _client.Run("""
        XDEL s 1-1 1-1 4-0 9-9
        -> :2
        XLEN s
        -> :5
        XDEL s 2-0 x
        -> -ERR Invalid stream ID specified as stream command argument
        XLEN s
        -> :5
        XDEL missing x
        -> :0
        XDEL s 2 3-1 5-1 6 7-1
        -> :5
        XLEN s
        -> :0
        EXISTS s
        -> :1
        XADD s 7-1 f v
        -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        """);

    [Fact]
    public void Deleting_with_references_tells_of_each_id() => _client.Run("""
        XGROUP CREATE s g 0
        -> +OK
        XGROUP CREATE s h 0
        -> +OK
        XREADGROUP GROUP g c COUNT 3 NOACK STREAMS s >
        -> *1 *2 $1 s *3 *2 $3 1-1 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2 *2 $3 3-1 *2 $1 f $1 3
        XREADGROUP GROUP h c COUNT 2 STREAMS s >
        -> *1 *2 $1 s *2 *2 $3 1-1 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2
        XDELEX s ACKED IDS 3 1-1 3-1 9-9
        -> *3 :2 :2 :-1
        XACK s h 1-1
        -> :1
        XDELEX s ACKED IDS 1 1-1
        -> *1 :1
        XDELEX s IDS 1 2-0
        -> *1 :1
        XPENDING s h
        -> *4 :1 $3 2-0 $3 2-0 *1 *2 $1 c $1 1
        XDELEX s DELREF IDS 1 2-0
        -> *1 :-1
        XPENDING s h
        -> *4 :0 $-1 $-1 *-1
        XDELEX missing IDS 2 1-1 2-2
        -> *2 :-1 :-1
        XDELEX s IDS 2 1-1
        -> -ERR The `numids` parameter must match the number of arguments
        XDELEX s IDS 1 1-1 2-2
        -> -ERR The `numids` parameter must match the number of arguments
        XDELEX s IDS 0 1-1
        -> -ERR Number of IDs must be a positive integer
        XDELEX s KEEPREF ACKED IDS 1 1-1
        -> -ERR syntax error
        XDELEX s IDS 1 x
        -> -ERR Invalid stream ID specified as stream command argument
        """);

    [Fact]
    public void Acknowledging_and_deleting_are_one() => _client.Run("""
        XGROUP CREATE s g 0
        -> +OK
        XGROUP CREATE s h 0
        -> +OK
        XREADGROUP GROUP g c COUNT 3 STREAMS s >
        -> *1 *2 $1 s *3 *2 $3 1-1 *2 $1 f $1 1 *2 $3 2-0 *2 $1 f $1 2 *2 $3 3-1 *2 $1 f $1 3
        XREADGROUP GROUP h c COUNT 1 STREAMS s >
        -> *1 *2 $1 s *1 *2 $3 1-1 *2 $1 f $1 1
        XACKDEL s g ACKED IDS 1 1-1
        -> *1 :2
        XACKDEL s h ACKED IDS 2 1-1 2-0
        -> *2 :1 :-1
        XACKDEL s g IDS 2 2-0 3-1
        -> *2 :1 :1
        XLEN s
        -> :4
        XACKDEL s missing IDS 1 4-0
        -> *1 :-1
        XACKDEL missing g IDS 1 4-0
        -> *1 :-1
        """);

    [Fact]
    public void The_id_a_stream_has_come_to_can_be_set() => _client.Run("""
        XSETID s 7-0
        -> -ERR The ID specified in XSETID is smaller than the target stream top item
        XSETID s 100-5
        -> +OK
        XADD s 100-5 f v
        -> -ERR The ID specified in XADD is equal or smaller than the target stream top item
        XSETID s 100-5 ENTRIESADDED 6
        -> -ERR The entries_added specified in XSETID is smaller than the target stream length
        XSETID s 100-5 ENTRIESADDED -1
        -> -ERR entries_added must be positive
        XSETID s 100-5 MAXDELETEDID 101-0
        -> -ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id
        XSETID s 100-5 ENTRIESADDED 50 MAXDELETEDID 90-1
        -> +OK
        XSETID s 80-0
        -> -ERR The ID specified in XSETID is smaller than current max_deleted_entry_id
        XSETID s 100-5 ENTRIESADDED
        -> -ERR syntax error
        XSETID missing 1-1
        -> -ERR no such key
        XINFO STREAM s
        -> *20 $6 length :7 $15 radix-tree-keys :3 $16 radix-tree-nodes :4 $17 last-generated-id $5 100-5 $20 max-deleted-entry-id $4 90-1 $13 entries-added :50 $23 recorded-first-entry-id $3 1-1 $6 groups :0 $11 first-entry *2 $3 1-1 *2 $1 f $1 1 $10 last-entry *2 $3 7-1 *2 $1 f $1 7
        """);

    [Fact]
    public void Copies_renames_and_digests_see_the_same_entries()
    {
        _client.Run("""
            XGROUP CREATE s g 0
            -> +OK
            COPY s t
            -> :1
            XADD t 8 f v
            -> $3 8-0
            XLEN s
            -> :7
            XINFO GROUPS t
            -> *1 *12 $4 name $1 g $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 0-0 $12 entries-read $-1 $3 lag :8
            XDEL t 8
            -> :1
            RENAME t u
            -> +OK
            """);
        var digests = _client.Call("DEBUG DIGEST-VALUE s u").Split(' ').Where(w => w.Length == 40).ToList();
        if (digests.Count == 2) Assert.Equal(digests[0], digests[1]);
        _client.Run("""
            DEL s u
            -> :2
            """);
        _server.Tick();
        Assert.Equal(0, _server.Server.Keyspace.DiscardedCount);
    }

    [Fact]
    public void The_nodes_of_the_tree_are_at_least_its_root_and_what_holds_entries()
    {
        _client.Call("CONFIG SET stream-node-max-entries 10");
        _client.Call("XGROUP CREATE tree g $ MKSTREAM");
        string Nodes()
        {
            var fields = (object?[])_client.CallTree("XINFO STREAM tree")!;
            return $"{fields[3]} {fields[5]}";
        }

        Assert.Equal("0 1", Nodes());
        _client.Call("XADD tree * f v");
        Assert.Equal("1 2", Nodes());
        for (var i = 0; i < 10; i++) _client.Call("XADD tree * f v");
        Assert.Equal("2 3", Nodes());
    }
}
