using System.Buffers;
using System.Buffers.Text;
using MiniRedis.Storage.Caching.Purges;

namespace MiniRedis.Server.Caching;

/// <summary>
/// A purge as a message of publish/subscribe. Each database has a channel, and each name is a message:
/// <code>
///   channel   __cache@0__:purge
///   message   1767225600000001 HARD TAG user:7        version, HARD or SOFT, TAG, PREFIX or ALL, name
/// </code>
/// It is text up to the name, which may have any bytes.
/// </summary>
/// <param name="version">Of the server that tells of it.</param>
/// <param name="isSoft">Whether it makes stale what has a stale window.</param>
/// <param name="scope">What it overtakes.</param>
/// <param name="name">Empty where all are purged.</param>
readonly ref struct PurgeMessage(long version, bool isSoft, PurgeScope scope, ReadOnlySpan<byte> name)
{
    public long Version { get; } = version;

    public bool IsSoft { get; } = isSoft;

    public PurgeScope Scope { get; } = scope;

    public ReadOnlySpan<byte> Name { get; } = name;

    static ReadOnlySpan<byte> Before => "__cache@"u8;

    static ReadOnlySpan<byte> Behind => "__:purge"u8;

    public static ReadOnlySpan<byte> WordFor(bool isSoft) => isSoft ? "SOFT"u8 : "HARD"u8;

    public static ReadOnlySpan<byte> WordFor(PurgeScope scope) => scope switch
    {
        PurgeScope.All => "ALL"u8,
        PurgeScope.Prefix => "PREFIX"u8,
        _ => "TAG"u8,
    };

    /// <summary>Whether a channel is one of these: nobody but servers may send there.</summary>
    public static bool IsChannel(ReadOnlySpan<byte> channel, out int database)
    {
        database = 0;
        return channel.Length > Before.Length + Behind.Length && channel.StartsWith(Before) && channel.EndsWith(Behind)
            && TryNumber(channel[Before.Length..^Behind.Length], out var number) && number <= int.MaxValue && (database = (int)number) >= 0;
    }

    public static void WriteChannel(IBufferWriter<byte> output, int database)
    {
        output.Write(Before);
        WriteNumber(output, database);
        output.Write(Behind);
    }

    public void Write(IBufferWriter<byte> output)
    {
        WriteNumber(output, Version);
        output.Write(" "u8);
        output.Write(WordFor(IsSoft));
        output.Write(" "u8);
        output.Write(WordFor(Scope));
        if (Scope == PurgeScope.All) return;
        output.Write(" "u8);
        output.Write(Name);
    }

    /// <summary>Reads a message; false if it is none.</summary>
    public static bool TryRead(ReadOnlySpan<byte> text, out PurgeMessage message)
    {
        message = default;
        if (!TryWord(ref text, out var version) || !TryNumber(version, out var number) || number >= CachePayload.VersionLimit) return false;
        if (!TryWord(ref text, out var kind) || !kind.SequenceEqual("SOFT"u8) && !kind.SequenceEqual("HARD"u8)) return false;
        var isSoft = kind.SequenceEqual("SOFT"u8);
        if (text.SequenceEqual("ALL"u8))
        {
            message = new(number, isSoft, PurgeScope.All, default);
            return true;
        }
        if (!TryWord(ref text, out var word) || text.Length is 0 or > TagTable.MaxNameLength) return false;
        var scope = word.SequenceEqual("PREFIX"u8) ? PurgeScope.Prefix : PurgeScope.Tag;
        message = new(number, isSoft, scope, text);
        return word.SequenceEqual(WordFor(scope));
    }

    static bool TryWord(scoped ref ReadOnlySpan<byte> text, out ReadOnlySpan<byte> word)
    {
        var end = text.IndexOf((byte)' ');
        word = end < 0 ? default : text[..end];
        if (end >= 0) text = text[(end + 1)..];
        return end >= 0;
    }

    static bool TryNumber(ReadOnlySpan<byte> text, out long number) =>
        Utf8Parser.TryParse(text, out number, out var used) && used == text.Length && number >= 0 && text[0] is not (byte)'+' and not (byte)'-';

    static void WriteNumber(IBufferWriter<byte> output, long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var digits);
        output.Advance(digits);
    }
}
