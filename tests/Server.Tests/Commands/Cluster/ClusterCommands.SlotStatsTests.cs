using static MiniRedis.Server.Tests.LoneNode;

namespace MiniRedis.Server.Tests.Commands.Cluster;

public sealed class ClusterCommandsSlotStatsTests
{
    [Fact]
    public void Keys_of_the_own_slots_are_told_by_range_and_in_order()
    {
        using var server = Start(mine: "1-3 5061", more: "cluster-require-full-coverage no");
        using var client = server.Connect();
        client.Run($$"""
            MSET bar v {bar}2 v
            -> +OK
            SET {{KeyOf(2)}} v
            -> +OK
            CLUSTER SLOT-STATS SLOTSRANGE 0 2
            -> *2 *2 :1 *2 $9 key-count :0 *2 :2 *2 $9 key-count :1
            CLUSTER SLOT-STATS SLOTSRANGE 8192 9000
            -> *0
            CLUSTER SLOT-STATS ORDERBY KEY-COUNT LIMIT 3
            -> *3 *2 :5061 *2 $9 key-count :2 *2 :2 *2 $9 key-count :1 *2 :1 *2 $9 key-count :0
            CLUSTER SLOT-STATS ORDERBY key-count ASC
            -> *4 *2 :1 *2 $9 key-count :0 *2 :3 *2 $9 key-count :0 *2 :2 *2 $9 key-count :1 *2 :5061 *2 $9 key-count :2
            """);
    }

    [Theory]
    [InlineData("SLOTSRANGE 2 1", "-ERR Start slot number 2 is greater than end slot number 1")]
    [InlineData("SLOTSRANGE 0 16384", "-ERR Invalid or out of range slot")]
    [InlineData("SLOTSRANGE x 1", "-ERR Invalid or out of range slot")]
    [InlineData("SLOTSRANGE 1", "-ERR unknown subcommand or wrong number of arguments for 'SLOT-STATS'. Try CLUSTER HELP.")]
    [InlineData("ORDERBY cpu-usec", "-ERR Unrecognized sort metric for ORDERBY.")]
    [InlineData("ORDERBY key-count LIMIT 0", "-ERR Limit has to lie in between 1 and 16384 (maximum number of slots).")]
    [InlineData("ORDERBY key-count LIMIT", "-ERR syntax error")]
    [InlineData("ORDERBY key-count LIMIT 1 LIMIT 2", "-ERR Multiple filters of the same type are disallowed.")]
    [InlineData("ORDERBY key-count ASC DESC", "-ERR Multiple filters of the same type are disallowed.")]
    [InlineData("ORDERBY key-count UP", "-ERR syntax error")]
    public void Arguments_are_judged(string arguments, string reply)
    {
        using var server = Start();
        using var client = server.Connect();
        Assert.Equal(reply, client.Call("CLUSTER SLOT-STATS " + arguments));
    }

    /// <summary>Bytes in and out of the slot of "bar".</summary>
    static (long In, long Out) Bytes(RawClient client)
    {
        var slot = (object?[])((object?[])((object?[])client.CallTree($"CLUSTER SLOT-STATS SLOTSRANGE {Bar} {Bar}")!)[0]!)[1]!;
        return ((long)slot[5]!, (long)slot[7]!);
    }

    [Fact]
    public void Bytes_of_requests_and_replies_are_counted_by_slot_while_it_is_turned_on()
    {
        using var server = Start(more: "cluster-slot-stats-enabled yes");
        using var client = server.Connect();
        Assert.Equal((0, 0), Bytes(client));
        Assert.Equal("+OK", client.Call("SET bar value"));
        var set = RawClient.Encode("SET", "bar", "value").Length;
        Assert.Equal((set, 5), Bytes(client));
        client.SendRaw("GET bar\r\n");
        Assert.Equal("$5 value", client.Read());
        Assert.Equal((set + 9, 5 + 11), Bytes(client));
        client.Call("PING");
        Assert.Equal((set + 9, 5 + 11), Bytes(client));
        Assert.Equal("+OK", client.Call("CONFIG RESETSTAT"));
        Assert.Equal((0, 0), Bytes(client));

        client.Call("MULTI");
        client.Call("GET bar");
        Assert.Equal("*1 $5 value", client.Call("EXEC"));
        // MULTI, GET and EXEC; the reply of EXEC.
        Assert.Equal((15 + RawClient.Encode("GET", "bar").Length + 14, 4 + 11), Bytes(client));

        client.Call("CONFIG RESETSTAT");
        using var listening = server.Connect();
        listening.Call("SSUBSCRIBE bar");
        Assert.Equal((RawClient.Encode("SSUBSCRIBE", "bar").Length, "*3\r\n$10\r\nssubscribe\r\n$3\r\nbar\r\n:1\r\n".Length), Bytes(client));
        client.Call("CONFIG RESETSTAT");
        Assert.Equal(":1", client.Call("SPUBLISH bar hello"));
        Assert.Equal(
            (RawClient.Encode("SPUBLISH", "bar", "hello").Length, 4 + "*3\r\n$8\r\nsmessage\r\n$3\r\nbar\r\n$5\r\nhello\r\n".Length), Bytes(client));

        client.Call("CONFIG RESETSTAT");
        client.Call("CONFIG SET cluster-slot-stats-enabled no");
        client.Call("GET bar");
        client.Call("CONFIG SET cluster-slot-stats-enabled yes");
        Assert.Equal((0, 0), Bytes(client));
    }

    [Fact]
    public void A_script_counts_for_its_slot_if_it_uses_one_only()
    {
        using var server = Start(more: "cluster-slot-stats-enabled yes");
        using var client = server.Connect();
        // An older script may use any.
        Assert.Equal(":1", client.CallWords("EVAL", "return 1", "1", "bar"));
        Assert.Equal((0, 0), Bytes(client));
        string[] words = ["EVAL", "#!lua\nreturn 1", "1", "bar"];
        Assert.Equal(":1", client.CallWords(words));
        Assert.Equal((RawClient.Encode(words).Length, 4), Bytes(client));
    }
}
