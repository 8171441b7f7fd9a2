namespace MiniRedis.Server.Tests.Commands.Administration.Observation;

/// <summary>COMMANDLOG; what its entries look like, ObservationCommandsSlowLogTests shows.</summary>
public sealed class ObservationCommandsCommandLogTests : ServerTests
{
    [Theory]
    [InlineData("COMMANDLOG", "-ERR wrong number of arguments for 'commandlog' command")]
    [InlineData("COMMANDLOG FOO", "-ERR unknown subcommand 'FOO'. Try COMMANDLOG HELP.")]
    [InlineData("COMMANDLOG GET 1", "-ERR wrong number of arguments for 'commandlog|get' command")]
    [InlineData("COMMANDLOG GET -2 slow", "-ERR count should be greater than or equal to -1")]
    [InlineData("COMMANDLOG GET x fast", "-ERR count should be greater than or equal to -1")]
    [InlineData("COMMANDLOG GET 1 fast", "-ERR type should be one of the following: slow, large-request, large-reply")]
    [InlineData("COMMANDLOG LEN fast", "-ERR type should be one of the following: slow, large-request, large-reply")]
    [InlineData("COMMANDLOG RESET fast", "-ERR type should be one of the following: slow, large-request, large-reply")]
    [InlineData("COMMANDLOG GET -1 LARGE-reply", "*0")]
    [InlineData("COMMANDLOG LEN Slow", ":0")]
    [InlineData("COMMANDLOG RESET large-request", "+OK")]
    public void Arguments_are_checked(string command, string reply) => Assert.Equal(reply, _client.Call(command));

    [Fact]
    public void Requests_and_replies_over_the_bounds_are_logged_with_their_bytes()
    {
        var value = new string('v', 100);
        var set = RawClient.Encode("SET", "k", value).Length;
        _client.Call($"CONFIG SET commandlog-request-larger-than {set + 1} commandlog-reply-larger-than 109");
        _client.Call($"SET k {value}");
        _client.Call("GET k");
        Assert.Equal(":0", _client.Call("COMMANDLOG LEN large-request"));
        Assert.Equal(":0", _client.Call("COMMANDLOG LEN large-reply"));

        _client.Call($"CONFIG SET commandlog-request-larger-than {set} commandlog-reply-larger-than 108");
        _client.Call($"SET k {value}");
        _client.Call("GET k");
        Assert.Matches("^\\*1 \\*6 :0 :1767225600 :108 \\*2 \\$3 GET \\$1 k ", _client.Call("COMMANDLOG GET -1 large-reply"));
        Assert.Matches($"^\\*1 \\*6 :0 :1767225600 :{set} \\*3 \\$3 SET \\$1 k \\$100 v+ \\$[0-9]+ 127.0.0.1:[0-9]+ \\$0 ?$",
            _client.Call("COMMANDLOG GET -1 large-request"));
        Assert.Equal(":0", _client.Call("COMMANDLOG LEN slow"));
    }

    [Fact]
    public void Commands_of_a_transaction_are_logged_and_one_that_waits_once_it_is_served()
    {
        _client.Call("CONFIG SET commandlog-reply-larger-than 100");
        _client.Run(
            """
            RPUSH l one
            -> :1
            MULTI
            -> +OK
            ECHO 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789
            -> +QUEUED
            LLEN l
            -> +QUEUED
            EXEC
            -> *2 $100 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789 :1
            COMMANDLOG LEN large-reply
            -> :1
            COMMANDLOG RESET large-reply
            -> +OK
            """);
        using var waiter = _server.Connect();
        waiter.Send("BLPOP m 0");
        Await.Until(() => _client.Call("INFO clients").Contains("blocked_clients:1\r", StringComparison.Ordinal));
        _client.Call("COMMANDLOG RESET large-reply");
        _client.Call($"RPUSH m {new string('x', 100)}");
        waiter.Read();
        Assert.Matches("^\\*1 \\*6 :[0-9]+ :1767225600 :1[0-9][0-9] \\*3 \\$5 BLPOP ", _client.Call("COMMANDLOG GET -1 large-reply"));
    }

    [Fact]
    public void SLOWLOG_shows_one_of_the_logs() => _client.Run(
        """
        CONFIG SET commandlog-execution-slower-than 0 commandlog-request-larger-than 0
        -> +OK
        SLOWLOG LEN
        -> :1
        COMMANDLOG LEN slow
        -> :2
        SLOWLOG RESET
        -> +OK
        COMMANDLOG LEN slow
        -> :1
        COMMANDLOG RESET slow
        -> +OK
        SLOWLOG LEN
        -> :1
        COMMANDLOG LEN large-request
        -> :7
        """);

    [Fact]
    public void A_log_is_cut_when_its_length_is_lowered_and_off_at_0_or_below() => _client.Run(
        """
        CONFIG SET slowlog-log-slower-than 0 commandlog-request-larger-than 0
        -> +OK
        PING
        -> +PONG
        PING
        -> +PONG
        CONFIG SET slowlog-log-slower-than 1000000 slowlog-max-len 2 commandlog-large-request-max-len 1
        -> +OK
        SLOWLOG LEN
        -> :2
        COMMANDLOG LEN large-request
        -> :1
        CONFIG SET commandlog-request-larger-than -1
        -> +OK
        COMMANDLOG RESET large-request
        -> +OK
        COMMANDLOG LEN large-request
        -> :0
        CONFIG SET commandlog-request-larger-than 0 commandlog-large-request-max-len 0
        -> +OK
        COMMANDLOG LEN large-request
        -> :0
        """);
}
