namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

public sealed class ObservationCommandsSlowLogTests : ServerTests
{
    [Fact]
    public void Calls_are_kept_newest_first_up_to_a_number()
    {
        _client.Run("""
            PING
            -> +PONG
            SLOWLOG LEN
            -> :0
            CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 2
            -> +OK
            CLIENT SETNAME me
            -> +OK
            SET a b
            -> +OK
            GET a
            -> $1 b
            SLOWLOG LEN
            -> :2
            """);
        Assert.Matches("^\\*1 \\*6 :4 :1767225600 :0 \\*2 \\$7 SLOWLOG \\$3 LEN \\$[0-9]+ 127.0.0.1:[0-9]+ \\$2 me$", _client.Call("SLOWLOG GET 1"));
        Assert.StartsWith("*0", _client.Call("SLOWLOG GET 0"), StringComparison.Ordinal);
        Assert.StartsWith("*2 ", _client.Call("SLOWLOG GET -1"), StringComparison.Ordinal);
        Assert.StartsWith("*2 ", _client.Call("SLOWLOG GET 100"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_reset_empties_the_log_and_off_keeps_it_empty() => _client.Run("""
        CONFIG SET slowlog-log-slower-than 0
        -> +OK
        SLOWLOG RESET
        -> +OK
        SLOWLOG LEN
        -> :1
        CONFIG SET slowlog-log-slower-than -1
        -> +OK
        SLOWLOG RESET
        -> +OK
        PING
        -> +PONG
        SLOWLOG LEN
        -> :0
        CONFIG SET slowlog-log-slower-than 0 slowlog-max-len 0
        -> +OK
        SLOWLOG LEN
        -> :0
        """);

    [Theory]
    [InlineData("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1")]
    [InlineData("SLOWLOG GET x", "-ERR count should be greater than or equal to -1")]
    [InlineData("SLOWLOG LEN x", "-ERR wrong number of arguments for 'slowlog|len' command")]
    public void Wrong_arguments_are_refused(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void Long_requests_and_long_arguments_are_cut()
    {
        _client.Call("CONFIG SET slowlog-log-slower-than 0");
        _client.Call("DEL " + string.Join(' ', Enumerable.Range(3, 32)));
        _client.Call("SET k " + new string('A', 129));
        var log = _client.Call("SLOWLOG GET 2");
        Assert.Contains($"*3 $3 SET $1 k ${128 + 18} {new string('A', 128)}... (1 more bytes) ", log, StringComparison.Ordinal);
        Assert.Contains("*32 $3 DEL $1 3 $1 4 ", log, StringComparison.Ordinal);
        Assert.Contains("$2 32 $22 ... (2 more arguments) ", log, StringComparison.Ordinal);
    }

    [Fact]
    public void Secrets_are_left_out()
    {
        _client.Call("CONFIG SET slowlog-log-slower-than 0");
        _client.Call("CONFIG SET masterauth secret maxmemory 0");
        Assert.Contains(
            "*6 $6 CONFIG $3 SET $10 masterauth $10 (redacted) $9 maxmemory $1 0 ", _client.Call("SLOWLOG GET 1"), StringComparison.Ordinal);
    }
}
