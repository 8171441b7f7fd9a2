using System.Reflection;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Configuration.Directives;
using MiniRedis.Server.Configuration.Settings;

namespace MiniRedis.Server.Tests.Configuration.Directives;

public class ConfigTableTests
{
    static readonly PropertyInfo[] Groups =
        [.. typeof(ServerConfig).GetProperties().Where(p => p.PropertyType.Name.EndsWith("Settings", StringComparison.Ordinal))];

    static readonly FieldInfo[] Fields =
        [.. Groups.SelectMany(group => group.PropertyType.GetFields(BindingFlags.Instance | BindingFlags.Public))];

    static object GroupOf(FieldInfo field, ServerConfig config) =>
        Groups.Single(group => group.PropertyType == field.DeclaringType).GetValue(config)!;

    [Fact]
    public void Every_default_reads_back_as_CONFIG_GET_shows_it()
    {
        var config = new ServerConfig();
        foreach (var directive in ConfigTable.All)
        {
            var before = directive.Get(config);
            // "" stands for no argument words in lists, as CONFIG SET passes it.
            string[] words = !directive.Is(DirectiveFlags.MultiArg) ? [before] : before.Length == 0 ? [] : before.Split(' ');
            if (directive.Name == "replicaof") words = ["no", "one"];
            Assert.True(directive.Set(config, words, readingFile: false) is null, directive.Name);
            Assert.Equal((directive.Name, before), (directive.Name, directive.Get(config)));
        }
    }

    [Fact]
    public void Every_mutable_directive_takes_its_own_answer_back_through_the_service()
    {
        var service = new ConfigService(new ServerConfig { Security = { EnableProtectedConfigs = ProtectedAction.Yes } });
        foreach (var directive in ConfigTable.All.Where(d => !d.Is(DirectiveFlags.Immutable)))
        {
            var before = service.Get(directive.Name)!;
            Assert.True(service.TrySet([(directive.Name, before)], default, out var error), error);
            Assert.Equal(before, service.Get(directive.Name));
        }
    }

    [Fact]
    public void Each_scalar_directive_writes_one_field_and_each_scalar_field_has_its_directive()
    {
        var written = new Dictionary<string, string>();
        foreach (var directive in ConfigTable.All)
        {
            var other = directive switch
            {
                BoolDirective => directive.Default == "yes" ? "no" : "yes",
                NumberDirective n => OtherNumber(n),
                StringDirective => "7.7.7.7",
                CustomDirective => null,
                _ => LastName(directive),
            };
            if (other is null) continue;
            if (directive.Name == "cluster-announce-client-ipv6") other = "::7";
            var config = new ServerConfig();
            var before = Snapshot(config);
            Assert.True(directive.Set(config, [other], readingFile: false) is null, directive.Name);
            var changed = Fields.Where(f => !Equals(before[f.Name], f.GetValue(GroupOf(f, config)))).Select(f => f.Name).ToArray();
            Assert.True(changed.Length == 1, $"{directive.Name} changed [{string.Join(", ", changed)}]");
            Assert.True(written.TryAdd(changed[0], directive.Name), $"{directive.Name} and {written[changed[0]]} share {changed[0]}");
        }
        var scalars = Fields.Where(f => f.FieldType.IsPrimitive || f.FieldType == typeof(string) || f.FieldType.IsEnum)
            .Select(f => f.Name).Except(["Dir", "NotifyKeyspaceEvents"]);
        Assert.Equal([], scalars.Except(written.Keys));
    }

    static string OtherNumber(NumberDirective n)
    {
        var value = n.Read(new ServerConfig()) + 1;
        if (value > n.High) value = n.Low;
        return n.Format == NumberFormat.Octal ? Convert.ToString(value, 8) : ConfigNumber.Text(value);
    }

    /// <summary>Of an enum: a name that is not the default, taken from the text of its own error.</summary>
    static string LastName(Directive directive) =>
        directive.Set(new ServerConfig(), ["no such name"], readingFile: false)!.Split(": ")[1].Split(", ").Last(n => n != directive.Default);

    static Dictionary<string, object?> Snapshot(ServerConfig config) => Fields.ToDictionary(f => f.Name, f => f.GetValue(GroupOf(f, config)));

    [Fact]
    public void Names_and_aliases_are_unique_and_lower_case()
    {
        var names = ConfigTable.All.SelectMany(d => new[] { d.Name, d.Alias }).OfType<string>().Concat(ConfigTable.FileOnly).ToArray();
        Assert.Equal(names.Length, names.Distinct().Count());
        Assert.All(names, n => Assert.Matches("^[a-z0-9_-]+$", n));
    }

    [Fact]
    public void Every_default_says_where_it_comes_from() =>
        Assert.All(ConfigTable.All, d => Assert.Matches("^(MiniRedis|(Redis|Valkey) [0-9.]+)$", d.DefaultFrom));

    [Theory]
    [InlineData("slave-priority", "replica-priority")]
    [InlineData("SLAVEOF", "replicaof")]
    [InlineData("hash-max-ziplist-value", "hash-max-listpack-value")]
    [InlineData("lua-time-limit", "busy-reply-threshold")]
    [InlineData("server_cpulist", "server-cpulist")]
    [InlineData("primaryauth", "masterauth")]
    public void An_alias_finds_its_directive(string alias, string name) => Assert.Equal(name, ConfigTable.Find(alias)!.Name);

    [Theory]
    [InlineData("requirepass", true)]
    [InlineData("primaryauth", true)]
    [InlineData("tls-key-file-pass", true)]
    [InlineData("port", false)]
    [InlineData("no-such-thing", false)]
    public void Secrets_are_marked(string name, bool sensitive) => Assert.Equal(sensitive, ConfigTable.IsSensitive(name));
}
