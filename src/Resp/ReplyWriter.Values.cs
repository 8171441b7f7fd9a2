using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MiniRedis.Resp;

// Replies as values. Such a writer has no window, ever. So what is written finds no room and takes the way of a window that has ended,
// where it is asked for: replies to clients pay nothing.
public sealed unsafe partial class ReplyWriter
{
    private ReplyValues? _values;

    // Replies that are always the same.
    private enum Constant { Ok, Queued, Pong, Null, EmptyArray, True, False, One, Zero }

    /// <summary>Gives replies to <paramref name="values"/> until <see cref="Complete"/>. No byte is written.</summary>
    public void AttachValues(ReplyValues values, int protocol)
    {
        Debug.Assert(!_attached, "attached twice");
        _attached = true;
        _values = values;
        IsCut = false;
        Protocol = protocol;
        Errors = 0;
        _replies = _pushes = _missing = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Write(Constant constant, ReadOnlySpan<byte> encoded)
    {
        CountReply();
        if (_end - _position >= encoded.Length)
        {
            encoded.CopyTo(MemoryMarshal.CreateSpan(ref Room, encoded.Length));
            _position += encoded.Length;
            return;
        }

        WriteAcrossWindows(constant, encoded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WriteAcrossWindows(Constant constant, ReadOnlySpan<byte> encoded)
    {
        if (_values is null) RawAcrossWindows(encoded);
        else TakeConstant(constant);
    }

    private void TakeConstant(Constant constant)
    {
        switch (constant)
        {
            case Constant.Ok:
                _values!.Status("OK"u8);
                break;
            case Constant.Queued:
                _values!.Status("QUEUED"u8);
                break;
            case Constant.Pong:
                _values!.Status("PONG"u8);
                break;
            case Constant.Null:
                _values!.Null();
                break;
            case Constant.EmptyArray:
                _values!.Begin(ReplyAggregate.Array, 0);
                break;
            case Constant.True or Constant.False:
                _values!.Bool(constant == Constant.True);
                break;
            default:
                _values!.Integer(constant == Constant.One ? 1 : 0);
                break;
        }
        NoteOver();
    }

    private void TakeNumber(byte type, long value)
    {
        switch (type)
        {
            case (byte)':':
                _values!.Integer(value);
                break;
            case (byte)'$':
                _values!.BeginBulk(value);
                break;
            case (byte)'%':
                _values!.Begin(ReplyAggregate.Map, value);
                break;
            case (byte)'~':
                _values!.Begin(ReplyAggregate.Set, value);
                break;
            case (byte)'|':
                _values!.Begin(ReplyAggregate.Attribute, value);
                break;
            default:
                _values!.Begin(ReplyAggregate.Array, value);
                break;
        }
        NoteOver();
    }

    private void TakeBulk(ReadOnlySpan<byte> value)
    {
        CountReply();
        _values!.Bulk(value);
        NoteOver();
    }

    private void TakePart(ReadOnlySpan<byte> bytes)
    {
        _values!.BulkPart(bytes);
        NoteOver();
    }

    private void TakeEndOfBulk()
    {
        _values!.EndBulk();
        NoteOver();
    }

    private void TakeLine(byte type, ReadOnlySpan<byte> text)
    {
        switch (type)
        {
            case (byte)'+':
                _values!.Status(text);
                break;
            case (byte)'-':
                _values!.Error(text);
                break;
            case (byte)'(':
                _values!.BigNumber(text);
                break;
            default:
                _values!.Double(ParseDouble(text));
                break;
        }
        NoteOver();
    }

    /// <summary>A number that was formatted for a reply: a long double has more digits than a value keeps.</summary>
    private static double ParseDouble(ReadOnlySpan<byte> text) => text switch
    {
        [(byte)'i', ..] => double.PositiveInfinity,
        [(byte)'-', (byte)'i', ..] => double.NegativeInfinity,
        _ => Numbers.TryParseDouble(text, out double number) ? number : double.NaN,
    };

    /// <summary>An error with line ends in its text: each of them becomes a blank.</summary>
    private void TakeLines(ReadOnlySpan<byte> text)
    {
        CountReply();
        byte[] line = text.ToArray();
        foreach (ref byte b in line.AsSpan())
        {
            if (b is (byte)'\r' or (byte)'\n') b = (byte)' ';
        }

        _values!.Error(line);
        NoteOver();
    }

    private void TakeVerbatim(string extension, ReadOnlySpan<byte> text)
    {
        CountReply();
        _values!.Verbatim([(byte)extension[0], (byte)extension[1], (byte)extension[2]], text);
        NoteOver();
    }

    private void TakeDouble(double value)
    {
        CountReply();
        _values!.Double(value);
        NoteOver();
    }

    private void TakeEnd(ReplyAggregate kind, long count)
    {
        CountReply();
        if (kind == ReplyAggregate.Map && Protocol == 2) count *= 2;
        _values!.EndDeferred(Protocol == 2 ? ReplyAggregate.Array : kind, count);
        NoteOver();
    }

    private void NoteOver()
    {
        if (_values!.IsOver) IsCut = true;
    }
}
