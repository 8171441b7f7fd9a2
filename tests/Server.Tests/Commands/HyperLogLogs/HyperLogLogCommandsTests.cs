namespace MiniRedis.Server.Tests.Commands.HyperLogLogs;

public sealed class HyperLogLogCommandsTests : ServerTests
{
    [Fact]
    public void Adding_creates_and_answers_whether_a_register_changed() => _client.Run("""
        PFADD h
        -> :1
        PFADD h
        -> :0
        PFADD h a b c
        -> :1
        PFADD h a b c
        -> :0
        PFADD h d
        -> :1
        PFCOUNT h
        -> :4
        TYPE h
        -> +string
        OBJECT ENCODING h
        -> $3 raw
        STRLEN h
        -> :30
        PFDEBUG ENCODING h
        -> +sparse
        PFDEBUG DECODE h
        -> $57 Z:7292 v:1,1 Z:1143 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603
        PFCOUNT missing
        -> :0
        PFCOUNT missing h missing2
        -> :4
        EXISTS missing
        -> :0
        """);

    [Fact]
    public void Counting_several_keys_counts_their_union() => _client.Run("""
        PFADD a 1 2 3 4 5
        -> :1
        PFADD b 4 5 6 7 8 9
        -> :1
        PFCOUNT a
        -> :5
        PFCOUNT b
        -> :6
        PFCOUNT a b
        -> :9
        PFCOUNT a a
        -> :5
        PFCOUNT a b missing
        -> :9
        """);

    [Fact]
    public void Merging_stores_the_union_and_takes_the_old_target_in() => _client.Run("""
        PFADD a 1 2 3
        -> :1
        PFADD b 3 4 5
        -> :1
        PFMERGE c a b
        -> +OK
        PFCOUNT c
        -> :5
        PFADD d 100
        -> :1
        PFMERGE d a missing
        -> +OK
        PFCOUNT d
        -> :4
        PFMERGE e
        -> +OK
        PFCOUNT e
        -> :0
        PFDEBUG ENCODING e
        -> +sparse
        PFDEBUG TODENSE b
        -> :1
        PFDEBUG TODENSE b
        -> :0
        PFMERGE c b
        -> +OK
        PFDEBUG ENCODING c
        -> +dense
        PFCOUNT c
        -> :5
        STRLEN c
        -> :12304
        PFDEBUG DECODE c
        -> -ERR HLL encoding is not sparse
        """);

    [Fact]
    public void What_is_no_HyperLogLog_is_refused() => _client.Run("""
        SET s abc
        -> +OK
        PFADD s a
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFCOUNT s
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFCOUNT missing s
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE x s
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        PFMERGE s x
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET n 12
        -> +OK
        PFADD n a
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET short HYLL
        -> +OK
        PFCOUNT short
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET badenc "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
        -> +OK
        PFADD badenc a
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        SET baddense "HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
        -> +OK
        PFCOUNT baddense
        -> -WRONGTYPE Key is not a valid HyperLogLog string value.
        EXISTS x
        -> :0
        PFDEBUG ENCODING missing
        -> -ERR The specified key does not exist
        PFDEBUG NOPE missing
        -> -ERR The specified key does not exist
        PFADD h a
        -> :1
        PFDEBUG NOPE h
        -> -ERR Unknown PFDEBUG subcommand 'NOPE'
        PFADD
        -> -ERR wrong number of arguments for 'pfadd' command
        PFCOUNT
        -> -ERR wrong number of arguments for 'pfcount' command
        PFMERGE
        -> -ERR wrong number of arguments for 'pfmerge' command
        PFDEBUG ENCODING
        -> -ERR wrong number of arguments for 'pfdebug' command
        """);

    [Fact]
    public void Corrupt_registers_are_an_error() => _client.Run("""
        SET h "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f"
        -> +OK
        SET i "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80"
        -> +OK
        PFCOUNT i
        -> -INVALIDOBJ Corrupted HLL object detected
        PFADD i a
        -> -INVALIDOBJ Corrupted HLL object detected
        PFMERGE x i
        -> -INVALIDOBJ Corrupted HLL object detected
        PFDEBUG TODENSE i
        -> -INVALIDOBJ Corrupted HLL object detected
        PFDEBUG GETREG i
        -> -INVALIDOBJ Corrupted HLL object detected
        PFDEBUG DECODE i
        -> $0 
        SET j "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xff\x00"
        -> +OK
        PFCOUNT j
        -> -INVALIDOBJ Corrupted HLL object detected
        PFCOUNT j j
        -> -INVALIDOBJ Corrupted HLL object detected
        PFDEBUG DECODE j
        -> $11 Z:16384 z:1
        SET l "HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x7f\xf0\x80"
        -> +OK
        PFCOUNT l
        -> -INVALIDOBJ Corrupted HLL object detected
        """);

    [Fact]
    public void What_was_added_before_corrupt_registers_were_met_is_all_that_is_propagated()
    {
        // Half of the registers, all zero, and nothing for the others.
        const string Half = "\"HYLL\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x5f\\xff\"";
        string Added(string elements)
        {
            Assert.Equal("+OK", _client.Call($"SET h {Half}"));
            return _client.Call($"PFADD h {elements}");
        }

        var letters = "abcdefghij".Select(letter => letter.ToString()).ToLookup(letter => Added(letter) == ":1");
        Assert.StartsWith("-INVALIDOBJ", Added(letters[false].First()));
        _server.Effects.Commands.Clear();
        var (first, second, lost) = (letters[true].First(), letters[true].Last(), letters[false].First());
        Assert.StartsWith("-INVALIDOBJ", Added($"{first} {second} {lost} {first}"));
        Assert.Equal($"PFADD h {first} {second}", _server.Effects.Commands.Last());
    }

    [Fact]
    public void The_expiry_stays() => _client.Run("""
        PFADD h a
        -> :1
        EXPIRE h 100
        -> :1
        PFADD h b c d
        -> :1
        TTL h
        -> :100
        PFDEBUG TODENSE h
        -> :1
        TTL h
        -> :100
        PFMERGE h h
        -> +OK
        TTL h
        -> :100
        """);

    [Fact]
    public void Bytes_are_those_of_Redis()
    {
        _client.Call("PFADD h a b c");
        Assert.Equal(@"$27 HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`\xf3\x80P\xb1\x84K\xfb\x80BZ", Escape(_client.Call("GET h")));
        _client.Call("PFCOUNT h");
        Assert.StartsWith(@"$27 HYLL\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00", Escape(_client.Call("GET h")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_value_turns_dense_beyond_its_limit()
    {
        using var server = new TestServer("hll-sparse-max-bytes 40");
        using var client = server.Connect();
        client.Run("""
            PFADD h 1 2 3 4 5 6
            -> :1
            PFDEBUG ENCODING h
            -> +sparse
            PFADD h 7 8 9 10 11 12
            -> :1
            PFDEBUG ENCODING h
            -> +dense
            STRLEN h
            -> :12304
            PFCOUNT h
            -> :12
            """);
    }

    [Fact]
    public void Counting_is_propagated_when_it_changes_the_cache_and_has_no_event_of_its_class()
    {
        _client.Call("PFADD h a");
        _client.Call("PFADD h a");
        _client.Call("PFCOUNT h");
        _client.Call("PFCOUNT h");
        _client.Call("PFMERGE g h");
        Assert.Equal(["PFADD h a", "PFCOUNT h", "PFMERGE g h"], _server.Effects.Commands);
        Assert.Equal(["new@0 h", "pfadd@0 h", "pfcount@0 h", "keymiss@0 g", "new@0 g", "pfadd@0 g"], _server.Effects.Events);
    }

    [Fact]
    public void Registers_are_shown_and_the_build_tests_itself()
    {
        _client.Call("PFADD h a");
        var registers = _client.Call("PFDEBUG GETREG h");
        Assert.StartsWith("*16384 :0 :0", registers, StringComparison.Ordinal);
        Assert.Equal(16383, registers.Split(' ').Count(r => r == ":0"));
        Assert.Equal("+dense", _client.Call("PFDEBUG ENCODING h"));
        Assert.Equal("+OK", _client.Call("PFSELFTEST"));
    }

    static string Escape(string text) =>
        string.Concat(text.Select(c => c == '\\' ? @"\\" : c is >= ' ' and <= '~' ? $"{c}" : $"\\x{(int)c:x2}"));
}
