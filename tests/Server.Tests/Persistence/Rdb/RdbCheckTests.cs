using System.Text;
using MiniRedis.Server.Persistence.Rdb;

namespace MiniRedis.Server.Tests.Persistence.Rdb;

public sealed class RdbCheckTests : IDisposable
{
    readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("miniredis-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    (int Code, string Report) Check(byte[] file)
    {
        var path = Path.Combine(_directory.FullName, "x.rdb");
        File.WriteAllBytes(path, file);
        using var report = new StringWriter { NewLine = "\n" };
        var code = RdbCheck.Run(path, report, new ManualTime());
        return (code, report.ToString().Replace(path, "x.rdb", StringComparison.Ordinal));
    }

    // Database 0 with the string "k", expired since 1970, and the string "a".
    static readonly byte[] s_good =
    [
        .. "REDIS0003"u8, 0xFE, 0, 0xFD, 1, 0, 0, 0, 0, 1, (byte)'k', 1, (byte)'v', 0, 1, (byte)'a', 1, (byte)'b', 0xFF,
    ];

    [Fact]
    public void A_good_file_is_said_to_be_one() => Assert.Equal((0, """
        [offset 0] Checking RDB file x.rdb
        [offset 11] Selecting DB ID 0
        [offset 27] \o/ RDB looks OK! \o/
        [info] 2 keys read
        [info] 1 expires
        [info] 1 already expired

        """), Check(s_good));

    [Fact]
    public void What_follows_the_end_is_told() =>
        Assert.EndsWith("[info] 3 bytes follow the end; nobody reads them\n", Check([.. s_good, 1, 2, 3]).Report, StringComparison.Ordinal);

    [Fact]
    public void A_file_that_ends_early_is_told_with_what_was_read() => Assert.Equal((1, """
        [offset 0] Checking RDB file x.rdb
        [offset 11] Selecting DB ID 0
        --- RDB ERROR DETECTED ---
        [offset 25] Unexpected EOF reading RDB file
        [additional info] While doing: read-object-value
        [additional info] Reading key 'a'
        [additional info] Reading type 0 (string)
        [info] 1 keys read
        [info] 1 expires
        [info] 1 already expired

        """), Check(s_good[..25]));

    [Fact]
    public void A_wrong_checksum_is_told()
    {
        var file = Encoding.ASCII.GetBytes("REDIS0010\xFF" + "12345678");
        file[9] = 0xFF;
        Assert.Equal((1, """
            [offset 0] Checking RDB file x.rdb
            --- RDB ERROR DETECTED ---
            [offset 18] RDB CRC error
            [additional info] While doing: check-sum
            [info] 0 keys read
            [info] 0 expires
            [info] 0 already expired

            """), Check(file));
    }

    [Theory]
    [InlineData(new byte[] { 0, 1, (byte)'a', 1, (byte)'b', 0, 1, (byte)'a', 1, (byte)'b' }, "a key occurs twice")]
    [InlineData(new byte[] { 8 }, "unknown type 8")]
    [InlineData(new byte[] { 9, 1, (byte)'m', 2, 0, 0xFF }, "Zipmap integrity check failed")]
    public void What_would_not_be_loaded_is_told(byte[] body, string reason)
    {
        var (code, report) = Check([.. "REDIS0003"u8, .. body, 0xFF]);
        Assert.Equal(1, code);
        Assert.Contains(reason, report, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error()
    {
        using var report = new StringWriter();
        Assert.Equal(1, RdbCheck.Run(Path.Combine(_directory.FullName, "none"), report));
        Assert.Contains("Cannot open file", report.ToString(), StringComparison.Ordinal);
    }
}
