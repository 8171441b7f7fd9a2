using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration.Files;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The kinds of files of a multi-part AOF, with the letters of the manifest.</summary>
enum AofFileType
{
    /// <summary>The data set as it was when the last rewrite began.</summary>
    Base = 'b',

    /// <summary>The changes since.</summary>
    Incremental = 'i',

    /// <summary>Replaced by a rewrite, and to be deleted.</summary>
    History = 'h',
}

/// <summary>A file of a multi-part AOF.</summary>
/// <param name="Name">Its name in the AOF's directory, without a path.</param>
/// <param name="Sequence">From 1; base and incremental files are counted separately.</param>
/// <param name="Type">Its kind.</param>
readonly record struct AofFile(string Name, long Sequence, AofFileType Type);

/// <summary>
/// The list of files of an AOF, which Redis 7 keeps beside them: the base, the replaced files, then the files that are loaded
/// after the base:
/// <code>
///   file appendonly.aof.2.base.rdb seq 2 type b
///   file appendonly.aof.3.incr.aof seq 3 type h
///   file appendonly.aof.4.incr.aof seq 4 type i
/// </code>
/// Immutable: a change makes another manifest, which replaces this one when it is on disk.
/// </summary>
sealed record AofManifest
{
    /// <summary>Bytes of the longest line (Redis's MANIFEST_MAX_LINE).</summary>
    const int LongestLine = 1024;

    const string Title = "*** FATAL AOF MANIFEST FILE ERROR ***";

    const string InvalidFormat = "Invalid AOF manifest file format";

    public static AofManifest Empty { get; } = new();

    /// <summary>Null if the data set was empty when the AOF began.</summary>
    public AofFile? Base { get; private init; }

    /// <summary>In the order of their numbers.</summary>
    public IReadOnlyList<AofFile> Incremental { get; private init; } = [];

    public IReadOnlyList<AofFile> History { get; private init; } = [];

    /// <summary>The highest number that a base file had.</summary>
    public long BaseSequence { get; private init; }

    /// <summary>The highest number that an incremental file had.</summary>
    public long IncrementalSequence { get; private init; }

    /// <summary>The files to load, in order.</summary>
    public IEnumerable<AofFile> Files => Base is { } file ? [file, .. Incremental] : Incremental;

    /// <summary>Adds the next incremental file.</summary>
    /// <param name="name">The directive appendfilename.</param>
    public AofManifest WithIncremental(string name)
    {
        var sequence = IncrementalSequence + 1;
        return this with
        {
            IncrementalSequence = sequence,
            Incremental = [.. Incremental, new($"{name}.{sequence}.incr.aof", sequence, AofFileType.Incremental)],
        };
    }

    /// <summary>
    /// Replaces the base. The new one holds the content of the present base and of all incremental files but the last
    /// <paramref name="kept"/>; these files become history.
    /// </summary>
    /// <param name="name">The directive appendfilename.</param>
    /// <param name="isRdb">Whether the base is an RDB file (aof-use-rdb-preamble) rather than commands.</param>
    /// <param name="kept">Incremental files that stay.</param>
    public AofManifest WithBase(string name, bool isRdb, int kept)
    {
        var sequence = BaseSequence + 1;
        var replaced = Incremental.Count - kept;
        // The files that were replaced last come first, as Redis writes them.
        IEnumerable<AofFile> history = [.. Incremental.Take(replaced), .. Base is { } old ? [old] : Array.Empty<AofFile>(), .. History];
        return this with
        {
            BaseSequence = sequence,
            Base = new($"{name}.{sequence}.base.{(isRdb ? "rdb" : "aof")}", sequence, AofFileType.Base),
            Incremental = [.. Incremental.Skip(replaced)],
            History = [.. history.Select(file => file with { Type = AofFileType.History })],
        };
    }

    /// <summary>The same list with other replaced files: those that are not deleted yet.</summary>
    public AofManifest WithHistory(IReadOnlyList<AofFile> history) => this with { History = history };

    /// <summary>The same list without some incremental files.</summary>
    public AofManifest Without(IReadOnlyList<AofFile> files) => this with { Incremental = [.. Incremental.Except(files)] };

    /// <summary>
    /// A list of one base file under its present name: an AOF of one file, as before Redis 7, becomes one of several.
    /// </summary>
    public static AofManifest Upgraded(string name) => new() { Base = new(name, 1, AofFileType.Base), BaseSequence = 1 };

    /// <summary>The manifest's text, in UTF-8.</summary>
    public string Format()
    {
        var text = new StringBuilder();
        foreach (var file in Files.Take(Base is null ? 0 : 1).Concat(History).Concat(Incremental))
            text.Append(CultureInfo.InvariantCulture, $"file {ConfigLine.QuoteIfNeeded(file.Name)} seq {file.Sequence} type {(char)file.Type}\n");
        return text.ToString();
    }

    /// <summary>Reads a manifest.</summary>
    /// <param name="text">One char per byte, like configuration text.</param>
    /// <exception cref="FormatException">It is malformed. The message has the line and the reason, in Redis's words.</exception>
    public static AofManifest Parse(string text)
    {
        if (text.Length == 0) throw Damaged(0, "", "Found an empty AOF manifest");
        // No name has one, as the system's calls end there.
        if (text.Contains('\0', StringComparison.Ordinal)) throw Damaged(0, "", InvalidFormat);
        AofFile? baseFile = null;
        List<AofFile> incremental = [], history = [];
        var number = 0;
        for (var start = 0; start < text.Length;)
        {
            number++;
            var end = text.IndexOf('\n', start);
            // A line without an end is incomplete: its last number may lack a digit.
            var line = end < 0 ? text[start..] : text[start..end];
            start = end < 0 ? text.Length : end + 1;
            if (line.StartsWith('#')) continue;
            if (end < 0 || line.Length >= LongestLine) throw Damaged(number, "", "The AOF manifest file contains too long line");
            line = line.Trim(' ', '\t', '\r');
            var file = ParseLine(line, number);
            switch (file.Type)
            {
                case AofFileType.Base:
                    if (baseFile is not null) throw Damaged(number, line, "Found duplicate base file information");
                    baseFile = file;
                    break;
                case AofFileType.Incremental:
                    if (incremental.Count > 0 && file.Sequence <= incremental[^1].Sequence)
                        throw Damaged(number, line, "Found a non-monotonic sequence number");
                    incremental.Add(file);
                    break;
                default:
                    history.Add(file);
                    break;
            }
        }
        return new()
        {
            Base = baseFile, Incremental = incremental, History = history,
            BaseSequence = baseFile?.Sequence ?? 0,
            IncrementalSequence = incremental.Count == 0 ? 0 : incremental[^1].Sequence,
        };
    }

    static AofFile ParseLine(string line, int number)
    {
        // Pairs of names and values. Unknown names, which a later version may add, are skipped.
        if (ConfigLine.Split(line) is not { Length: >= 6 } words || words.Length % 2 != 0) throw Damaged(number, line, InvalidFormat);
        string? name = null;
        long sequence = 0;
        var type = '\0';
        for (var i = 0; i < words.Length; i += 2)
        {
            switch (words[i].ToLowerInvariant())
            {
                case "file":
                    name = words[i + 1];
                    if (name.Contains('/') || name.Contains('\\')) throw Damaged(number, line, "File can't be a path, just a filename");
                    break;
                case "seq":
                    _ = long.TryParse(words[i + 1], CultureInfo.InvariantCulture, out sequence);
                    break;
                case "type":
                    type = words[i + 1].FirstOrDefault();
                    break;
            }
        }
        if (string.IsNullOrEmpty(name) || sequence <= 0 || type == '\0') throw Damaged(number, line, InvalidFormat);
        if (!Enum.IsDefined((AofFileType)type)) throw Damaged(number, line, "Unknown AOF file type");
        return new(name, sequence, (AofFileType)type);
    }

    static FormatException Damaged(int number, string line, string reason) => new(line.Length == 0
        ? $"{Title}\n{reason}"
        : $"{Title}\nReading the manifest file, at line {number}\n>>> '{line}'\n{reason}");

}
