namespace MiniRedis.Server.Tests.Commands.Strings;

public sealed class StringCommandsLcsTests : ServerTests
{
    [Fact]
    public void The_subsequence_its_length_and_its_ranges() => _client.Run("""
        MSET a ohmytext b mynewtext
        -> +OK
        LCS a b
        -> $6 mytext
        LCS a b LEN
        -> :6
        LCS a b IDX
        -> *4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6
        LCS a b IDX MINMATCHLEN 4
        -> *4 $7 matches *1 *2 *2 :4 :7 *2 :5 :8 $3 len :6
        LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
        -> *4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6
        LCS a b IDX WITHMATCHLEN MINMATCHLEN 0
        -> *4 $7 matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *3 *2 :2 :3 *2 :0 :1 :2 $3 len :6
        LCS a b IDX MINMATCHLEN -5
        -> *4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6
        LCS a b IDX MINMATCHLEN 100
        -> *4 $7 matches *0 $3 len :6
        LCS a b LEN WITHMATCHLEN
        -> :6
        LCS a a IDX
        -> *4 $7 matches *1 *2 *2 :0 :7 *2 :0 :7 $3 len :8
        LCS a missing
        -> $0 
        LCS a missing LEN
        -> :0
        LCS missing missing2 IDX
        -> *4 $7 matches *0 $3 len :0
        SET n 12345
        -> +OK
        SET m 2345
        -> +OK
        LCS n m
        -> $4 2345
        """);

    [Fact]
    public void Options_are_checked() => _client.Run("""
        MSET a ohmytext b mynewtext
        -> +OK
        LCS a b LEN IDX
        -> -ERR If you want both the length and indexes, please just use IDX.
        LCS a b FOO
        -> -ERR syntax error
        LCS a b MINMATCHLEN
        -> -ERR syntax error
        LCS a b MINMATCHLEN x
        -> -ERR value is not an integer or out of range
        LCS a
        -> -ERR wrong number of arguments for 'lcs' command
        """);

    [Fact]
    public void Ranges_are_a_map_in_RESP3()
    {
        using var client = _server.Connect(protocol: 3);
        client.Run("""
            MSET a xaby b zabw
            -> +OK
            LCS a b IDX WITHMATCHLEN
            -> %2 $7 matches *1 *3 *2 :1 :2 *2 :1 :2 :2 $3 len :2
            """);
    }
}
