namespace MiniRedis.Server.Tests.Commands.SortedSets;

/// <summary>What sorted set commands take for a number, and in which order they complain.</summary>
public sealed class SortedSetCommandsArgumentTests : ServerTests
{
    [Fact]
    public void Ends_of_score_ranges_are_read_as_strtod_alone_reads_them() => _client.Run(
        """
        ZADD z 0 zero 5 five inf most
        -> :3
        ZCOUNT z -1e400 1e400
        -> :3
        ZCOUNT z "" (1e400
        -> :2
        ZCOUNT z "( 0x0" "5\x00six"
        -> :1
        ZCOUNT z nan 1
        -> -ERR min or max is not a float
        ZCOUNT z " " 1
        -> -ERR min or max is not a float
        """);

    [Fact]
    public void Counts_are_refused_with_the_words_of_redis() => _client.Run(
        """
        ZRANDMEMBER z -9223372036854775808
        -> -ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807
        ZRANDMEMBER z x
        -> -ERR value is not an integer or out of range
        ZRANDMEMBER z 9223372036854775807 WITHSCORES
        -> -ERR value is out of range
        ZPOPMIN z x
        -> -ERR value is out of range, must be positive
        ZPOPMAX z -1
        -> -ERR value is out of range, must be positive
        """);

    [Fact]
    public void A_scan_of_nothing_ends_before_its_options_are_read() => _client.Run(
        """
        ZSCAN z x
        -> -ERR invalid cursor
        ZSCAN z 0 NONSENSE
        -> *2 $1 0 *0
        ZADD z 1 a
        -> :1
        ZSCAN z 0 NONSENSE
        -> -ERR syntax error
        ZSCAN z 0 NOSCORES
        -> *2 $1 0 *1 $1 a
        """);
}
