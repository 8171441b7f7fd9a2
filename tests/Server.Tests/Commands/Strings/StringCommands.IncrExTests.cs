using System.Globalization;

namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsIncrExTests : ServerTests
{
    const string Max = "9223372036854775807", Min = "-9223372036854775808";

    /// <summary>Sets k, runs INCREX on it, and returns the reply and what k holds then.</summary>
    (string Reply, string Value) IncrEx(string value, string options)
    {
        _client.Call(value.Length == 0 ? "DEL k" : $"SET k {value}");
        var reply = _client.Call($"INCREX k {options}");
        var after = _client.Call("GET k");
        return (reply, after == "$-1" ? "" : after[(after.IndexOf(' ') + 1)..]);
    }

    static string Integers(long value, long applied) => $"*2 :{value} :{applied}";

    static string Texts(string value, string applied) => $"*2 ${value.Length} {value} ${applied.Length} {applied}";

    [Theory]
    [InlineData("", "", "1", 1)]
    [InlineData("10", "", "11", 1)]
    [InlineData("10", "BYINT -3", "7", -3)]
    [InlineData("10", "byint 5 ubound 15", "15", 5)]
    [InlineData("10", "BYINT 5 UBOUND 12", "10", 0)]
    [InlineData("10", "BYINT -5 UBOUND 5", "5", -5)]
    [InlineData("10", "BYINT -5 LBOUND 8", "10", 0)]
    [InlineData("10", "BYINT 5 LBOUND 20", "10", 0)]
    [InlineData("10", "BYINT 5 UBOUND 12 SATURATE", "12", 2)]
    [InlineData("10", "BYINT 5 UBOUND 5 SATURATE", "5", -5)]
    [InlineData("10", "BYINT -5 LBOUND 20 SATURATE", "20", 10)]
    [InlineData("10", "SATURATE LBOUND 0 BYINT 9223372036854775807 UBOUND 100", "100", 90)]
    [InlineData(Max, "", Max, 0)]
    [InlineData(Max, "SATURATE", Max, 0)]
    [InlineData("9223372036854775800", "BYINT 10 SATURATE", Max, 7)]
    [InlineData("-9223372036854775800", "BYINT -10 SATURATE", Min, -8)]
    [InlineData("10", "NX", "10", 0)]
    [InlineData("", "NX BYINT 3", "3", 3)]
    [InlineData("10", "XX", "11", 1)]
    public void Integers_are_added_within_bounds(string value, string options, string after, long applied) => Assert.Equal(
        (Integers(long.Parse(after, CultureInfo.InvariantCulture), applied), after), IncrEx(value, options));

    [Theory]
    [InlineData("UBOUND 0", 0, "")]
    [InlineData("UBOUND 0 SATURATE", 0, "0")]
    [InlineData("LBOUND 5", 0, "")]
    [InlineData("LBOUND 5 SATURATE", 5, "5")]
    [InlineData("XX", 0, "")]
    public void A_missing_key_is_created_only_by_a_sum_that_counts(string options, long sum, string after) =>
        Assert.Equal((Integers(sum, sum), after), IncrEx("", options));

    [Theory]
    [InlineData("", "2.5", "2.5", "2.5")]
    [InlineData("0.1", "0.2", "0.3", "0.2")]
    [InlineData("10", "-2.5", "7.5", "-2.5")]
    [InlineData("10", "5.5 UBOUND 12.5", "10", "0")]
    [InlineData("10", "5.5 UBOUND 12.5 SATURATE", "12.5", "2.5")]
    [InlineData("10", "-6.0 LBOUND 8.0 SATURATE", "8", "-2")]
    [InlineData("10", "1 UBOUND +inf LBOUND -inf", "11", "1")]
    [InlineData("10", "1 LBOUND inf UBOUND inf", "10", "0")]
    [InlineData("10", "1e4931 UBOUND 100 SATURATE", "100", "90")]
    [InlineData("-5", "-1e4932 LBOUND -100", "-5", "0")]
    public void Floats_are_added_within_bounds(string value, string options, string after, string applied) =>
        Assert.Equal((Texts(after, applied), after), IncrEx(value, $"BYFLOAT {options}"));

    [Fact]
    public void A_sum_beyond_all_floats_leaves_the_key_or_becomes_the_largest_of_them()
    {
        Assert.EndsWith(" $1 0", IncrEx("1e4932", "BYFLOAT 1e4932").Reply, StringComparison.Ordinal);
        Assert.Equal("1e4932", IncrEx("1e4932", "BYFLOAT 1e4932 EX 100").Value);
        Assert.Equal(":-1", _client.Call("TTL k"));
        var (_, saturated) = IncrEx("1e4932", "BYFLOAT 1e4932 SATURATE");
        Assert.StartsWith("11897314953572317650", saturated, StringComparison.Ordinal);
        Assert.Equal(saturated, IncrEx(saturated, "BYFLOAT 0").Value);
        Assert.Equal("-ERR applied increment would be Infinity", IncrEx("-1e4932", "BYFLOAT 1 LBOUND 1e4932 SATURATE").Reply);
    }

    [Fact]
    public void Resp3_has_doubles()
    {
        using var client = _server.Connect(protocol: 3);
        Assert.Equal("*2 ,2.5 ,2.5", client.Call("INCREX f BYFLOAT 2.5"));
        Assert.Equal("*2 ,0 ,0", client.Call("INCREX missing XX BYFLOAT 2.5"));
        Assert.Equal("*2 :1 :1", client.Call("INCREX n"));
    }

    [Theory]
    [InlineData("FOO", "syntax error")]
    [InlineData("BYINT", "syntax error")]
    [InlineData("LBOUND", "syntax error")]
    [InlineData("NX XX", "syntax error")]
    [InlineData("BYINT 1 BYINT 2", "syntax error")]
    [InlineData("BYINT 1 BYFLOAT 2", "syntax error")]
    [InlineData("UBOUND 9 UBOUND 8", "syntax error")]
    [InlineData("SATURATE SATURATE", "syntax error")]
    [InlineData("EX 10 EX 20", "syntax error")]
    [InlineData("EX 10 PX 20", "syntax error")]
    [InlineData("PERSIST EX 10", "syntax error")]
    [InlineData("PERSIST PERSIST", "syntax error")]
    [InlineData("ENX PERSIST", "syntax error")]
    [InlineData("ENX ENX EX 10", "syntax error")]
    [InlineData("EX 10 KEEPTTL", "syntax error")]
    [InlineData("ENX", "ENX flag requires an expiration")]
    [InlineData("BYINT 1.5", "Increment is not an integer or out of range")]
    [InlineData("BYFLOAT abc", "Increment is not a valid float")]
    [InlineData("BYFLOAT nan", "Increment is not a valid float")]
    [InlineData("BYFLOAT 1e99999", "Increment is not a valid float")]
    [InlineData("BYFLOAT +inf", "BYFLOAT increment cannot be Infinity")]
    [InlineData("UBOUND inf", "UBOUND is not an integer or out of range")]
    [InlineData("LBOUND 0.5", "LBOUND is not an integer or out of range")]
    [InlineData("BYFLOAT 1 UBOUND abc", "UBOUND is not a valid float")]
    [InlineData("BYFLOAT 1 LBOUND abc", "LBOUND is not a valid float")]
    [InlineData("LBOUND 10 UBOUND 5", "LBOUND can't be greater than UBOUND")]
    [InlineData("BYFLOAT 1 UBOUND -inf", "LBOUND can't be greater than UBOUND")]
    [InlineData("EX 0", "invalid expire time in 'increx' command")]
    [InlineData("PX -1", "invalid expire time in 'increx' command")]
    [InlineData("EX x", "value is not an integer or out of range")]
    public void Bad_options_change_nothing(string options, string error) => Assert.Equal(($"-ERR {error}", "10"), IncrEx("10", options));

    [Theory]
    [InlineData("abc", "", "value is not an integer or out of range")]
    [InlineData("1.5", "", "value is not an integer or out of range")]
    [InlineData("abc", "BYFLOAT 1", "value is not a valid float")]
    [InlineData("inf", "BYFLOAT 1", "value cannot be Infinity")]
    [InlineData("abc", "EXAT 1", "value is not an integer or out of range")]
    [InlineData(Max, "BYINT -5 UBOUND -9223372036854775808 SATURATE", "applied increment would overflow")]
    public void A_value_that_cannot_be_added_to_stays(string value, string options, string error) =>
        Assert.Equal(($"-ERR {error}", value), IncrEx(value, options));

    [Fact]
    public void Deadlines_are_set_kept_and_removed() => _client.Run("""
        INCREX k EX 100
        -> *2 :1 :1
        TTL k
        -> :100
        INCREX k
        -> *2 :2 :1
        TTL k
        -> :100
        INCREX k EX 10 ENX
        -> *2 :3 :1
        TTL k
        -> :100
        INCREX k UBOUND 3 EX 10
        -> *2 :3 :0
        TTL k
        -> :100
        INCREX k PERSIST
        -> *2 :4 :1
        TTL k
        -> :-1
        INCREX k PX 5000 ENX
        -> *2 :5 :1
        PTTL k
        -> :5000
        INCREX k EXAT 1 ENX
        -> *2 :6 :1
        PTTL k
        -> :5000
        INCREX k EXAT 1
        -> *2 :7 :1
        EXISTS k
        -> :0
        INCREX k EXAT 1
        -> *2 :1 :1
        EXISTS k
        -> :0
        LPUSH l a
        -> :1
        INCREX l EXAT 1
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        SET e 1
        -> +OK
        APPEND e 2
        -> :2
        INCREX e
        -> *2 :13 :1
        OBJECT ENCODING e
        -> $3 int
        """);

    [Fact]
    public void It_propagates_as_a_set_of_the_sum()
    {
        _client.Call("INCREX k BYINT 5");
        _client.Call("INCREX k BYFLOAT 0.5");
        _client.Call("INCREX k BYFLOAT 1 PXAT 99999999999999");
        _client.Call("INCREX k BYFLOAT 1 PX 1 ENX");
        _client.Call("INCREX k BYFLOAT 100 UBOUND 9 SATURATE PERSIST");
        _client.Call("INCREX k BYFLOAT 1 UBOUND 1");
        _client.Call("INCREX k BYFLOAT 1 EXAT 1");
        _client.Call("INCREX k EXAT 1");
        Assert.Equal(
            ["SET k 5 KEEPTTL", "SET k 5.5 KEEPTTL", "SET k 6.5 PXAT 99999999999999", "SET k 7.5 KEEPTTL", "SET k 9", "DEL k"],
            _server.Effects.Commands);
        Assert.Equal(
            ["incrby@0 k", "incrbyfloat@0 k", "incrbyfloat@0 k", "expire@0 k", "incrbyfloat@0 k", "incrbyfloat@0 k", "persist@0 k", "del@0 k"],
            _server.Effects.Events.Where(e => !e.StartsWith("new", StringComparison.Ordinal)));
    }
}
