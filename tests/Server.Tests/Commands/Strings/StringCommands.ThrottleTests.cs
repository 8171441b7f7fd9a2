namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsThrottleTests : ServerTests
{
    string Throttle(string arguments) => _client.Call($"CL.THROTTLE {arguments}").Replace("*5 :", "", StringComparison.Ordinal).Replace(" :", " ", StringComparison.Ordinal);

    [Fact]
    public void Tokens_are_taken_and_come_back_one_after_the_other()
    {
        Assert.Equal("0 16 15 -1 2", Throttle("user 15 30 60"));
        Assert.Equal("0 16 14 -1 4", Throttle("user 15 30 60 1"));
        Assert.Equal("0 16 0 -1 32", Throttle("user 15 30 60 14"));
        Assert.Equal("1 16 0 2 32", Throttle("user 15 30 60"));
        Assert.Equal("1 16 0 6 32", Throttle("user 15 30 60 3"));
        _server.Advance(TimeSpan.FromMilliseconds(1001));
        // Seconds are rounded up: who waits for so long is not refused again.
        Assert.Equal("1 16 0 1 31", Throttle("user 15 30 60"));
        Assert.Equal("1 16 0 999 30999", Throttle("user 15 30 60 1 MS"));
        _server.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal("0 16 0 -1 32", Throttle("user 15 30 60"));
        _server.Advance(TimeSpan.FromSeconds(32.001));
        Assert.Equal(":0", _client.Call("EXISTS user"));
        Assert.Equal("0 16 15 -1 2000", Throttle("user 15 30 60 ms"));
    }

    [Fact]
    public void Without_a_burst_there_is_one_token()
    {
        Assert.Equal("0 1 0 -1 10", Throttle("k 0 1 10"));
        Assert.Equal("1 1 0 10 10", Throttle("k 0 1 10"));
        Assert.Equal("1 1 0 -1 10", Throttle("k 0 1 10 2"));
    }

    [Fact]
    public void A_look_takes_nothing_and_tells_how_long_a_token_is_away()
    {
        Assert.Equal("0 2 2 -1 0", Throttle("k 1 1 10 0"));
        Assert.Equal(":0", _client.Call("EXISTS k"));
        Throttle("k 1 1 10 2");
        Assert.Equal("1 2 0 10 20", Throttle("k 1 1 10 0"));
        _server.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("0 2 1 -1 10", Throttle("k 1 1 10 0"));
    }

    [Fact]
    public void Tokens_are_given_back_up_to_the_limit()
    {
        Throttle("k 4 1 10 3");
        Assert.Equal("0 5 4 -1 10", Throttle("k 4 1 10 -2"));
        Assert.Equal("0 5 5 -1 0", Throttle("k 4 1 10 -7"));
        Assert.Equal(":0", _client.Call("EXISTS k"));
        Assert.Equal("0 5 5 -1 0", Throttle("k 4 1 10 -1"));
        Assert.Equal(":0", _client.Call("EXISTS k"));
    }

    [Fact]
    public void Rates_above_one_a_nanosecond_are_told_of()
    {
        Assert.Equal("0 1 0 -1 1", Throttle("k 0 1000000000 1"));
        Assert.Equal("-ERR rate is too high", Throttle("k 0 1000000001 1"));
    }

    [Theory]
    [InlineData("k 1 1", "wrong number of arguments for 'cl.throttle' command")]
    [InlineData("k x 1 1", "value is not an integer or out of range")]
    [InlineData("k 1 1.5 1", "value is not an integer or out of range")]
    [InlineData("k 1 1 1 y", "value is not an integer or out of range")]
    [InlineData("k 1 1 1 1 1", "syntax error")]
    [InlineData("k 1 1 1 1 MS MS", "syntax error")]
    [InlineData("k -1 1 1", "value is out of range, must be positive")]
    [InlineData("k 1 0 1", "value is out of range, must be positive")]
    [InlineData("k 1 1 0", "value is out of range, must be positive")]
    [InlineData("k 9223372036854775807 1 1", "max_burst, period or quantity is too large")]
    [InlineData("k 1 1 9223372036854775807", "max_burst, period or quantity is too large")]
    [InlineData("k 1 1 1 9223372036854775807", "max_burst, period or quantity is too large")]
    [InlineData("k 1 1 1 -9223372036854775808", "max_burst, period or quantity is too large")]
    public void Bad_arguments_change_nothing(string arguments, string error)
    {
        Assert.Equal($"-ERR {error}", _client.Call($"CL.THROTTLE {arguments}"));
        Assert.Equal(":0", _client.Call("DBSIZE"));
    }

    [Fact]
    public void Only_its_own_numbers_are_understood()
    {
        _client.Call("SET s text");
        Assert.Equal("-ERR value is not an integer or out of range", _client.Call("CL.THROTTLE s 1 1 1"));
        _client.Call("LPUSH l x");
        Assert.Equal("-WRONGTYPE Operation against a key holding the wrong kind of value", _client.Call("CL.THROTTLE l 1 1 1"));
    }

    [Fact]
    public void It_propagates_as_a_set_and_refusals_do_not()
    {
        Throttle("k 0 1 10");
        Throttle("k 0 1 10");
        Throttle("k 0 1 10 0");
        Throttle("k 0 1 10 -1");
        var full = _server.Time.Now + 10_000;
        Assert.Equal([$"SET k {full}000000 PXAT {full}", "DEL k"], _server.Effects.Commands);
    }
}
