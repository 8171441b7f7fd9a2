using Microsoft.Extensions.Logging.Abstractions;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Hosting.Process;
using MiniRedis.Server.Logging;

namespace MiniRedis.Server.Tests.Hosting;

public sealed class OomScoreTests : IDisposable
{
    readonly string _file = Path.GetTempFileName();
    readonly ServerConfig _config = new();
    readonly OomScore _score;

    public OomScoreTests()
    {
        File.WriteAllText(_file, "7\n");
        _score = new OomScore(_config, new ServerLog(NullLogger.Instance), _file);
    }

    public void Dispose() => File.Delete(_file);

    string Set(OomScoreAdjust mode, params int[] values)
    {
        _config.Process.OomScoreAdj = mode;
        if (values.Length > 0) _config.Process.OomScoreAdjValues = values;
        Assert.True(_score.Apply());
        return File.ReadAllText(_file);
    }

    [Fact]
    public void Nothing_is_written_while_it_is_off() => Assert.Equal("7\n", Set(OomScoreAdjust.No, 1, 2, 3));

    [Fact]
    public void The_value_of_a_master_or_replica_is_added_to_what_the_process_had_or_takes_its_place()
    {
        Assert.Equal("17\n", Set(OomScoreAdjust.Relative, 10, 20, 30));
        _config.Replication.ReplicaOf = new MasterAddress("localhost", 1);
        Assert.Equal("27\n", Set(OomScoreAdjust.Relative));
        Assert.Equal("20\n", Set(OomScoreAdjust.Absolute));
        Assert.Equal("1000\n", Set(OomScoreAdjust.Relative, 0, 2000, 0));
        Assert.Equal("-1000\n", Set(OomScoreAdjust.Absolute, 0, -2000, 0));
    }

    [Fact]
    public void Turned_off_it_is_again_what_it_was_before_and_turned_on_anew_counts_from_there()
    {
        Assert.Equal("16\n", Set(OomScoreAdjust.Relative, 9, 9, 9));
        Assert.Equal("7\n", Set(OomScoreAdjust.No));
        File.WriteAllText(_file, "3\n");
        Assert.Equal("3\n", Set(OomScoreAdjust.No));
        Assert.Equal("12\n", Set(OomScoreAdjust.Relative));
    }

    [Fact]
    public void What_cannot_be_read_or_written_is_an_error()
    {
        var score = new OomScore(_config, new ServerLog(NullLogger.Instance), Path.Combine(_file, "missing"));
        _config.Process.OomScoreAdj = OomScoreAdjust.Relative;
        Assert.False(score.Apply());
    }

    [Fact]
    public void Config_set_and_the_start_put_it_into_force()
    {
        if (!OperatingSystem.IsLinux()) return;
        using var server = new TestServer();
        using var client = server.Connect();
        var before = int.Parse(File.ReadAllText(OomScore.Path), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal("+OK", client.Call("CONFIG SET oom-score-adj-values \"1 2 3\" oom-score-adj yes"));
        Assert.Equal($"{Math.Min(1000, before + 1)}\n", File.ReadAllText(OomScore.Path));
        Assert.Equal("+OK", client.Call("CONFIG SET oom-score-adj no"));
        Assert.Equal($"{before}\n", File.ReadAllText(OomScore.Path));
    }
}
