using System.Globalization;
using System.Text.RegularExpressions;

namespace MiniRedis.Server.Tests.Persistence.Aof;

/// <summary>
/// Bits that flip in a file of commands, which has no checksum: a value may become another, and nobody can tell; but whatever breaks the
/// form is refused, or, where it looks like an end that comes too early, cut off, and the log tells where.
/// </summary>
public sealed partial class AofDamageTests : IDisposable
{
    const string Name = "appendonly.aof.1.incr.aof";
    const int Keys = 20;

    static readonly string s_all = "MGET " + string.Join(' ', Enumerable.Range(0, Keys).Select(i => $"key:{i:D2}"));

    readonly AofDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    // The last two are a transaction.
    static string Content() =>
        AofDirectory.Commands([.. Enumerable.Range(0, Keys - 2).Select(Set)]) + AofDirectory.Commands("MULTI", Set(Keys - 2), Set(Keys - 1), "EXEC");

    static string Set(int i) => $"SET key:{i:D2} value:{i:D2}";

    static string[] Values(int count) =>
        [.. Enumerable.Range(0, Keys).SelectMany(i => i < count ? new[] { "$8", $"value:{i:D2}" } : ["$-1"])];

    [GeneratedRegex("ends at offset ([0-9]+)|Truncating the AOF .* at offset ([0-9]+)")]
    private static partial Regex Offset();

    /// <summary>As an editor or a transfer in text mode leaves it. Nothing in it is an end that came too early.</summary>
    [Theory]
    [InlineData("*3\n$3\nSET\n$1\na\n$1\n1\n")]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\n1\n")]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\na\n$1")]
    [InlineData("*3\r\n+OK")]
    [InlineData("*x")]
    // Nothing in a file ends the server that loads it.
    [InlineData("*1\r\n$8\r\nSHUTDOWN\r\n")]
    [InlineData("*2\r\n$8\r\nSHUTDOWN\r\n$6\r\nNOSAVE\r\n")]
    public void What_is_no_torn_end_is_refused_and_stays(string content)
    {
        content = AofDirectory.Commands("SET whole 1") + content;
        _directory.Make($"file {Name} seq 1 type i\n", (Name, content));
        Assert.Matches("Bad file format|Unknown command", _directory.Refusal("aof-load-truncated yes"));
        Assert.Equal(content, File.ReadAllText(_directory.AofPath(Name)));
    }

    [Theory]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1")]
    [InlineData("*3\r\n$3\r\nSET\r\n$1\r\na\r")]
    [InlineData("*3\r\n$3\r\nSE")]
    [InlineData("*3\r")]
    [InlineData("*")]
    [InlineData("#TS:17")]
    public void What_a_crash_leaves_of_a_command_is_cut_off(string content)
    {
        var whole = AofDirectory.Commands("SET whole 1");
        _directory.Make($"file {Name} seq 1 type i\n", (Name, whole + content));
        using var server = _directory.Start("aof-load-truncated yes");
        using var client = server.Connect();
        Assert.Equal("*2 $1 1 $-1", client.Call("MGET whole a"));
        Assert.Equal(whole, File.ReadAllText(_directory.AofPath(Name)));
    }

    [Theory]
    [InlineData(1, "yes")]
    [InlineData(2, "yes")]
    [InlineData(3, "no")]
    public void A_flipped_bit_changes_one_command_at_most_or_is_told_with_its_place(int seed, string truncated)
    {
        var content = Content();
        _directory.Make($"file {Name} seq 1 type i\n", (Name, content));
        using var server = _directory.Start($"aof-load-truncated {truncated}");
        using var client = server.Connect();
        Assert.Equal($"*{Keys} {string.Join(' ', Values(Keys))}", client.Call(s_all));
        var random = new Random(seed);
        int refused = 0, cut = 0, unseen = 0;
        for (var i = 0; i < 1500; i++)
        {
            var bytes = content.ToCharArray();
            var at = random.Next(bytes.Length);
            bytes[at] ^= (char)(1 << random.Next(8));
            _directory.Make($"file {Name} seq 1 type i\n", (Name, new string(bytes)));
            _directory.Log.Clear();
            var reply = client.Call("DEBUG LOADAOF");
            var log = _directory.Log.Text;
            if (reply != "+OK")
            {
                refused++;
                Assert.Matches("Bad file format|Unknown command|Unexpected end of file", log);
                Assert.InRange(OffsetIn(log), 0, content.Length);
                Assert.Equal(content.Length, new FileInfo(_directory.AofPath(Name)).Length);
                continue;
            }
            var values = client.Call(s_all);
            if (log.Contains("Truncating the AOF", StringComparison.Ordinal))
            {
                cut++;
                Assert.Equal("yes", truncated);
                Assert.Equal(OffsetIn(log), new FileInfo(_directory.AofPath(Name)).Length);
                // What stands before is loaded, but for the one that the bit is in; nothing of what stands behind is.
                var whole = Enumerable.Range(0, Keys).Count(key => EndOf(key) <= OffsetIn(log));
                Assert.Equal($"*{Keys} {string.Join(' ', Values(whole))}", values);
                continue;
            }
            unseen++;
            Assert.InRange(Differences(values), 0, 1);
        }
        // Most kinds occur, or the test would say nothing of them. Hardly a flipped bit looks like an end that comes too early.
        Assert.True(refused > 100 && unseen > 100 && (cut == 0 || truncated == "yes"), $"{refused} refused, {cut} cut, {unseen} unseen");
    }

    static long OffsetIn(string log)
    {
        var match = Offset().Match(log);
        Assert.True(match.Success, log);
        return long.Parse(match.Groups[1].Success ? match.Groups[1].ValueSpan : match.Groups[2].ValueSpan, CultureInfo.InvariantCulture);
    }

    /// <summary>Where a command of the file, or the transaction that it is in, ends.</summary>
    static int EndOf(int key) => key >= Keys - 2 ? Content().Length : (key + 1) * AofDirectory.Commands(Set(0)).Length;

    /// <summary>Keys whose value is not what was written.</summary>
    static int Differences(string values)
    {
        var differences = 0;
        for (var i = 0; i < Keys; i++)
        {
            if (!values.Contains($"$8 value:{i:D2}", StringComparison.Ordinal)) differences++;
        }
        return differences;
    }
}
