namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

public sealed class ObservationCommandsMemoryTests : ServerTests
{
    [Theory]
    [InlineData("MEMORY USAGE missing", "$-1")]
    [InlineData("MEMORY USAGE k SAMPLES", "-ERR syntax error")]
    [InlineData("MEMORY USAGE k SAMPLES -1", "-ERR syntax error")]
    [InlineData("MEMORY USAGE k SAMPLES x", "-ERR value is not an integer or out of range")]
    [InlineData("MEMORY USAGE k FIELDS 3", "-ERR syntax error")]
    [InlineData("MEMORY PURGE", "+OK")]
    public void Subcommands_answer(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void Usage_is_the_record_and_its_share_of_the_index()
    {
        _client.Call("SET k v");
        // A header of 8 bytes, key and value in a block of 16; 10 bytes of index.
        Assert.Equal(":26", _client.Call("MEMORY USAGE k"));
        Assert.Equal(":26", _client.Call("MEMORY USAGE k SAMPLES 0"));
    }

    [Fact]
    public void Stats_are_a_map_with_one_for_each_database_in_use()
    {
        _client.Call("SET k v");
        using var resp3 = _server.Connect(protocol: 3);
        var stats = resp3.Call("MEMORY STATS");
        Assert.StartsWith("%34 $14 peak.allocated :", stats, StringComparison.Ordinal);
        Assert.Matches("\\$4 db\\.0 %2 \\$23 overhead\\.hashtable\\.main :[0-9]+ \\$26 overhead\\.hashtable\\.expires :0 ", stats);
        Assert.Contains("$10 keys.count :1 ", stats, StringComparison.Ordinal);
        Assert.Matches("\\$15 peak\\.percentage ,[0-9.]+ ", stats);
    }

    [Fact]
    public void Doctor_and_malloc_stats_are_text()
    {
        using var resp3 = _server.Connect(protocol: 3);
        Assert.Contains("txt:There is hardly any data", resp3.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
        Assert.Contains("txt:miniredis-arena: allocated ", resp3.Call("MEMORY MALLOC-STATS"), StringComparison.Ordinal);
        _client.Call("SETRANGE big 9999999 x");
        Assert.Contains("No problem was found.", resp3.Call("MEMORY DOCTOR"), StringComparison.Ordinal);
    }
}
