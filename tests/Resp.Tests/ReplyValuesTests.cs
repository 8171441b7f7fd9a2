using System.Buffers;
using System.Text;

namespace MiniRedis.Resp.Tests;

/// <summary>Replies as values: what arrives is encoded again here, and must be the bytes that a client would get.</summary>
public class ReplyValuesTests
{
    [Theory]
    [MemberData(nameof(ReplyWriterTests.Replies), MemberType = typeof(ReplyWriterTests))]
    public void Each_reply_arrives_as_what_it_is(string name, Action<ReplyWriter> write, string resp2, string resp3)
    {
        // What is RESP already is no value, messages are not for whoever takes values, and the two nulls of RESP2 are one value.
        if (name is "raw" or "push") return;
        if (name == "null array") resp2 = "$-1\r\n";
        Assert.Equal(resp2, Taken(2, write));
        Assert.Equal(resp3, Taken(3, write));
    }

    [Fact]
    public void Attributes_come_before_their_reply() => Assert.Equal("|1\r\n+a\r\n:1\r\n:2\r\n", Taken(3, w =>
    {
        w.Attribute(1);
        w.SimpleString("a");
        w.Integer(1);
        w.Integer(2);
    }));

    [Fact]
    public void Kind_and_count_of_a_deferred_aggregate_follow_behind_its_values()
    {
        static void Write(ReplyWriter w)
        {
            DeferredCount outer = w.BeginDeferred();
            DeferredCount map = w.BeginDeferred();
            w.Bulk("k");
            w.EndSet(w.BeginDeferred(), 0);
            w.EndMap(map, 1);
            DeferredCount abandoned = w.BeginDeferred();
            w.Integer(7);
            w.Abandon(abandoned);
            w.Integer(5);
            w.EndArray(outer, 2);
        }

        Assert.Equal("*2\r\n%1\r\n$1\r\nk\r\n~0\r\n:5\r\n", Taken(3, Write));
        Assert.Equal("*2\r\n*2\r\n$1\r\nk\r\n*0\r\n:5\r\n", Taken(2, Write));
    }

    [Fact]
    public void A_bulk_string_may_come_in_parts() => Assert.Equal("$5\r\nab\0cd\r\n", Taken(2, w =>
    {
        w.BeginBulk(5);
        w.BulkPart("ab"u8);
        w.BulkPart(""u8);
        w.BulkPart("\0cd"u8);
        w.EndBulk();
    }));

    [Fact]
    public void A_bulk_string_of_any_length_arrives_whole()
    {
        var value = new byte[3_000_000];
        Assert.Equal($"$3000000\r\n{new string('\0', 3_000_000)}\r\n", Taken(2, w => w.Bulk(value)));
    }

    [Fact]
    public void An_exception_in_the_middle_leaves_nothing()
    {
        Assert.Equal("-ERR bug\r\n", Taken(2, w =>
        {
            int depth = w.Depth;
            ReplyMark mark = w.Mark;
            w.BeginDeferred();
            w.Integer(1);
            w.BeginDeferred();
            w.Array(5);
            w.Unwind(depth, mark);
            w.Error("ERR bug");
        }));
    }

    [Fact]
    public void Who_takes_no_more_cuts_the_reply()
    {
        var values = new Encoder(3) { Most = 2 };
        var writer = new ReplyWriter();
        writer.AttachValues(values, 3);
        writer.Array(1_000);
        writer.Integer(1);
        Assert.False(writer.IsCut);
        writer.Integer(2);
        Assert.True(writer.IsCut);
        writer.Unwind(0, default);
        writer.Complete();
        writer.AttachValues(new Encoder(3), 3);
        Assert.False(writer.IsCut);
        writer.Complete();
    }

    [Fact]
    public void The_writer_serves_clients_again()
    {
        var writer = new ReplyWriter();
        writer.AttachValues(new Encoder(2), 2);
        writer.Error("ERR a");
        Assert.Equal((1, 0), (writer.Errors, writer.Written));
        writer.Complete();
        var output = new ArrayBufferWriter<byte>();
        writer.Attach(output, 2);
        writer.Ok();
        DeferredCount deferred = writer.BeginDeferred();
        writer.Integer(1);
        writer.EndArray(deferred, 1);
        writer.Complete();
        Assert.Equal("+OK\r\n*1\r\n:1\r\n", Encoding.Latin1.GetString(output.WrittenSpan));
    }

    private static string Taken(int protocol, Action<ReplyWriter> write)
    {
        var values = new Encoder(protocol);
        var writer = new ReplyWriter();
        writer.AttachValues(values, protocol);
        write(writer);
        Assert.Equal(0, writer.Written);
        Assert.Equal(0, writer.Depth);
        writer.Complete();
        return values.Text;
    }

    /// <summary>Encodes the values that it is told of.</summary>
    private sealed class Encoder(int protocol) : ReplyValues
    {
        private readonly Stack<(StringBuilder Outer, int Values)> _deferred = [];
        private StringBuilder _text = new();
        private long _part = -1;
        private int _values;

        public int Most { get; init; } = int.MaxValue;

        public string Text => _text.ToString();

        public override void Status(ReadOnlySpan<byte> text) => Add($"+{Latin(text)}");

        public override void Error(ReadOnlySpan<byte> text) => Add($"-{Latin(text)}");

        public override void Integer(long value) => Add($":{value}");

        public override void Bulk(ReadOnlySpan<byte> value) => Add($"${value.Length}\r\n{Latin(value)}");

        public override void BeginBulk(long length)
        {
            Assert.Equal(-1, _part);
            _part = length;
            _text.Append($"${length}\r\n");
        }

        public override void BulkPart(ReadOnlySpan<byte> bytes)
        {
            _part -= bytes.Length;
            _text.Append(Latin(bytes));
        }

        public override void EndBulk()
        {
            Assert.Equal(0, _part);
            _part = -1;
            Add("");
        }

        public override void Null() => Add(protocol == 3 ? "_" : "$-1");

        public override void Bool(bool value) => Add(value ? "#t" : "#f");

        public override void Double(double value)
        {
            Span<byte> text = stackalloc byte[Numbers.MaxDoubleLength];
            Add("," + Latin(text[..Numbers.FormatDouble(value, text)]));
        }

        public override void BigNumber(ReadOnlySpan<byte> digits) => Add($"({Latin(digits)}");

        public override void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text) => Add($"={text.Length + 4}\r\n{Latin(format)}:{Latin(text)}");

        public override void Begin(ReplyAggregate kind, long count) => Add($"{"*%~|"[(int)kind]}{count}");

        public override void BeginDeferred()
        {
            _deferred.Push((_text, _values));
            _text = new StringBuilder();
        }

        public override void EndDeferred(ReplyAggregate kind, long count)
        {
            StringBuilder inner = _text;
            (_text, _values) = _deferred.Pop();
            Begin(kind, count);
            _text.Append(inner);
        }

        public override void Abandon() => (_text, _values) = _deferred.Pop();

        public override void Reset()
        {
            _deferred.Clear();
            _text = new StringBuilder();
        }

        private void Add(string text)
        {
            IsOver = ++_values > Most;
            _text.Append(text).Append("\r\n");
        }

        private static string Latin(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
    }
}
