using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Configuration.Files;

/// <summary>conf/cache.conf, which users edit, says what the server understands.</summary>
public class CacheConfTests
{
    static readonly string[] Lines = File.ReadAllLines(PathOfFile());

    static string PathOfFile()
    {
        for (var dir = new DirectoryInfo(AppContext.BaseDirectory); dir is not null; dir = dir.Parent)
        {
            var path = Path.Combine(dir.FullName, "conf", "cache.conf");
            if (File.Exists(path)) return path;
        }
        throw new FileNotFoundException("conf/cache.conf is in no directory above the tests");
    }

    /// <summary>Directives that are switched off: '#' and a word.</summary>
    static IEnumerable<string> Examples => Lines.Where(l => l.Length > 1 && l[0] == '#' && char.IsAsciiLetter(l[1])).Select(l => l[1..]);

    [Fact]
    public void It_loads_and_makes_a_cache()
    {
        var config = new ServerConfig();
        var loaded = ConfigFile.Load(config, CommandLineConfig.Parse([PathOfFile()]));
        Assert.Equal([], loaded.Notes);
        Assert.Equal([], new ConfigService(config).InertNotes());
        Assert.Equal(MaxMemoryPolicy.AllKeysLfu, config.Memory.MaxMemoryPolicy);
        Assert.Equal(1L << 30, config.Memory.MaxMemory);
        Assert.Equal([], config.Persistence.SavePoints);
        Assert.False(config.Persistence.AppendOnly);
        Assert.True(config.Memory.ActiveDefrag);
    }

    [Fact]
    public void Every_directive_and_every_example_is_in_the_table()
    {
        Assert.NotEmpty(Examples);
        foreach (var line in Lines.Where(l => l.Length > 0 && l[0] != '#').Concat(Examples))
        {
            var name = ConfigLine.Split(line)![0];
            Assert.True(ConfigTable.Find(name)?.Name == name || ConfigTable.FileOnly.Contains(name), line);
        }
    }

    [Fact]
    public void Every_example_can_be_switched_on()
    {
        var dir = Directory.CreateTempSubdirectory("miniredis-examples-");
        foreach (var example in Examples) ConfigFile.LoadText(new ServerConfig { Persistence = { Dir = dir.FullName } }, example);
        dir.Delete(recursive: true);
    }

    [Fact]
    public void Examples_act_where_they_stand()
    {
        // Without those that need files, or that ask for what is not built.
        var switched = Lines.TakeWhile(l => !l.Contains("Security", StringComparison.Ordinal))
            .Select(l => Examples.Contains(l.TrimStart('#')) ? l[1..] : l);
        var config = new ServerConfig();
        ConfigFile.LoadText(config, string.Join('\n', switched));
        Assert.Equal([new(3600, 1), new(300, 10000)], config.Persistence.SavePoints);
        Assert.Equal(10, config.Memory.ActiveDefragThresholdLower);
        Assert.Equal("cache.log", config.Logging.LogFile);
        Assert.Equal("/run/miniredis/miniredis.sock", config.Network.UnixSocket);
        Assert.Equal(KeyspaceEvents.Keyevent | KeyspaceEvents.Expired | KeyspaceEvents.Evicted, config.Observation.NotifyKeyspaceEvents);
    }

    [Fact]
    public void A_rewrite_without_changes_keeps_every_comment()
    {
        var config = new ServerConfig();
        ConfigFile.Load(config, CommandLineConfig.Parse([PathOfFile()]));
        var rewritten = ConfigRewriter.Merge(string.Join('\n', Lines), config, new ServerConfig(), []).Split('\n');
        Assert.Equal(Lines.Where(l => l.StartsWith('#')), rewritten.Where(l => l.StartsWith('#')));
    }
}
