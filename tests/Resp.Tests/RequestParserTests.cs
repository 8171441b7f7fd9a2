using System.Buffers;
using System.Text;

namespace MiniRedis.Resp.Tests;

/// <summary>Every wire sample is tested whole, cut at every byte, one byte at a time, and spread over segments.</summary>
public class RequestParserTests
{
    public static TheoryData<string, string[]> Samples => new()
    {
        { "*1\r\n$4\r\nPING\r\n", ["PING"] },
        { "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n", ["GET", "key"] },
        { "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$64\r\n" + new string('v', 64) + "\r\n", ["SET", "key:000000000001", new string('v', 64)] },
        { "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", ["ECHO", ""] },
        { "*2\r\n$4\r\nECHO\r\n$4\r\n\r\n$1\r\n", ["ECHO", "\r\n$1"] },
        { "*2\r\n$4\r\nECHO\r\n$123\r\n" + new string('x', 123) + "\r\n", ["ECHO", new string('x', 123)] },
        { "*12\r\n" + string.Concat(Enumerable.Repeat("$1\r\na\r\n", 12)), [.. Enumerable.Repeat("a", 12)] },
        { "PING\r\n", ["PING"] },
        { "PING\n", ["PING"] },
        { "  set  key\tvalue \r\n", ["set", "key", "value"] },
        { "set k \"a b\\x41\\n\\r\\t\\b\\a\\q\\\"\" 'it\\'s \\n'\r\n", ["set", "k", "a bA\n\r\t\b\aq\"", "it's \\n"] },
        { "set k \"\" ''\r\n", ["set", "k", "", ""] },
        { "a\"b c\" d\r\n", ["ab c", "d"] },
        { "echo \"\\xZZ\\x4\"\r\n", ["echo", "xZZx4"] },
    };

    public static TheoryData<string> BlankSamples => ["\r\n", "\n", "   \r\n", "*0\r\n", "*-1\r\n", "*-20\r\n"];

    public static TheoryData<string, string> BrokenSamples => new()
    {
        { "*x\r\n", Errors.InvalidMultibulkLength },
        { "*\r\n", Errors.InvalidMultibulkLength },
        { "*01\r\n", Errors.InvalidMultibulkLength },
        { "*+1\r\n", Errors.InvalidMultibulkLength },
        { "* 1\r\n", Errors.InvalidMultibulkLength },
        { "*2147483648\r\n", Errors.InvalidMultibulkLength },
        { "*99999999999999999999999\r\n", Errors.InvalidMultibulkLength },
        { "*1\r\nPING\r\n", "Protocol error: expected '$', got 'P'" },
        { "*1\r\n\r\n\r\n", "Protocol error: expected '$', got ' '" },
        { "*1\r\n:1\r\n", "Protocol error: expected '$', got ':'" },
        { "*1\r\n$\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$-1\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$x\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$04\r\nPING\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$1x\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$12x\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$012\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$536870913\r\n", Errors.InvalidBulkLength },
        { "*1\r\n$9223372036854775808\r\n", Errors.InvalidBulkLength },
        { "*2\r\n$4\r\nECHO\r\n?3\r\nabc\r\n", "Protocol error: expected '$', got '?'" },
        { "set k \"a\r\n", Errors.UnbalancedQuotes },
        { "set k 'a\r\n", Errors.UnbalancedQuotes },
        { "set k \"a\"b\r\n", Errors.UnbalancedQuotes },
        { "set k 'a'b\r\n", Errors.UnbalancedQuotes },
        { "set k \"a\\\r\n", Errors.UnbalancedQuotes },
    };

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_whole_request_is_parsed_and_what_follows_it_is_left(string wire, string[] expected)
    {
        var parser = new RequestParser();
        byte[] bytes = Latin1(wire + "*1\r\n");
        Assert.Equal(ParseStatus.Request, Parse(ref parser, bytes, out string[] got, out int consumed, out _, out _));
        Assert.Equal(expected, got);
        Assert.Equal(wire.Length, consumed);
        Assert.True(parser.IsIdle);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_request_cut_at_any_byte_is_parsed_when_the_rest_arrives(string wire, string[] expected)
    {
        byte[] bytes = Latin1(wire);
        for (int cut = 1; cut < bytes.Length; cut++)
        {
            var parser = new RequestParser();
            Assert.Equal(ParseStatus.NeedMore, Parse(ref parser, bytes.AsSpan(0, cut), out _, out int consumed, out long wanted, out _));
            Assert.Equal(0, consumed);
            Assert.InRange(wanted, cut + 1, bytes.Length);
            Assert.False(parser.IsIdle);
            Assert.Equal(ParseStatus.Request, Parse(ref parser, bytes, out string[] got, out consumed, out _, out _));
            Assert.Equal(expected, got);
            Assert.Equal(bytes.Length, consumed);
            Assert.True(parser.IsIdle);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_request_that_arrives_byte_by_byte_is_parsed_at_its_last_byte(string wire, string[] expected)
    {
        byte[] bytes = Latin1(wire);
        var parser = new RequestParser();
        for (int have = 0; have < bytes.Length; have++)
            Assert.Equal(ParseStatus.NeedMore, Parse(ref parser, bytes.AsSpan(0, have), out _, out _, out _, out _));
        Assert.Equal(ParseStatus.Request, Parse(ref parser, bytes, out string[] got, out _, out _, out _));
        Assert.Equal(expected, got);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_request_spread_over_segments_is_parsed(string wire, string[] expected)
    {
        byte[] bytes = Latin1(wire + "PING\r\n");
        for (int size = 1; size <= bytes.Length; size++)
        {
            var args = new ArgBuffer();
            var parser = new RequestParser();
            ReadOnlySequence<byte> sequence = Segments.Of(bytes, size);
            Assert.Equal(ParseStatus.Request, parser.Parse(ref sequence, new ParserLimits(), args, out Request request, out _, out _));
            Assert.Equal(expected, Texts(request));
            Assert.Equal(6, sequence.Length);
            Assert.Equal(ParseStatus.Request, parser.Parse(ref sequence, new ParserLimits(), args, out request, out _, out _));
            Assert.Equal(["PING"], Texts(request));
            Assert.True(sequence.IsEmpty);
        }
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void A_request_that_arrives_byte_by_byte_in_segments_is_parsed_at_its_last_byte(string wire, string[] expected)
    {
        byte[] bytes = Latin1(wire);
        var args = new ArgBuffer();
        var parser = new RequestParser();
        for (int have = 0; have < bytes.Length; have++)
        {
            ReadOnlySequence<byte> part = Segments.Of(bytes.AsSpan(0, have), 3);
            Assert.Equal(ParseStatus.NeedMore, parser.Parse(ref part, new ParserLimits(), args, out _, out _, out _));
        }

        ReadOnlySequence<byte> all = Segments.Of(bytes, 3);
        Assert.Equal(ParseStatus.Request, parser.Parse(ref all, new ParserLimits(), args, out Request request, out _, out _));
        Assert.Equal(expected, Texts(request));
    }

    [Theory]
    [MemberData(nameof(BlankSamples))]
    public void A_request_without_arguments_is_consumed_and_asks_for_no_reply(string wire)
    {
        byte[] bytes = Latin1(wire);
        for (int cut = 0; cut < bytes.Length; cut++)
        {
            var parser = new RequestParser();
            Assert.Equal(ParseStatus.NeedMore, Parse(ref parser, bytes.AsSpan(0, cut), out _, out _, out _, out _));
            Assert.Equal(ParseStatus.Empty, Parse(ref parser, bytes, out _, out int consumed, out _, out _));
            Assert.Equal(bytes.Length, consumed);
            Assert.True(parser.IsIdle);
        }
    }

    [Theory]
    [MemberData(nameof(BrokenSamples))]
    public void Bytes_that_are_not_the_protocol_are_refused_with_the_text_of_Redis(string wire, string expected)
    {
        byte[] bytes = Latin1(wire);
        for (int cut = 0; cut <= bytes.Length; cut++)
        {
            var parser = new RequestParser();
            ParseStatus status = Parse(ref parser, bytes.AsSpan(0, cut), out _, out _, out _, out string? error);
            if (status == ParseStatus.NeedMore) status = Parse(ref parser, bytes, out _, out _, out _, out error);
            Assert.Equal((ParseStatus.ProtocolError, expected), (status, error));
        }
    }

    [Theory]
    [MemberData(nameof(BrokenSamples))]
    public void Broken_bytes_spread_over_segments_are_refused_alike(string wire, string expected)
    {
        ReadOnlySequence<byte> sequence = Segments.Of(Latin1(wire), 2);
        var parser = new RequestParser();
        Assert.Equal(ParseStatus.ProtocolError, parser.Parse(ref sequence, new ParserLimits(), new ArgBuffer(), out _, out _, out string? error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("", 'x', Errors.TooBigInlineRequest)]
    [InlineData("*", '1', Errors.TooBigMultibulkCount)]
    [InlineData("*1\r\n$", '1', Errors.TooBigBulkCount)]
    public void A_line_of_64_KB_is_waited_for_and_one_byte_more_is_too_big(string start, char filler, string expected)
    {
        int lineStart = start.LastIndexOf('\n') + 1;
        byte[] bytes = Latin1(start + new string(filler, 65536 - (start.Length - lineStart)) + filler);
        var parser = new RequestParser();
        Assert.Equal(ParseStatus.NeedMore, Parse(ref parser, bytes.AsSpan(0, bytes.Length - 1), out _, out _, out _, out _));
        Assert.Equal(ParseStatus.ProtocolError, Parse(ref parser, bytes, out _, out _, out _, out string? error));
        Assert.Equal(expected, error);

        ReadOnlySequence<byte> segments = Segments.Of(bytes, 4000);
        parser.Reset();
        Assert.Equal(ParseStatus.ProtocolError, parser.Parse(ref segments, new ParserLimits(), new ArgBuffer(), out _, out _, out error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("*11\r\n", Errors.UnauthenticatedMultibulkLength)]
    [InlineData("*1\r\n$16385\r\n", Errors.UnauthenticatedBulkLength)]
    [InlineData("*10\r\n", null)]
    [InlineData("*1\r\n$16384\r\n", null)]
    public void A_client_that_has_not_authenticated_may_send_little(string wire, string? expected)
    {
        var parser = new RequestParser();
        var limits = new ParserLimits { Authenticated = false };
        ParseStatus status = parser.Parse(Latin1(wire), limits, new ArgBuffer(), out _, out _, out _, out string? error);
        Assert.Equal(expected is null ? ParseStatus.NeedMore : ParseStatus.ProtocolError, status);
        Assert.Equal(expected, error);
    }

    [Fact]
    public void A_bulk_longer_than_proto_max_bulk_len_is_refused_and_one_as_long_is_awaited()
    {
        var limits = new ParserLimits { MaxBulkLength = 1000 };
        var parser = new RequestParser();
        Assert.Equal(ParseStatus.NeedMore, parser.Parse("*1\r\n$1000\r\n"u8, limits, new ArgBuffer(), out _, out _, out long wanted, out _));
        Assert.Equal(4 + 7 + 1000 + 2, wanted);
        parser.Reset();
        Assert.Equal(ParseStatus.ProtocolError, parser.Parse("*1\r\n$1001\r\n"u8, limits, new ArgBuffer(), out _, out _, out _, out string? error));
        Assert.Equal(Errors.InvalidBulkLength, error);
    }

    [Fact]
    public void A_large_bulk_says_at_once_how_many_bytes_it_needs()
    {
        var parser = new RequestParser();
        Assert.Equal(ParseStatus.NeedMore, Parse(ref parser, "*2\r\n$4\r\nECHO\r\n$536870912\r\nab"u8, out _, out _, out long wanted, out _));
        Assert.Equal(14 + 12 + 536870912 + 2, wanted);
    }

    [Fact]
    public void A_header_that_announces_a_billion_arguments_makes_nothing_grow()
    {
        var args = new ArgBuffer();
        var parser = new RequestParser();
        // Once to warm up: the runtime allocates for its own sake when a method runs first.
        parser.Parse("*1000000000\r\n$1\r\na\r\n"u8, new ParserLimits(), args, out _, out _, out _, out _);
        parser.Reset();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ParseStatus status = parser.Parse("*1000000000\r\n$1\r\na\r\n"u8, new ParserLimits(), args, out _, out _, out _, out _);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal((ParseStatus.NeedMore, 0), (status, allocated));
    }

    [Fact]
    public void A_million_arguments_that_arrive_in_small_pieces_cost_linear_time()
    {
        const int Count = 1_000_000;
        byte[] bytes = Latin1($"*{Count}\r\n" + string.Concat(Enumerable.Repeat("$3\r\nabc\r\n", Count)));
        var args = new ArgBuffer();
        var parser = new RequestParser();
        // 9,000 pieces of 1,000 bytes: quadratic work would be 40 GB of headers, minutes instead of milliseconds.
        for (int have = 1000; have < bytes.Length; have += 1000)
            Assert.Equal(ParseStatus.NeedMore, parser.Parse(bytes.AsSpan(0, have), new ParserLimits(), args, out _, out _, out _, out _));
        Assert.Equal(ParseStatus.Request, parser.Parse(bytes, new ParserLimits(), args, out Request request, out _, out _, out _));
        Assert.Equal(Count, request.Count);
        Assert.True(request[Count - 1].SequenceEqual("abc"u8));
        args.Trim();
    }

    [Fact]
    public void Requests_in_a_pipeline_are_parsed_without_allocating()
    {
        byte[] bytes = Latin1(string.Concat(Enumerable.Repeat("*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$3\r\nabc\r\nSET a \"b c\"\r\n", 50)));
        var args = new ArgBuffer();
        int warm = ParseAll(bytes, args);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int again = ParseAll(bytes, args);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((100, 100), (warm, again));
    }

    [Fact]
    public void Random_bytes_never_throw_and_never_read_past_the_end()
    {
        const string Alphabet = "*$0123456789\r\n\r\n\r\n-ab\" '\\x\0\xff";
        for (int seed = 0; seed < 20_000; seed++)
        {
            var random = new Random(seed);
            byte[] bytes = new byte[random.Next(60)];
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)Alphabet[random.Next(Alphabet.Length)];
            if (bytes.Length > 8 && random.Next(3) > 0) "*2\r\n$1\r\n"u8.CopyTo(bytes);

            // What comes out must not depend on how the bytes came in.
            string whole = Run(bytes, bytes.Length);
            Assert.Equal(whole, Run(bytes, 1));
            Assert.Equal(whole, Run(bytes, 7));
            Assert.Equal(whole, RunSegments(bytes, 1 + random.Next(9)));
        }
    }

    [Fact]
    public void A_request_can_be_built_by_the_server_itself()
    {
        var args = new ArgBuffer();
        args.Begin();
        args.Add("SET"u8);
        args.Add(""u8);
        args.Add(new byte[1000]);
        Request request = args.Build();
        Assert.Equal(3, request.Count);
        Assert.True(request[0].SequenceEqual("SET"u8));
        Assert.Equal(0, request[1].Length);
        Assert.Equal(1000, request[2].Length);
        Assert.Equal(2, request.Skip(1).Count);
    }

    private static int ParseAll(byte[] bytes, ArgBuffer args)
    {
        var parser = new RequestParser();
        int position = 0, count = 0;
        while (position < bytes.Length)
        {
            if (parser.Parse(bytes.AsSpan(position), new ParserLimits(), args, out _, out int consumed, out _, out _) != ParseStatus.Request) break;
            position += consumed;
            count++;
        }

        return count;
    }

    private static string Run(byte[] bytes, int step)
    {
        var log = new StringBuilder();
        var parser = new RequestParser();
        int start = 0;
        for (int have = Math.Min(step, bytes.Length); ; have = Math.Min(have + step, bytes.Length))
        {
            ParseStatus status;
            while ((status = Parse(ref parser, bytes.AsSpan(start, have - start), out string[] got, out int consumed, out _, out string? error)) != ParseStatus.NeedMore)
            {
                log.Append(status).Append('|').AppendJoin(',', got).Append('|').Append(error).Append(';');
                if (status == ParseStatus.ProtocolError) return log.ToString();
                Assert.True(consumed > 0);
                start += consumed;
            }

            if (have == bytes.Length) return log.ToString();
        }
    }

    private static string RunSegments(byte[] bytes, int size)
    {
        var log = new StringBuilder();
        var parser = new RequestParser();
        var args = new ArgBuffer();
        ReadOnlySequence<byte> sequence = Segments.Of(bytes, size);
        ParseStatus status;
        while ((status = parser.Parse(ref sequence, new ParserLimits(), args, out Request request, out _, out string? error)) != ParseStatus.NeedMore)
        {
            log.Append(status).Append('|').AppendJoin(',', Texts(request)).Append('|').Append(error).Append(';');
            if (status == ParseStatus.ProtocolError) break;
        }

        return log.ToString();
    }

    private static ParseStatus Parse(
        ref RequestParser parser, ReadOnlySpan<byte> bytes, out string[] got, out int consumed, out long wanted, out string? error)
    {
        // It takes what it is for and nothing else, and as Parse takes it.
        RequestParser before = parser;
        var ranges = new ArgBuffer();
        int taken = parser.TakeUsual(bytes, ranges, out int count);
        Assert.Equal(before, parser);
        ParseStatus status = parser.Parse(bytes, new ParserLimits(), new ArgBuffer(), out Request request, out consumed, out wanted, out error);
        got = Texts(request);
        if (taken > 0)
        {
            Assert.Equal((ParseStatus.Request, consumed), (status, taken));
            Assert.Equal(got, Texts(ranges.View(bytes, count)));
        }
        else if (status == ParseStatus.Request && before.IsIdle && got.Length < 10 && got.All(arg => arg.Length < 1000))
        {
            string encoded = $"*{got.Length}\r\n" + string.Concat(got.Select(arg => $"${arg.Length}\r\n{arg}\r\n"));
            Assert.NotEqual(encoded, Encoding.Latin1.GetString(bytes[..consumed]));
        }

        return status;
    }

    private static string[] Texts(Request request)
    {
        string[] texts = new string[request.Count];
        for (int i = 0; i < texts.Length; i++) texts[i] = Encoding.Latin1.GetString(request[i]);
        return texts;
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
