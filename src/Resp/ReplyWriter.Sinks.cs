using System.Buffers;
using System.Diagnostics;

namespace MiniRedis.Resp;

/// <summary>The place of an aggregate whose count is given after its elements. Made by BeginDeferred.</summary>
public readonly record struct DeferredCount(int Depth);

// Deferred aggregates put the writer's output aside until they end.
public sealed unsafe partial class ReplyWriter
{
    // Replies nest a few levels deep (COMMAND DOCS is the deepest). The arrays grow if a caller needs more.
    private Frame[] _frames = new Frame[4];
    private DeferredBuffer?[] _deferred = new DeferredBuffer?[4];
    private ArrayReplyMemory? _arrays;
    private int _depth;

    private struct Frame
    {
        public IBufferWriter<byte>? Output;
        public MemoryHandle Pin;
        public byte* Start;
        public byte* Position;
        public byte* End;
        public long Committed;
        public int Protocol;
        public long Replies;
        public long Missing;

        public readonly long Written => Committed + (Output is null ? 0 : Position - Start);
    }

    /// <summary>
    /// Starts an aggregate whose count is not known yet; end it with <see cref="EndArray"/>, <see cref="EndMap"/> or
    /// <see cref="EndSet"/>. They nest, and end in reverse order. The elements are copied once more than otherwise.
    /// </summary>
    public DeferredCount BeginDeferred()
    {
        if (_values is not null)
        {
            _values.BeginDeferred();
            Push(null);
            return new DeferredCount(_depth);
        }

        if (_depth == _deferred.Length) System.Array.Resize(ref _deferred, _depth * 2);
        IBufferWriter<byte> scratch = _deferred[_depth] ??= new DeferredBuffer(memory ?? (_arrays ??= new()));
        Push(scratch);
        return new DeferredCount(_depth);
    }

    public void EndArray(DeferredCount deferred, int count) => End(deferred, ReplyAggregate.Array, count, count);

    public void EndMap(DeferredCount deferred, int pairs) => End(deferred, ReplyAggregate.Map, pairs, 2L * pairs);

    public void EndSet(DeferredCount deferred, int count) => End(deferred, ReplyAggregate.Set, count, count);

    private void End(DeferredCount deferred, ReplyAggregate kind, int count, long elements)
    {
        CheckDeferred(elements);
        DeferredBuffer? buffer = EndDeferred(deferred);
        if (buffer is null)
        {
            TakeEnd(kind, count);
            return;
        }

        switch (kind)
        {
            case ReplyAggregate.Map:
                Map(count);
                break;
            case ReplyAggregate.Set:
                Set(count);
                break;
            default:
                Array(count);
                break;
        }

        // Checked already: the aggregate that was just begun lacks none of them.
        CountElements(elements);
        buffer.MoveTo(this);
    }

    /// <summary>Gives the aggregate up as if nothing had been written since its beginning, for an error found halfway.</summary>
    public void Abandon(DeferredCount deferred)
    {
        DeferredBuffer? elements = EndDeferred(deferred);
        elements?.Clear();
        if (elements is null) _values!.Abandon();
    }

    /// <summary>Aggregates of unknown length that are open.</summary>
    public int Depth => _depth;

    /// <summary>
    /// Drops the aggregates opened since <see cref="Depth"/> was <paramref name="depth"/>, with their content, after
    /// a handler ended by an exception. If they stayed open, they would swallow all later replies.
    /// </summary>
    /// <param name="mark">Where the stream of replies stood when the handler began.</param>
    public void Unwind(int depth, in ReplyMark mark)
    {
        while (_depth > depth)
        {
            Pop();
            _deferred[_depth]?.Clear();
        }

        _values?.Reset();
        if (depth == 0) _missing = mark.Missing;
    }

    private void Push(IBufferWriter<byte>? output)
    {
        if (_depth == _frames.Length) System.Array.Resize(ref _frames, _depth * 2);
        ref Frame frame = ref _frames[_depth++];
        frame.Output = _output;
        frame.Pin = _pin;
        frame.Start = _start;
        frame.Position = _position;
        frame.End = _end;
        frame.Committed = _committed;
        frame.Protocol = Protocol;
        frame.Replies = _replies;
        frame.Missing = _missing;
        _output = output;
        _pin = default;
        _start = _position = _end = null;
        _committed = 0;
        _replies = _missing = 0;
    }

    private void Pop()
    {
        ref Frame frame = ref _frames[--_depth];
        _output = frame.Output;
        _pin.Dispose();
        _pin = frame.Pin;
        _start = frame.Start;
        _position = frame.Position;
        _end = frame.End;
        _committed = frame.Committed;
        Protocol = frame.Protocol;
        _replies = frame.Replies;
        _missing = frame.Missing;
        frame = default;
    }

    /// <summary>The elements; null if they are values, of which <see cref="ReplyValues"/> has been told.</summary>
    private DeferredBuffer? EndDeferred(DeferredCount deferred)
    {
        Debug.Assert(deferred.Depth == _depth, "aggregates end in reverse order");
        HandOver();
        int protocol = Protocol;
        Pop();
        Protocol = protocol;
        return _values is null ? _deferred[_depth] : null;
    }
}
