using System.Diagnostics;

namespace MiniRedis.Resp;

/// <summary>
/// A position in the stream of replies, by which to ask later what was written since. Made by <see cref="ReplyWriter.Mark"/>.
/// </summary>
public readonly record struct ReplyMark(long Replies, long Pushes, long Missing);

// In Debug builds the writer counts replies, and the elements that open aggregates still lack. So the caller of a command can
// assert that it answered once, and a deferred aggregate that it announces what it holds. Such a bug shifts every later reply of
// a connection by one, which a client notices only when it has mixed up its answers.
public sealed partial class ReplyWriter
{
    /// <summary>
    /// Whether <see cref="NotedError"/> is kept, for callers that drop the replies and still have to tell why a command failed.
    /// </summary>
    public bool NotesErrors { get; set; }

    /// <summary>The text of the first error since it was last set to null, muted ones included; Latin-1.</summary>
    public string? NotedError { get; set; }

    private long _replies;
    private long _pushes;
    private long _missing;

    /// <summary>The present position in the stream of replies. Without meaning in Release builds, which do not count.</summary>
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
    /// Counts the messages since <paramref name="mark"/> as one reply: a SUBSCRIBE of two channels inside EXEC answers two
    /// messages, though EXEC announced one reply. Redis's protocol is so.
    /// </summary>
    [Conditional("DEBUG")]
    public void CountAsOneReply(ReplyMark mark)
    {
        if (mark.Missing == 0) return;
        _missing = mark.Missing - 1;
        _replies = mark.Replies;
    }

    /// <summary>Notes that a reply begins which consists of <paramref name="elements"/> others.</summary>
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
                // An attribute is no reply by itself. At top level it begins the reply that it belongs to; elsewhere that one is
                // expected already.
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
