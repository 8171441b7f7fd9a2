using System.Text;
using MiniRedis.Server.Persistence.Aof;

namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>What check-aof says and does; the reports are those of redis-check-aof 7.0.15, but where a test says otherwise.</summary>
public sealed class AofCheckTests : IDisposable
{
    // 31 bytes in seven lines.
    const string Set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
    const string Multi = "*1\r\n$5\r\nMULTI\r\n";
    const string Exec = "*1\r\n$4\r\nEXEC\r\n";

    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    string PathOf(string name) => Path.Combine(_directory.FullName, name);

    void Write(string name, string content) => File.WriteAllText(PathOf(name), content, Encoding.Latin1);

    string Read(string name) => File.ReadAllText(PathOf(name), Encoding.Latin1);

    (int Code, string Report) Check(string name, bool fix = false, long? until = null, string answer = "")
    {
        using var report = new StringWriter { NewLine = "\n" };
        using var answers = new StringReader(answer);
        var code = AofCheck.Run(PathOf(name), new(fix, until), report, answers, new ManualTime());
        return (code, report.ToString().Replace(_directory.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
    }

    (int Code, string Report) CheckFile(string content, bool fix = false, long? until = null, string answer = "")
    {
        Write("x.aof", content);
        return Check("x.aof", fix, until, answer);
    }

    [Theory]
    [InlineData(Set + Set, 62, 15)]
    [InlineData(Set + Multi + Set + Exec + Set, 122, 28)]
    [InlineData("#TS:1700000000\r\n" + Set, 47, 8)]
    [InlineData("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", 19, 6)]
    public void A_good_file_is_said_to_be_one(string content, int size, int line) => Assert.Equal((0, $"""
        Start checking Old-Style AOF
        AOF analyzed: filename=x.aof, size={size}, ok_up_to={size}, ok_up_to_line={line}, diff=0
        AOF x.aof is valid

        """), CheckFile(content));

    [Fact]
    public void An_empty_file_is_good() => Assert.Equal((0, "Start checking Old-Style AOF\nAOF x.aof is empty\n"), CheckFile(""));

    [Theory]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nva", "0x              37: Expected to read 7 bytes, got 2 bytes", 14)]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5", @"0x              33: Expected \r\n, got: 0000", 13)]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nk", "0x              30: Expected to read 3 bytes, got 1 bytes", 12)]
    [InlineData("*3", @"0x              1f: Expected \r\n, got: 0000", 8)]
    [InlineData("*3\r\n$3\r\nSET\r\n#1\r\nk\r\n", "0x              2c: Expected prefix '$', got: '#'", 11)]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\nkxx$5\r\nvalue\r\n", @"0x              30: Expected \r\n, got: 7878", 12)]
    [InlineData("*1\r\n$x\r\nMULTI\r\n", @"0x              23: Expected \r\n, got: 780d", 9)]
    [InlineData("*1\r\n$-5\r\nMULTI\r\n", "0x              23: Expected to read string of -5 bytes, which is not in the suitable range", 10)]
    [InlineData("*1\r\n$99999999\r\nMULTI\r\n", "0x              2e: Expected to read 100000001 bytes, got 7 bytes", 10)]
    [InlineData("hello", "AOF x.aof format error", 8)]
    [InlineData("\0\0\0\0\0\0\0\0", "AOF x.aof format error", 8)]
    [InlineData(Multi + Set, "0x              46: Reached EOF before reading EXEC for MULTI", 18)]
    [InlineData(Multi + "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nva", "0x              46: Expected to read 7 bytes, got 2 bytes", 17)]
    [InlineData(Multi + Multi, "0x              36: Unexpected MULTI in AOF x.aof", 14)]
    [InlineData(Exec + Set, "0x              27: Unexpected EXEC in AOF x.aof", 11)]
    // Redis-check-aof tells no reason, or takes these for good; loading cuts them off or refuses them.
    [InlineData("*3\r\n$3\r\nSET\r\n", "0x              2c: Reached EOF before the end of a command", 11)]
    [InlineData("#TS:1", "0x              1f: Reached EOF before the end of an annotation", 8)]
    [InlineData("*0\r\n", "0x              1f: Expected at least one argument, got none", 9)]
    public void Damage_behind_a_good_command_is_told_and_cut_off_when_the_user_agrees(string damage, string reason, int line)
    {
        var size = 31 + damage.Length;
        var analyzed = $"""
            Start checking Old-Style AOF
            {reason}
            AOF analyzed: filename=x.aof, size={size}, ok_up_to=31, ok_up_to_line={line}, diff={damage.Length}

            """;
        Assert.Equal((1, analyzed + "AOF x.aof is not valid. Use the --fix option to try fixing it.\n"), CheckFile(Set + damage));
        Assert.Equal(Set + damage, Read("x.aof"));

        var asked = analyzed + $"This will shrink the AOF x.aof from {size} bytes, with {damage.Length} bytes, to 31 bytes\nContinue? [y/N]: ";
        foreach (var answer in new[] { "", "n\n", "\n" })
            Assert.Equal((1, asked + "Aborting...\n"), CheckFile(Set + damage, fix: true, answer: answer));
        Assert.Equal(Set + damage, Read("x.aof"));
        Assert.Equal((0, asked + "Successfully truncated AOF x.aof\n"), CheckFile(Set + damage, fix: true, answer: "yes\n"));
        Assert.Equal(Set, Read("x.aof"));
    }

    [Fact]
    public void Wherever_a_file_ends_what_is_whole_is_kept()
    {
        const string Whole = Set + "#TS:1700000000\r\n" + Multi + Set + Exec + Set;
        int[] ends = [0, 31, 47, 47 + 15 + 31 + 14, Whole.Length];
        for (var length = 0; length <= Whole.Length; length++)
        {
            var expected = ends.Last(end => end <= length);
            Assert.Equal((length, expected == length ? 0 : 1), (length, CheckFile(Whole[..length]).Code));
            Assert.Equal((length, 0), (length, CheckFile(Whole[..length], fix: true, answer: "y\n").Code));
            Assert.Equal(Whole[..expected], Read("x.aof"));
        }
    }

    [Fact]
    public void Commands_larger_than_any_buffer_are_read()
    {
        var large = $"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n{new string('v', 3_000_000)}\r\n";
        var content = string.Concat(Enumerable.Repeat(Set + large, 3));
        Assert.Equal((0, $"""
            Start checking Old-Style AOF
            AOF analyzed: filename=x.aof, size={content.Length}, ok_up_to={content.Length}, ok_up_to_line=43, diff=0
            AOF x.aof is valid

            """), CheckFile(content));
        Assert.Contains("Expected to read 3000002 bytes, got 3000001 bytes", CheckFile(content[..^1]).Report, StringComparison.Ordinal);
    }

    const string Timed = "#TS:100\r\n" + Set + "#TS:200\r\n" + Set + "#TS:300\r\n" + Set;

    [Theory]
    [InlineData(50, 1, 120, "AOF x.aof has nothing before timestamp 50, aborting...\n")]
    [InlineData(100, 0, 40, "Successfully truncated AOF x.aof to timestamp 100\n")]
    [InlineData(250, 0, 80, "Successfully truncated AOF x.aof to timestamp 250\n")]
    [InlineData(300, 0, 120, "Truncate nothing in AOF x.aof to timestamp 300\nAOF x.aof is valid\n")]
    public void What_was_written_after_a_time_is_cut_off(long until, int code, int length, string report)
    {
        Assert.Equal((code, "Start checking Old-Style AOF\n" + report), CheckFile(Timed, until: until));
        Assert.Equal(Timed[..length], Read("x.aof"));
    }

    [Fact]
    public void A_time_within_a_transaction_cuts_off_the_whole_of_it()
    {
        Assert.Equal(0, CheckFile(Set + Multi + Set + "#TS:200\r\n" + Set + Exec, until: 100).Code);
        Assert.Equal(Set, Read("x.aof"));
    }

    [Fact]
    public void A_time_that_is_no_number_is_refused_where_times_matter()
    {
        Assert.Equal((1, "Start checking Old-Style AOF\nInvalid timestamp annotation\n"), CheckFile("#TS:x\r\n" + Set, until: 5));
        Assert.Equal(0, CheckFile("#TS:x\r\n" + Set).Code);
    }

    // An RDB file with the string "a" and no checksum, 15 bytes.
    const string Rdb = "REDIS0003\0\u0001a\u0001b\u00FF";

    [Fact]
    public void An_RDB_file_in_front_is_checked_as_one() => Assert.Equal((0, """
        Start checking Old-Style AOF
        [offset 0] Checking RDB file x.aof
        [offset 15] \o/ RDB looks OK! \o/
        [info] 1 keys read
        [info] 0 expires
        [info] 0 already expired
        RDB preamble is OK, proceeding with AOF tail...
        AOF analyzed: filename=x.aof, size=46, ok_up_to=46, ok_up_to_line=8, diff=0
        AOF x.aof is valid

        """), CheckFile(Rdb + Set));

    [Fact]
    public void What_follows_an_RDB_file_can_be_fixed_and_the_RDB_file_cannot()
    {
        Assert.Equal(0, CheckFile(Rdb + Set + Set[..^1], fix: true, answer: "y\n").Code);
        Assert.Equal(Rdb + Set, Read("x.aof"));

        var (code, report) = CheckFile(Rdb[..^3], fix: true, answer: "y\n");
        Assert.Equal(1, code);
        Assert.Contains("--- RDB ERROR DETECTED ---\n", report, StringComparison.Ordinal);
        Assert.EndsWith("RDB preamble of AOF file is not sane, aborting.\n", report, StringComparison.Ordinal);
        Assert.Equal(Rdb[..^3], Read("x.aof"));
    }

    const string Manifest = "# mine\nfile a.1.base.aof seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i\n"
        + "file a.0.incr.aof seq 9 type h\n";

    void WriteParts(string first, string second, string third)
    {
        Write("a.manifest", Manifest);
        Write("a.1.base.aof", first);
        Write("a.1.incr.aof", second);
        Write("a.2.incr.aof", third);
    }

    [Fact]
    public void The_files_of_a_manifest_are_checked_and_only_the_end_of_the_last_is_fixed()
    {
        WriteParts(Set + Set, "", Set + Set[..26]);
        const string UpToTheLast = """
            Start checking Multi Part AOF
            Start to check BASE AOF (RESP format).
            AOF analyzed: filename=a.1.base.aof, size=62, ok_up_to=62, ok_up_to_line=15, diff=0
            BASE AOF a.1.base.aof is valid
            Start to check INCR files.
            INCR AOF a.1.incr.aof is empty
            0x              37: Expected to read 7 bytes, got 2 bytes
            AOF analyzed: filename=a.2.incr.aof, size=57, ok_up_to=31, ok_up_to_line=28, diff=26

            """;
        Assert.Equal((1, UpToTheLast + "AOF a.2.incr.aof is not valid. Use the --fix option to try fixing it.\n"), Check("a.manifest"));
        Assert.Equal((0, UpToTheLast + """
            This will shrink the AOF a.2.incr.aof from 57 bytes, with 26 bytes, to 31 bytes
            Continue? [y/N]: Successfully truncated AOF a.2.incr.aof
            All AOF files and manifest are valid

            """), Check("a.manifest", fix: true, answer: "y\n"));
        Assert.Equal(Set, Read("a.2.incr.aof"));

        WriteParts(Set + Set[..26], Set, Set);
        Assert.Equal((1, """
            Start checking Multi Part AOF
            Start to check BASE AOF (RESP format).
            0x              37: Expected to read 7 bytes, got 2 bytes
            AOF analyzed: filename=a.1.base.aof, size=57, ok_up_to=31, ok_up_to_line=14, diff=26
            Failed to truncate AOF a.1.base.aof because it is not the last file

            """), Check("a.manifest", fix: true, answer: "y\n"));
        Assert.Equal(Set + Set[..26], Read("a.1.base.aof"));
    }

    [Fact]
    public void A_time_cuts_the_last_file_of_a_manifest_and_no_other()
    {
        WriteParts("#TS:1\r\n" + Set, Set, Timed);
        Assert.Equal((0, """
            Start checking Multi Part AOF
            Start to check BASE AOF (RESP format).
            Truncate nothing in AOF a.1.base.aof to timestamp 100
            BASE AOF a.1.base.aof is valid
            Start to check INCR files.
            Truncate nothing in AOF a.1.incr.aof to timestamp 100
            INCR AOF a.1.incr.aof is valid
            Successfully truncated AOF a.2.incr.aof to timestamp 100
            All AOF files and manifest are valid

            """), Check("a.manifest", until: 100));
        Assert.Equal(Timed[..40], Read("a.2.incr.aof"));

        WriteParts(Set, Timed, Timed);
        var (code, report) = Check("a.manifest", until: 100);
        Assert.Equal(1, code);
        Assert.Contains("Failed to truncate AOF a.1.incr.aof to timestamp 100 to offset 40 because it is not the last file.\n", report,
            StringComparison.Ordinal);
        Assert.Equal(Timed, Read("a.1.incr.aof"));
    }

    [Fact]
    public void A_base_that_is_an_RDB_file_is_checked_as_one()
    {
        WriteParts(Rdb, Set, Set);
        var (code, report) = Check("a.manifest");
        Assert.Equal(0, code);
        Assert.Contains("Start to check BASE AOF (RDB format).\n", report, StringComparison.Ordinal);
        Assert.Contains("RDB preamble is OK, proceeding with AOF tail...\n", report, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("file a\n", "*** FATAL AOF MANIFEST FILE ERROR ***\nReading the manifest file, at line 1\n>>> 'file a'\nInvalid AOF manifest file format\n")]
    [InlineData("file none seq 1 type b\n", "Cannot open file none: No such file or directory\n")]
    public void A_manifest_that_makes_no_sense_or_lists_what_is_not_there_is_told(string manifest, string reason)
    {
        Write("a.manifest", manifest);
        Assert.Equal((1, "Start checking Multi Part AOF\n" + reason), Check("a.manifest"));
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.Equal((1, "Cannot open file none: No such file or directory\n"), Check("none"));
}
