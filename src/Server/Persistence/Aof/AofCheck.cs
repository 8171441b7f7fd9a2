using System.Globalization;
using System.Text;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Files;
using MiniRedis.Server.Persistence.Rdb;
using Ascii = MiniRedis.Server.Text.Ascii;

namespace MiniRedis.Server.Persistence.Aof;

/// <summary>The changes that <c>check-aof</c> may make.</summary>
/// <param name="Fix">Truncate the last file after its last complete command or transaction, once the user agrees.</param>
/// <param name="TruncateTo">Unix time in seconds: cut off commands written after it; null keeps all.</param>
readonly record struct AofCheckOptions(bool Fix = false, long? TruncateTo = null);

/// <summary>
/// <c>miniredis check-aof [--fix] [--truncate-to-timestamp N] FILE</c>: reads the files of a manifest, or one file of commands
/// that may begin with an RDB file, as loading does, but runs nothing. It reports what is wrong, where, and how much is intact,
/// in the words of redis-check-aof, which scripts read. Only the last file can be repaired: a crash damages its end.
/// </summary>
sealed class AofCheck
{
    enum Verdict
    {
        Bad,
        Valid,
        Empty,
        Mended,
        CutAtTime,
    }

    readonly AofCheckOptions _options;
    readonly TextWriter _output;
    readonly TextReader _answers;
    readonly TimeProvider _time;

    // Counted through all files, as redis-check-aof does.
    long _line = 1;

    AofCheck(AofCheckOptions options, TextWriter output, TextReader answers, TimeProvider time) =>
        (_options, _output, _answers, _time) = (options, output, answers, time);

    /// <summary>Checks a manifest and its files, or one file.</summary>
    /// <param name="path">The manifest, or the file.</param>
    /// <param name="options">What to change.</param>
    /// <param name="output">Takes the report.</param>
    /// <param name="answers">The user's answers to whether a file may be cut.</param>
    /// <param name="time">The clock that decides which keys of an RDB file have expired.</param>
    /// <returns>The exit code: 0 if everything can be loaded, perhaps after repair; 1 if not.</returns>
    public static int Run(string path, AofCheckOptions options, TextWriter output, TextReader answers, TimeProvider? time = null)
    {
        var check = new AofCheck(options, output, answers, time ?? TimeProvider.System);
        try
        {
            return (IsManifest(path) ? check.Parts(path) : check.OneFile(path)) ? 0 : 1;
        }
        catch (FileNotFoundException failure)
        {
            output.WriteLine($"Cannot open file {failure.FileName}: No such file or directory");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            output.WriteLine($"Cannot read or write a file: {failure.Message}");
        }
        return 1;
    }

    bool OneFile(string path)
    {
        Say("Start checking Old-Style AOF");
        return Checked("AOF", path, path, isLast: true, IsRdb(path));
    }

    bool Parts(string path)
    {
        Say("Start checking Multi Part AOF");
        AofManifest manifest;
        try
        {
            manifest = AofManifest.Parse(Encoding.Latin1.GetString(Disk.ReadAll(path)));
        }
        catch (FormatException failure)
        {
            Say(failure.Message);
            return false;
        }
        string PathOf(AofFile file) => Path.Combine(Path.GetDirectoryName(path) ?? "", ConfigText.ToUnicode(file.Name));
        if (manifest.Base is { } first)
        {
            var isRdb = IsRdb(PathOf(first));
            Say($"Start to check BASE AOF ({(isRdb ? "RDB" : "RESP")} format).");
            if (!Checked("BASE AOF", first.Name, PathOf(first), manifest.Incremental.Count == 0, isRdb)) return false;
        }
        if (manifest.Incremental.Count > 0) Say("Start to check INCR files.");
        foreach (var file in manifest.Incremental)
        {
            if (!Checked("INCR AOF", file.Name, PathOf(file), file == manifest.Incremental[^1], isRdb: false)) return false;
        }
        Say("All AOF files and manifest are valid");
        return true;
    }

    /// <summary>Checks a file and reports the verdict. True if loading can go on after it.</summary>
    bool Checked(string kind, string name, string path, bool isLast, bool isRdb)
    {
        var verdict = Check(name, path, isLast, isRdb);
        switch (verdict)
        {
            case Verdict.Valid:
                Say($"{kind} {name} is valid");
                break;
            case Verdict.Empty:
                Say($"{kind} {name} is empty");
                break;
            case Verdict.Mended:
                Say($"Successfully truncated AOF {name}");
                break;
            case Verdict.CutAtTime:
                Say($"Successfully truncated AOF {name} to timestamp {_options.TruncateTo}");
                break;
        }
        return verdict != Verdict.Bad;
    }

    Verdict Check(string name, string path, bool isLast, bool isRdb)
    {
        using var file = Open(path);
        if (file.Length == 0) return Verdict.Empty;
        if (isRdb)
        {
            if (RdbCheck.Preamble(path, _output, _time) is not { } end)
            {
                Say("RDB preamble of AOF file is not sane, aborting.");
                return Verdict.Bad;
            }
            Say("RDB preamble is OK, proceeding with AOF tail...");
            file.Position = end;
        }
        var reader = new AofCommandReader(file, name);
        var (whole, inTransaction) = (reader.Position, false);
        while (reader.Read())
        {
            if (reader.IsNote)
            {
                if (IsTooLate(reader, out var isGood)) return CutAtTime(name, path, whole, isLast);
                if (!isGood) return Verdict.Bad;
            }
            else if (!Follow(reader, name, ref inTransaction))
            {
                break;
            }
            if (!inTransaction) whole = reader.Position;
        }
        if (inTransaction && reader.Failure is null) reader.Fail(reader.LastOffset, "Reached EOF before reading EXEC for MULTI");
        if (reader.Failure is { } failure) Say(failure);
        _line += reader.Lines;
        return Conclude(name, path, reader.Length, whole, isLast);
    }

    /// <summary>Follows MULTI and EXEC. False if they do not match.</summary>
    static bool Follow(AofCommandReader reader, string name, ref bool inTransaction)
    {
        var isMulti = Ascii.EqualsIgnoreCase(reader.Word, "multi"u8);
        if (!isMulti && !Ascii.EqualsIgnoreCase(reader.Word, "exec"u8)) return true;
        if (isMulti == inTransaction) return reader.Fail(reader.LastOffset, $"Unexpected {(isMulti ? "MULTI" : "EXEC")} in AOF {name}");
        inTransaction = isMulti;
        return true;
    }

    /// <summary>Whether a note says that the next commands were written after the time to keep.</summary>
    /// <param name="reader">It has just read the note.</param>
    /// <param name="isGood">False if the note should hold a time and does not.</param>
    bool IsTooLate(AofCommandReader reader, out bool isGood)
    {
        isGood = true;
        if (_options.TruncateTo is not { } limit || !reader.Word.StartsWith("#TS:"u8)) return false;
        var text = reader.Word[4..].TrimEnd("\r\n"u8);
        isGood = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var time);
        if (!isGood) Say("Invalid timestamp annotation");
        return isGood && time > limit;
    }

    // An open transaction is not kept in part, though it began in time.
    Verdict CutAtTime(string name, string path, long whole, bool isLast)
    {
        if (whole == 0)
        {
            Say($"AOF {name} has nothing before timestamp {_options.TruncateTo}, aborting...");
            return Verdict.Bad;
        }
        if (!isLast)
        {
            Say($"Failed to truncate AOF {name} to timestamp {_options.TruncateTo} to offset {whole} because it is not the last file.");
            Say("If you insist, please delete all files after this file according to the manifest file and delete the corresponding "
                + "records in manifest file manually. Then re-run miniredis check-aof.");
            return Verdict.Bad;
        }
        Truncate(path, whole);
        return Verdict.CutAtTime;
    }

    Verdict Conclude(string name, string path, long size, long whole, bool isLast)
    {
        var rest = size - whole;
        if (rest == 0 && _options.TruncateTo is { } limit)
        {
            Say($"Truncate nothing in AOF {name} to timestamp {limit}");
            return Verdict.Valid;
        }
        Say($"AOF analyzed: filename={name}, size={size}, ok_up_to={whole}, ok_up_to_line={_line}, diff={rest}");
        if (rest == 0) return Verdict.Valid;
        if (!_options.Fix)
        {
            Say($"AOF {name} is not valid. Use the --fix option to try fixing it.");
            return Verdict.Bad;
        }
        if (!isLast)
        {
            Say($"Failed to truncate AOF {name} because it is not the last file");
            return Verdict.Bad;
        }
        Say($"This will shrink the AOF {name} from {size} bytes, with {rest} bytes, to {whole} bytes");
        _output.Write("Continue? [y/N]: ");
        _output.Flush();
        if (_answers.ReadLine() is not ['y' or 'Y', ..])
        {
            Say("Aborting...");
            return Verdict.Bad;
        }
        Truncate(path, whole);
        return Verdict.Mended;
    }

    static void Truncate(string path, long length)
    {
        using var file = DiskFile.Open(path, DiskFileMode.Append);
        file.Truncate(length);
        file.Sync();
    }

    static FileStream Open(string path)
    {
        // Named as the user named it, not in full.
        if (Disk.KindOf(path) == PathKind.Nothing) throw new FileNotFoundException(null, path);
        return Disk.OpenRead(path);
    }

    static bool IsRdb(string path)
    {
        using var file = Open(path);
        return RdbFileReader.HasMagic(file);
    }

    /// <summary>Whether the first line that is no comment is one of a manifest.</summary>
    static bool IsManifest(string path)
    {
        const int Longest = 1024;
        Span<byte> line = stackalloc byte[Longest];
        using var file = new BufferedStream(Open(path));
        while (true)
        {
            var length = 0;
            int b;
            while ((b = file.ReadByte()) is not (-1 or '\n'))
            {
                if (length < Longest) line[length++] = (byte)b;
                if (line[0] != '#' && length == 4) return line.StartsWith("file"u8);
            }
            if (b == -1 || length == 0 || line[0] != '#') return false;
        }
    }

    void Say(string line) => _output.WriteLine(line);
}
