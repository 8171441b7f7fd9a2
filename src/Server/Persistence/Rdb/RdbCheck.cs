using System.Globalization;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>
/// <c>miniredis check-rdb FILE</c>: reads a file as loading does, value by value, and keeps nothing. It reports the content and,
/// if the file is damaged, what is wrong, where, and how far it could be read, in the words of redis-check-rdb, which scripts
/// read.
/// </summary>
sealed class RdbCheck : IDisposable
{
    readonly TextWriter _output;
    readonly long _now;
    readonly Keyspace _scratch = new(databaseCount: 1);

    // A duplicate name would stop the loading. Names are kept as keyed hashes of 64 bits, which almost never collide.
    readonly HashSet<(int Database, ulong Hash)> _names = [];
    readonly RdbFileReader _file = new();
    string _doing = "start", _key = "", _type = "";
    long _keys, _expires, _expired;

    RdbCheck(TextWriter output, TimeProvider time) => (_output, _now) = (output, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>Checks a file.</summary>
    /// <returns>The exit code: 0 if the file can be loaded, 1 if not.</returns>
    public static int Run(string path, TextWriter output, TimeProvider? time = null)
    {
        output.WriteLine($"[offset 0] Checking RDB file {path}");
        try
        {
            using var stream = Disk.OpenRead(path);
            using var input = new RdbInput(stream, stream.Length);
            using var check = new RdbCheck(output, time ?? TimeProvider.System);
            return check.Run(input) ? 0 : 1;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"Cannot open file {path}: {failure.Message}");
            return 1;
        }
    }

    /// <summary>Checks the RDB file that an AOF begins with.</summary>
    /// <returns>Its end, in bytes; null if it cannot be loaded.</returns>
    /// <exception cref="IOException">It cannot be opened. <see cref="UnauthorizedAccessException"/> means the same.</exception>
    public static long? Preamble(string path, TextWriter output, TimeProvider time)
    {
        output.WriteLine($"[offset 0] Checking RDB file {path}");
        using var stream = Disk.OpenRead(path);
        using var input = new RdbInput(stream, stream.Length);
        using var check = new RdbCheck(output, time);
        return check.Run(input, isPreamble: true) ? input.Position : null;
    }

    bool Run(RdbInput input, bool isPreamble = false)
    {
        var reader = new RdbReader(input);
        _doing = "read-header";
        _file.Begin(ref reader);
        while (!reader.Failed && Part(ref reader))
        {
        }
        if (!reader.Failed) End(ref reader, input);
        var isGood = !reader.Failed;
        if (isGood) Say(reader, @"\o/ RDB looks OK! \o/");
        else Complain(reader);
        Say($"[info] {_keys} keys read");
        Say($"[info] {_expires} expires");
        Say($"[info] {_expired} already expired");
        if (isGood && !isPreamble && input.Left > 0) Say($"[info] {input.Left} bytes follow the end; nobody reads them");
        reader.Dispose();
        return isGood;
    }

    /// <returns>False at the end, or if the reader failed.</returns>
    bool Part(ref RdbReader reader)
    {
        _doing = "read-type";
        var part = _file.Next(ref reader, out var entry);
        switch (part)
        {
            case RdbPart.Key:
                Key(ref reader, entry);
                return true;
            case RdbPart.Auxiliary:
                Say(reader, $"AUX FIELD {Readable(entry.Name)} = '{Readable(entry.Value)}'");
                return true;
            case RdbPart.Function:
                Say(reader, "Function library");
                return true;
            case RdbPart.Database:
                Say(reader, $"Selecting DB ID {_file.Database}");
                return true;
            default:
                return part == RdbPart.Size;
        }
    }

    void Key(ref RdbReader reader, scoped RdbEntry entry)
    {
        _doing = "read-object-value";
        _key = Readable(entry.Name);
        _type = $"{(int)entry.Type & 0x7F} ({RdbTypeNames.Of(entry.Type)})";
        var database = _scratch[0];
        var name = entry.Name.ToArray();
        var isNew = _names.Add((_file.Database, database.HashOf(name)));
        var record = RdbValueReader.Read(ref reader, entry.Type, database, name, entry.ExpireAt, s_limits);
        if (!record.IsNull)
        {
            database.Abandon(record);
            _scratch.FreeDiscarded(int.MaxValue);
        }
        else if (reader.ForgiveEmpty()) Say(reader, $"The collection '{_key}' is empty; it would not be loaded");
        if (reader.Failed) return;
        _keys++;
        if (entry.ExpireAt >= 0) _expires++;
        if (entry.ExpireAt >= 0 && entry.ExpireAt < _now) _expired++;
        if (!isNew) reader.Fail("a key occurs twice");
        else _key = _type = "";
    }

    void End(ref RdbReader reader, RdbInput input)
    {
        _doing = "check-sum";
        reader.Keep();
        if (!_file.HasChecksum) return;
        var computed = input.Checksum;
        var stored = (ulong)reader.Int64();
        if (reader.Failed) return;
        if (stored == 0) Say(reader, "RDB file was saved with checksum disabled: no check performed");
        else if (stored == computed) Say(reader, "Checksum OK");
        else reader.Fail("RDB CRC error");
        if (!reader.Failed) reader.Keep();
    }

    void Complain(in RdbReader reader)
    {
        Say("--- RDB ERROR DETECTED ---");
        Say(reader, reader.Error == RdbReader.EndsTooEarly ? "Unexpected EOF reading RDB file" : reader.Error!);
        Say($"[additional info] While doing: {_doing}");
        if (_key.Length > 0) Say($"[additional info] Reading key '{_key}'");
        if (_type.Length > 0) Say($"[additional info] Reading type {_type}");
    }

    void Say(in RdbReader reader, string text) => Say(string.Create(CultureInfo.InvariantCulture, $"[offset {reader.Offset}] {text}"));

    void Say(string line) => _output.WriteLine(line);

    /// <summary>The first bytes of a text, with bytes that are not printable escaped.</summary>
    static string Readable(ReadOnlySpan<byte> text)
    {
        const int Most = 1024;
        var readable = new System.Text.StringBuilder();
        foreach (var b in text[..Math.Min(text.Length, Most)])
        {
            if (b is >= 0x20 and < 0x7F) readable.Append((char)b);
            else readable.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}");
        }
        return readable.Append(text.Length > Most ? "..." : "").ToString();
    }

    // Redis's defaults. The encoding of a value does not matter here.
    static readonly CollectionLimits s_limits = new(new(-2, 0), new(512, 128, 64), new(128, 64), new(128, 64));

    public void Dispose() => _scratch.Dispose();
}
