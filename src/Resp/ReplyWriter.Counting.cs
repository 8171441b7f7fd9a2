using System.Diagnostics;

namespace MiniRedis.Resp;

/// <summary>A place in the stream of replies, to ask later what has been written since. Made by <see cref="ReplyWriter.Mark"/>.</summary>
public readonly record struct ReplyMark(long Replies, long Pushes, long Missing);

// In Debug builds the writer counts replies and the elements that begun aggregates still lack, so that whatever runs a command can
// assert that a command answered once, and deferred aggregates that they announce what they hold. A bug here shifts every
// later reply of a connection by one, which no client notices before it has mixed up whose answer is whose.
public sealed partial class ReplyWriter
{
    /// <summary>Whether <see cref="NotedError"/> is kept: for who drops the replies, and still has to tell why something fails.</summary>
    public bool NotesErrors { get; set; }

    /// <summary>The text of the first error since it was last set to null, muted ones included; Latin-1.</summary>
    public string? NotedError { get; set; }

    private long _replies;
    private long _pushes;
    private long _missing;

    /// <summary>Where the stream of replies stands. Means nothing in Release builds, which do not count.</summary>
    public ReplyMark Mark
    {
        get
        {
#if DEBUG
            return new(_replies, _pushes, _missing);
#else
            return default;
#endif
        }
    }

    /// <summary>Whether exactly one whole reply was written since, or out-of-band messages in its place (SUBSCRIBE).</summary>
    public bool AnsweredOnceSince(in ReplyMark mark) => mark.Missing > 0
        ? _missing == mark.Missing - 1
        : _missing == 0 && (_replies == mark.Replies + 1 || (_replies == mark.Replies && _pushes > mark.Pushes));

    /// <summary>
    /// Takes the messages since <paramref name="mark"/> for one reply, where one is expected: a SUBSCRIBE of two channels inside EXEC
    /// answers two, though EXEC announced one. Redis's protocol has it so.
    /// </summary>
    [Conditional("DEBUG")]
    public void CountAsOneReply(ReplyMark mark)
    {
        if (mark.Missing == 0) return;
        _missing = mark.Missing - 1;
        _replies = mark.Replies;
    }

    /// <summary>A reply begins that <paramref name="elements"/> others belong to.</summary>
    [Conditional("DEBUG")]
    private void CountReply(long elements = 0)
    {
        if (_missing == 0) _replies++;
        else _missing--;
        _missing += elements;
    }

    [Conditional("DEBUG")]
    private void CountNumber(byte type, long value)
    {
        switch (type)
        {
            case (byte)'|':
                // Not a reply itself: at top level it begins the one it belongs to, elsewhere that is expected already.
                if (_missing == 0)
                {
                    _replies++;
                    _missing = 1;
                }

                _missing += 2 * value;
                break;
            case (byte)'*' or (byte)'~' or (byte)'>':
                CountReply(value);
                break;
            case (byte)'%':
                CountReply(2 * value);
                break;
            default:
                CountReply();
                break;
        }
    }

    [Conditional("DEBUG")]
    private void CountPush()
    {
        if (_missing > 0) return;
        // The header that follows counts one reply.
        _pushes++;
        _replies--;
    }

    [Conditional("DEBUG")]
    private void CountElements(long count) => _missing -= count;

    [Conditional("DEBUG")]
    private void CheckDeferred(long elements) =>
        Debug.Assert(_missing == 0 && _replies == elements, $"an aggregate of {elements} got {_replies} elements, {_missing} of them unfinished");
}
