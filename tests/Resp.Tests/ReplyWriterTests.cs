using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace MiniRedis.Resp.Tests;

public class ReplyWriterTests
{
    private static string Written(int protocol, Action<ReplyWriter> write)
    {
        string? first = null;
        // The same bytes must come out of one large window, of windows of a few bytes, and of memory that is no array.
        foreach (IOutput output in new IOutput[] { new Output(4096, true), new Output(300, true), new Output(257, false) })
        {
            var writer = new ReplyWriter();
            writer.Attach(output, protocol);
            write(writer);
            long written = writer.Written;
            writer.Complete();
            string text = output.Text;
            Assert.Equal(text.Length, written);
            Assert.Equal(first ??= text, text);
        }

        return first!;
    }

    public static TheoryData<string, Action<ReplyWriter>, string, string> Replies => new()
    {
        { "ok", w => w.Ok(), "+OK\r\n", "+OK\r\n" },
        { "queued", w => w.Queued(), "+QUEUED\r\n", "+QUEUED\r\n" },
        { "pong", w => w.Pong(), "+PONG\r\n", "+PONG\r\n" },
        { "status", w => w.SimpleString("string"), "+string\r\n", "+string\r\n" },
        { "error", w => w.Error("ERR a\r\nb"), "-ERR a  b\r\n", "-ERR a  b\r\n" },
        { "error bytes", w => w.Error("ERR syntax error"u8), "-ERR syntax error\r\n", "-ERR syntax error\r\n" },
        { "integer", w => w.Integer(0), ":0\r\n", ":0\r\n" },
        { "small integer", w => w.Integer(1023), ":1023\r\n", ":1023\r\n" },
        { "larger integer", w => w.Integer(1024), ":1024\r\n", ":1024\r\n" },
        { "negative integer", w => w.Integer(-2), ":-2\r\n", ":-2\r\n" },
        { "least integer", w => w.Integer(long.MinValue), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n" },
        { "bulk", w => w.Bulk("abc"u8), "$3\r\nabc\r\n", "$3\r\nabc\r\n" },
        { "empty bulk", w => w.Bulk(""), "$0\r\n\r\n", "$0\r\n\r\n" },
        { "bulk text", w => w.Bulk("\u00e9"), "$2\r\n\u00c3\u00a9\r\n", "$2\r\n\u00c3\u00a9\r\n" },
        { "bulk integer", w => w.BulkInteger(-12), "$3\r\n-12\r\n", "$3\r\n-12\r\n" },
        { "null", w => w.Null(), "$-1\r\n", "_\r\n" },
        { "null array", w => w.NullArray(), "*-1\r\n", "_\r\n" },
        { "array", w => w.Array(3), "*3\r\n", "*3\r\n" },
        { "large array", w => w.Array(1_000_000), "*1000000\r\n", "*1000000\r\n" },
        { "empty array", w => w.EmptyArray(), "*0\r\n", "*0\r\n" },
        { "map", w => w.Map(2), "*4\r\n", "%2\r\n" },
        { "set", w => w.Set(2), "*2\r\n", "~2\r\n" },
        { "push", w => w.Push(3), "*3\r\n", ">3\r\n" },
        { "double", w => w.Double(1.5), "$3\r\n1.5\r\n", ",1.5\r\n" },
        { "infinity", w => w.Double(double.NegativeInfinity), "$4\r\n-inf\r\n", ",-inf\r\n" },
        { "long double", w => w.LongDouble(LongDouble.FromInt64(7)), "$1\r\n7\r\n", ",7\r\n" },
        { "true", w => w.Bool(true), ":1\r\n", "#t\r\n" },
        { "false", w => w.Bool(false), ":0\r\n", "#f\r\n" },
        { "big number", w => w.BigNumber("123456789012345678901234567890"u8), "$30\r\n123456789012345678901234567890\r\n", "(123456789012345678901234567890\r\n" },
        { "verbatim", w => w.Verbatim("txt", "hello"u8), "$5\r\nhello\r\n", "=9\r\ntxt:hello\r\n" },
        { "raw", w => w.Raw("+x\r\n"u8), "+x\r\n", "+x\r\n" },
    };

    [Theory]
    [MemberData(nameof(Replies))]
    public void Each_reply_has_its_form_in_both_protocols(string name, Action<ReplyWriter> write, string resp2, string resp3)
    {
        Assert.False(string.IsNullOrEmpty(name));
        Assert.Equal(resp2, Written(2, write));
        Assert.Equal(resp3, Written(3, write));
        // And across every alignment with the end of a window.
        for (int before = 240; before < 310; before++)
        {
            byte[] filler = new byte[before];
            Assert.EndsWith(resp3, Written(3, w =>
            {
                w.Raw(filler);
                write(w);
            }), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Attributes_exist_in_RESP3() => Assert.Equal("|1\r\n", Written(3, w => w.Attribute(1)));

    [Theory]
    [InlineData(1022)]
    [InlineData(1024)]
    [InlineData(5000)]
    [InlineData(100_000)]
    public void A_large_bulk_runs_across_windows(int length)
    {
        byte[] value = [.. Enumerable.Range(0, length).Select(i => (byte)('a' + i % 26))];
        string text = Encoding.Latin1.GetString(value);
        Assert.Equal($"${length}\r\n{text}\r\n:1\r\n", Written(2, w =>
        {
            w.Bulk(value);
            w.Integer(1);
        }));
        Assert.Equal($"${length}\r\n{text}\r\n", Written(2, w => w.Bulk(text)));
    }

    /// <summary>Numbers around every power of ten, one behind the other, so that they come to lie everywhere in windows, their ends included.</summary>
    [Fact]
    public void Numbers_of_any_length_stand_anywhere_in_a_window()
    {
        var random = new Random(1);
        var numbers = new long[20_000];
        foreach (ref long number in numbers.AsSpan())
        {
            long power = 1;
            for (int digits = random.Next(19); digits > 0; digits--) power *= 10;
            number = Math.Max(0, power + random.Next(-2, 3) * (random.Next(3) == 0 ? Math.Max(1, power / 7) : 1));
            if (random.Next(8) == 0) number = -number;
        }

        Assert.Equal(string.Concat(numbers.Select(n => $":{n}\r\n")), Written(2, w =>
        {
            foreach (long number in numbers) w.Integer(number);
        }));
    }

    [Fact]
    public void What_ends_with_a_window_writes_nothing_behind_it()
    {
        const int Window = 2048;
        for (int length = 0; length <= 1030; length++)
        {
            string value = new('v', length);
            for (int left = 5; left <= 12; left++) AtEnd(Window, length + left, w => w.Bulk(Encoding.Latin1.GetBytes(value)), $"${length}\r\n{value}\r\n");
        }

        foreach (long number in (long[])[0, 9, 10, 999, 1000, 1023, 1024, 999_999, 1_000_000, 999_999_999, 1_000_000_000, -1, long.MinValue, long.MaxValue])
        {
            for (int left = 0; left <= 24; left++) AtEnd(Window, left, w => w.Integer(number), $":{number}\r\n");
        }
    }

    private static void AtEnd(int window, int left, Action<ReplyWriter> write, string expected)
    {
        var output = new Output(window, arrays: true);
        var writer = new ReplyWriter();
        writer.Attach(output, 2);
        string before = new('.', window - left);
        writer.Raw(Encoding.Latin1.GetBytes(before));
        write(writer);
        writer.Complete();
        Assert.Equal(before + expected, output.Text);
    }

    [Fact]
    public void Deferred_aggregates_nest_and_carry_no_padding()
    {
        Assert.Equal("+OK\r\n*2\r\n%1\r\n$1\r\nk\r\n~0\r\n:5\r\n:6\r\n", Written(3, w =>
        {
            w.Ok();
            DeferredCount outer = w.BeginDeferred();
            DeferredCount map = w.BeginDeferred();
            w.Bulk("k");
            w.EndSet(w.BeginDeferred(), 0);
            w.EndMap(map, 1);
            w.Integer(5);
            w.EndArray(outer, 2);
            w.Integer(6);
        }));
    }

    [Fact]
    public void What_an_exception_left_open_is_dropped()
    {
        Assert.Equal("+OK\r\n-ERR bug\r\n*1\r\n:2\r\n", Written(2, w =>
        {
            w.Ok();
            int depth = w.Depth;
            w.BeginDeferred();
            w.Integer(1);
            w.BeginDeferred();
            w.Array(5);
            w.Unwind(depth, default);
            w.Error("ERR bug");
            DeferredCount next = w.BeginDeferred();
            w.Integer(2);
            w.EndArray(next, 1);
        }));
    }

#if DEBUG
    [Fact]
    public void Answers_are_counted()
    {
        Assert.True(Once(w => w.Null()));
        Assert.False(Once(_ => { }));
        Assert.False(Once(w => w.Array(1)));
        Assert.True(Once(w => w.EmptyArray()));
        Assert.False(Once(w => { w.Ok(); w.Ok(); }));
        Assert.True(Once(w => { w.Map(1); w.Bulk("a"); w.Array(2); w.Null(); w.Double(1.5); }));
        Assert.True(Once(w => { w.Attribute(1); w.Integer(1); w.Bool(true); w.Verbatim("txt", "text"u8); }));
        Assert.True(Once(w => { w.Push(1); w.Integer(1); w.Push(1); w.Integer(2); }));
        Assert.True(Once(w => { w.Ok(); w.Push(1); w.Integer(1); }));
        Assert.True(Once(w => { DeferredCount d = w.BeginDeferred(); w.Integer(1); w.EndSet(d, 1); }));

        static bool Once(Action<ReplyWriter> write)
        {
            bool once = false;
            Written(3, w =>
            {
                ReplyMark top = w.Mark;
                write(w);
                once = w.AnsweredOnceSince(top);
            });
            return once;
        }
    }
#endif

    [Fact]
    public void A_large_deferred_aggregate_comes_out_whole_and_the_next_one_starts_empty()
    {
        string expected = "*20000\r\n" + string.Concat(Enumerable.Range(0, 20000).Select(i => $":{i}\r\n")) + "*1\r\n:1\r\n";
        Assert.Equal(expected, Written(2, w =>
        {
            DeferredCount all = w.BeginDeferred();
            for (int i = 0; i < 20000; i++) w.Integer(i);
            w.EndArray(all, 20000);
            DeferredCount one = w.BeginDeferred();
            w.Integer(1);
            w.EndArray(one, 1);
        }));
    }

    [Fact]
    public void An_abandoned_aggregate_leaves_no_bytes()
    {
        Assert.Equal("-ERR no\r\n*1\r\n:1\r\n", Written(2, w =>
        {
            DeferredCount gone = w.BeginDeferred();
            w.Bulk("lost");
            w.Abandon(gone);
            w.Error("ERR no");
            DeferredCount kept = w.BeginDeferred();
            w.Integer(1);
            w.EndArray(kept, 1);
        }));
    }

    [Fact]
    public void What_is_written_while_muted_is_dropped_but_errors_count()
    {
        Assert.Equal("+OK\r\n:2\r\n", Written(2, w =>
        {
            w.Ok();
            w.Muted = true;
            w.Integer(1);
            w.Bulk(new byte[10_000]);
            w.Error("ERR unseen");
            Assert.Equal(5, w.Written);
            DeferredCount deferred = w.BeginDeferred();
            w.Ok();
            w.EndArray(deferred, 1);
            w.Muted = false;
            w.Integer(2);
            Assert.Equal(1, w.Errors);
        }));
    }

    [Fact]
    public void Errors_are_counted_from_attach_to_attach()
    {
        var writer = new ReplyWriter();
        var output = new ArrayBufferWriter<byte>();
        writer.Attach(output, 2);
        writer.Error("ERR a");
        writer.Error("ERR b"u8);
        Assert.Equal(2, writer.Errors);
        writer.Complete();
        writer.Attach(output, 3);
        Assert.Equal((0, 0L, 3), (writer.Errors, writer.Written, writer.Protocol));
        writer.Complete();
    }

    [Fact]
    public void Replies_are_written_without_allocating()
    {
        var writer = new ReplyWriter();
        var output = new ArrayBufferWriter<byte>(1 << 20);
        byte[] value = new byte[2000];
        for (int round = 0; ; round++)
        {
            output.ResetWrittenCount();
            long before = GC.GetAllocatedBytesForCurrentThread();
            writer.Attach(output, 3);
            for (int i = 0; i < 50; i++)
            {
                writer.Ok();
                writer.Integer(i * 1000L);
                writer.Bulk("value"u8);
                writer.Bulk("text");
                writer.Bulk(value);
                writer.Null();
                writer.Error("ERR syntax\nerror"u8);
                writer.Double(0.1 * i);
                DeferredCount deferred = writer.BeginDeferred();
                writer.BulkInteger(i);
                writer.EndArray(deferred, 1);
            }

            writer.Complete();
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (round < 3) continue;
            Assert.Equal(0, allocated);
            return;
        }
    }

    private interface IOutput : IBufferWriter<byte>
    {
        string Text { get; }
    }

    /// <summary>An output that hands out windows of a fixed size, as arrays or as memory of another kind.</summary>
    private sealed class Output(int windowSize, bool arrays) : IOutput
    {
        // Bytes of the array on either side of a window, which are somebody else's.
        private const int Around = 10;

        private readonly List<byte> _bytes = [];
        private byte[] _array = [];
        private Memory<byte> _window;

        public string Text => Encoding.Latin1.GetString([.. _bytes]);

        public void Advance(int count)
        {
            _bytes.AddRange(_window.Span[..count]);
            if (arrays) Assert.Equal(new byte[Around], _array[^Around..]);
            _window = default;
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            int size = Math.Max(sizeHint, windowSize);
            if (!arrays) return _window = new NativeMemory(size).Memory;
            _array = new byte[Around + size + Around];
            return _window = _array.AsMemory(Around, size);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }

    private sealed unsafe class NativeMemory(int size) : MemoryManager<byte>
    {
        private readonly byte[] _pinned = GC.AllocateArray<byte>(size, pinned: true);

        public override Span<byte> GetSpan() => _pinned;

        public override MemoryHandle Pin(int elementIndex = 0) => new((byte*)Unsafe.AsPointer(ref _pinned[0]) + elementIndex);

        public override void Unpin()
        {
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
