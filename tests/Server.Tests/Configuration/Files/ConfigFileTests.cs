using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;
using MiniRedis.Server.Configuration.Values;

namespace MiniRedis.Server.Tests.Configuration.Files;

public sealed class ConfigFileTests : IDisposable
{
    readonly DirectoryInfo _dir = Directory.CreateTempSubdirectory("miniredis-config-");

    public void Dispose() => _dir.Delete(recursive: true);

    static ServerConfig Load(string text)
    {
        var config = new ServerConfig();
        ConfigFile.LoadText(config, text);
        return config;
    }

    static string Report(string text) => Assert.Throws<ConfigFileException>(() => Load(text)).Message;

    [Fact]
    public void Comments_blank_lines_case_and_carriage_returns_do_not_matter()
    {
        var config = Load("# a comment\r\n\r\n  PORT 7001\r\n\tMaxMemory 100MB\n#port 7002\ntimeout \"30\"");
        Assert.Equal(7001, config.Network.Port);
        Assert.Equal(100L << 20, config.Memory.MaxMemory);
        Assert.Equal(30, config.Network.Timeout);
    }

    [Fact]
    public void The_last_of_two_lines_wins() => Assert.Equal(2, Load("port 1\nport 2").Network.Port);

    [Theory]
    [InlineData("", "3600 1 300 100 60 10000")]
    [InlineData("save 900 1", "900 1")]
    [InlineData("save 900 1\nsave 300 10 60 20", "900 1 300 10 60 20")]
    [InlineData("save 900 1\nsave \"\"", "")]
    [InlineData("save \"\"\nsave 5 5", "5 5")]
    [InlineData("save \"900 1 300 10\"", "900 1 300 10")]
    public void Save_lines_replace_the_defaults_and_then_add_up(string text, string expected) =>
        Assert.Equal(expected, SavePoint.Format(Load(text)));

    [Fact]
    public void Buffer_limits_change_only_the_classes_they_name()
    {
        var config = Load("client-output-buffer-limit pubsub 64mb 16mb 90\nclient-output-buffer-limit slave 0 0 0");
        Assert.Equal("normal 0 0 0 slave 0 0 0 pubsub 67108864 16777216 90", OutputBufferLimit.Format(config));
        Assert.Equal(new OutputBufferLimit(64 << 20, 16 << 20, 90), config.Network.OutputBufferLimits[(int)ClientClass.PubSub]);
    }

    [Theory]
    [InlineData("port 70000", "argument must be between 0 and 65535 inclusive")]
    [InlineData("port abc", "argument couldn't be parsed into an integer")]
    [InlineData("port", "wrong number of arguments")]
    [InlineData("port 1 2", "wrong number of arguments")]
    [InlineData("daemonize maybe", "argument must be 'yes' or 'no'")]
    [InlineData("maxmemory 1tb", "argument must be a memory value")]
    [InlineData("maxmemory-clients 101%", "percentage argument must be less or equal to 100")]
    [InlineData("maxmemory-clients x%", "argument must be a memory or percent value")]
    [InlineData("unixsocketperm 999", "argument couldn't be parsed as an octal number")]
    [InlineData("unixsocketperm 1000", "argument must be between 0 and 777 inclusive")]
    [InlineData("appendfsync sometimes", "argument(s) must be one of the following: everysec, always, no")]
    [InlineData("save 900", "Invalid save parameters")]
    [InlineData("save 0 1", "Invalid save parameters")]
    [InlineData("replicaof localhost", "wrong number of arguments")]
    [InlineData("replicaof localhost 99999", "Invalid master port")]
    [InlineData("requirepass \"open", "Unbalanced quotes in configuration line")]
    [InlineData("dbfilename a/b", "dbfilename can't be a path, just a filename")]
    [InlineData("appenddirname \"\"", "appenddirname can't be empty")]
    [InlineData("notify-keyspace-events q", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")]
    [InlineData("client-output-buffer-limit normal 1 1", "Wrong number of arguments in buffer limit configuration.")]
    [InlineData("client-output-buffer-limit master 1 1 1", "Invalid client class specified in buffer limit configuration.")]
    [InlineData("client-output-buffer-limit normal x 1 1", "Error in hard, soft or soft_seconds setting in buffer limit configuration.")]
    [InlineData("oom-score-adj-values 1 2", "wrong number of arguments")]
    [InlineData("oom-score-adj-values 1 2 3000", "Invalid oom-score-adj-values, elements must be between -2000 and 2000.")]
    [InlineData("latency-tracking-info-percentiles 101", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")]
    [InlineData("shutdown-on-sigterm save nosave", "shutdown options SAVE and NOSAVE can't be used simultaneously")]
    [InlineData("proc-title-template {nonsense}", "template format is invalid or contains unknown variables")]
    [InlineData("cluster-announce-hostname a_b", "Hostnames may only contain alphanumeric characters, hyphens or dots")]
    [InlineData("dir /no/such/directory", "No such file or directory")]
    [InlineData("sentinel monitor m 127.0.0.1 6379 2", "sentinel directive while not in sentinel mode")]
    [InlineData("loadmodule /lib/x.so", "this server loads no modules")]
    [InlineData("search.timeout 5", "this server loads no modules")]
    [InlineData("include", "Bad directive or wrong number of arguments")]
    [InlineData("entirely-unknown 1", "Bad directive or wrong number of arguments")]
    [InlineData("maxmemmory 1", "Bad directive or wrong number of arguments (did you mean 'maxmemory'?)")]
    [InlineData("slave-priorty 1", "Bad directive or wrong number of arguments (did you mean 'slave-priority'?)")]
    public void A_wrong_line_is_reported_with_its_number_and_the_reason(string line, string reason) =>
        Assert.Equal(
            $"""

            *** FATAL CONFIG FILE ERROR (Redis 7.4.0) ***
            Reading the configuration file, at line 3
            >>> '{line}'
            {reason}
            (line 3 of text)
            """, Report($"# first\ntimeout 1\n  {line}  \r\nport 1\n"));

    [Fact]
    public void Included_files_are_read_in_place_and_patterns_in_order()
    {
        Write("main.conf", "port 1\ninclude conf.d/*.conf\ninclude none/*.conf\ntimeout 9");
        Write("conf.d/20-b.conf", "port 20\n");
        Write("conf.d/10-a.conf", "port 10\nmaxclients 77\n");
        Write("conf.d/.hidden.conf", "nonsense");
        var config = new ServerConfig { Persistence = { Dir = _dir.FullName } };
        ConfigFile.Load(config, CommandLineConfig.Parse(["main.conf"]));
        Assert.Equal((20, 77, 9), (config.Network.Port, config.Network.MaxClients, config.Network.Timeout));
    }

    [Fact]
    public void An_include_that_does_not_exist_is_fatal()
    {
        var missing = Path.Combine(_dir.FullName, "missing.conf");
        Assert.Equal($"Fatal error, can't open config file '{missing}': No such file or directory", Report($"include {missing}"));
    }

    [Fact]
    public void A_file_that_includes_itself_is_reported_where_it_does()
    {
        var path = Write("loop.conf", "port 1\ninclude loop.conf\n");
        var report = Assert.Throws<ConfigFileException>(() =>
            ConfigFile.Load(new ServerConfig { Persistence = { Dir = _dir.FullName } }, CommandLineConfig.Parse([path]))).Message;
        Assert.EndsWith($"include is nested deeper than 16 files\n(line 2 of {path})", report);
    }

    [Fact]
    public void Line_numbers_run_on_into_the_options_as_in_Redis_and_the_source_is_named()
    {
        var path = Write("main.conf", "port 1\ntimeout 1\n");
        var report = Assert.Throws<ConfigFileException>(() =>
            ConfigFile.Load(new ServerConfig(), CommandLineConfig.Parse([path, "--loglevel", "debug", "--port", "x"]))).Message;
        Assert.Contains("at line 5\n>>> 'port \"x\"'\n", report);
        Assert.EndsWith("(line 2 of the command line)", report);
    }

    [Fact]
    public void Options_win_over_standard_input_and_that_wins_over_the_file()
    {
        var path = Write("main.conf", "port 1\ntimeout 1\nhz 11");
        var config = new ServerConfig();
        ConfigFile.Load(config, CommandLineConfig.Parse([path, "--port", "3", "-"]), new StringReader("\nport 2\ntimeout 2\n"));
        Assert.Equal((3, 2, 11), (config.Network.Port, config.Network.Timeout, config.Process.Hz));
    }

    [Fact]
    public void Declarations_are_collected_in_order()
    {
        var loaded = ConfigFile.LoadText(new ServerConfig { SentinelMode = true },
            "rename-command FLUSHALL \"\"\nuser alice on >pw ~*\nRename-Command CONFIG c0nf\nsentinel myid abc\nsentinel");
        Assert.Equal([("FLUSHALL", ""), ("CONFIG", "c0nf")], loaded.RenamedCommands);
        Assert.Equal("alice on >pw ~*", string.Join(' ', Assert.Single(loaded.Users).Words));
        var sentinel = Assert.Single(loaded.Sentinel);
        Assert.Equal((4, "sentinel myid abc"), (sentinel.Line, string.Join(' ', sentinel.Words)));
    }

    [Fact]
    public void The_server_can_refuse_a_declaration_where_it_stands()
    {
        var hooks = new ConfigLoadHooks { RenameCommand = (from, _) => from == "GET" ? null : "No such command in rename-command" };
        var report = Assert.Throws<ConfigFileException>(() =>
            ConfigFile.LoadText(new ServerConfig(), "rename-command GET get2\nrename-command NOPE x", hooks: hooks)).Message;
        Assert.Contains("at line 2\n>>> 'rename-command NOPE x'\nNo such command in rename-command\n", report);
    }

    [Fact]
    public void Cluster_mode_has_one_database_and_no_replicaof()
    {
        var config = new ServerConfig();
        var loaded = ConfigFile.LoadText(config, "cluster-enabled yes");
        Assert.Equal(1, config.Process.Databases);
        Assert.Equal(["WARNING: Changing databases number from 16 to 1 since we are in cluster mode"], loaded.Notes);
        Assert.EndsWith("replicaof directive not allowed in cluster mode", Report("cluster-enabled yes\nreplicaof h 1"));
    }

    [Fact]
    public void A_log_file_that_cannot_be_opened_is_fatal() =>
        Assert.EndsWith("Can't open the log file: No such file or directory", Report("logfile /no/such/directory/log"));

    [Fact]
    public void A_log_file_that_is_a_directory_is_told_of_as_one() =>
        Assert.EndsWith("Can't open the log file: Is a directory", Report($"logfile {_dir.FullName}"));

    [Fact]
    public void Relative_paths_are_relative_to_dir()
    {
        Directory.CreateDirectory(Path.Combine(_dir.FullName, "data/deep"));
        var config = Load($"dir {_dir.FullName}\ndir data\ndir deep");
        Assert.Equal(Path.Combine(_dir.FullName, "data/deep/dump.rdb"), config.Persistence.PathOf(config.Persistence.DbFilename));
        Assert.Equal("/abs/x", config.Persistence.PathOf("/abs/x"));
    }

    [Fact]
    public void Values_keep_every_byte()
    {
        var path = Path.Combine(_dir.FullName, "bytes.conf");
        File.WriteAllBytes(path, [.. "requirepass "u8, 0xff, 0xfe, 0xc3, 0xa4]);
        var config = new ServerConfig();
        ConfigFile.Load(config, CommandLineConfig.Parse([path]));
        Assert.Equal([0xff, 0xfe, 0xc3, 0xa4], ConfigText.ToBytes(config.Security.RequirePass));
    }

    [Fact]
    public void Directives_of_older_versions_are_skipped() => Load("list-max-ziplist-entries 512\nlua-replicate-commands yes");

    [Fact]
    public void Out_of_range_hz_is_taken_as_the_nearest_sensible_value()
    {
        Assert.Equal(500, Load("hz 100000").Process.Hz);
        Assert.Equal(1, Load("hz 0").Process.Hz);
    }

    string Write(string name, string text)
    {
        var path = Path.Combine(_dir.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }
}
