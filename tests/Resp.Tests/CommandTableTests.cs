using System.Text;

namespace MiniRedis.Resp.Tests;

public class CommandTableTests
{
    private static CommandSpec Spec(string name, int arity = -2, params KeySpec[] keys) => new()
    {
        Name = name,
        Group = CommandGroup.String,
        Since = "1.0.0",
        Summary = "For tests.",
        Arity = arity,
        Keys = keys,
    };

    [Fact]
    public void A_command_is_found_in_any_case_and_its_neighbours_are_not()
    {
        string[] names =
        [
            "GET", "SET", "DEL", "TTL", "A", "AB", "MGET", "PTTL", "INCRBY", "BITCOUNT", "BITFIELD", "BITFIELD_RO",
            "ZREMRANGEBYLEX", "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "GEORADIUS", "GEORADIUS_RO", "GEORADIUSBYMEMBER",
            "GEORADIUSBYMEMBER_RO", "RESTORE-ASKING", "AVERYLONGNAMEOFACOMMAND1", "AVERYLONGNAMEQFACOMMAND1",
        ];
        var table = new CommandTable<CommandSpec>(names.Select(n => Spec(n)));
        Assert.Equal(names, table.All.Select(c => c.Name));
        foreach (string name in names)
        {
            Assert.Equal(name, table.Find(Encoding.ASCII.GetBytes(name))?.Name);
            Assert.Equal(name, table.Find(Encoding.ASCII.GetBytes(name.ToLowerInvariant()))?.Name);
            Assert.Equal(name, table.Find(Encoding.ASCII.GetBytes(char.ToLowerInvariant(name[0]) + name[1..]))?.Name);

            // Every neighbour at the distance of one changed bit is another name, or the same in another case.
            for (int bit = 0; bit < name.Length * 8; bit++)
            {
                byte[] other = Encoding.ASCII.GetBytes(name);
                other[bit / 8] ^= (byte)(1 << (bit % 8));
                CommandSpec? found = table.Find(other);
                Assert.Equal(table.Find(Encoding.Latin1.GetString(other)), found);
            }

            Assert.Null(table.Find(Encoding.ASCII.GetBytes(name + "X")));
        }

        Assert.Null(table.Find(""u8));
        Assert.Null(table.Find(new byte[10_000]));
    }

    [Fact]
    public void Looking_up_allocates_nothing()
    {
        var table = new CommandTable<CommandSpec>([Spec("GET"), Spec("ZREMRANGEBYSCORE")]);
        table.Find("get"u8);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            table.Find("get"u8);
            table.Find("zremrangebyscore"u8);
            table.Find("nothing"u8);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_renamed_command_is_found_by_its_new_name_and_a_removed_one_not_at_all()
    {
        var table = new CommandTable<CommandSpec>([Spec("GET"), Spec("SET"), Spec("KEYS")]);
        Assert.True(table.Rename("get", "secret"));
        Assert.False(table.Rename("set", "KEYS"));
        Assert.False(table.Rename("nothing", "x"));
        Assert.NotNull(table.Find("SET"u8));
        Assert.Null(table.Find("GET"u8));
        Assert.Equal("GET", table.Find("SECRET"u8)?.Name);
        Assert.Equal("GET", table.FindOriginal("get")?.Name);
        Assert.True(table.Remove("keys"));
        Assert.False(table.Remove("keys"));
        Assert.Null(table.Find("keys"u8));
        Assert.Equal(2, table.Count);
    }

    [Theory]
    [InlineData("CONFIG", "CONFIG")]
    [InlineData("config", "Config")]
    public void A_command_may_be_renamed_to_its_own_name(string from, string to)
    {
        var table = new CommandTable<CommandSpec>(
            [new() { Name = "CONFIG", Group = CommandGroup.Server, Since = "2.0.0", Summary = "x", Arity = -2 }]);
        Assert.True(table.Rename(from, to));
        Assert.Equal("CONFIG", table.Find("CONFIG"u8)?.Name);
        Assert.True(table.Rename("config", "c"));
        Assert.Null(table.Find("CONFIG"u8));
    }

    [Fact]
    public void A_subcommand_is_found_from_its_container()
    {
        var client = new CommandSpec
        {
            Name = "CLIENT", Group = CommandGroup.Connection, Since = "2.4.0", Summary = "x", Arity = -2,
            Subcommands =
            [
                new() { Name = "LIST", Group = CommandGroup.Connection, Since = "2.4.0", Summary = "x", Arity = -2, Flags = CommandFlags.Admin },
                new() { Name = "ID", Group = CommandGroup.Connection, Since = "5.0.0", Summary = "x", Arity = 2 },
            ],
        };
        var table = new CommandTable<CommandSpec>([client]);
        CommandSpec? list = table.FindSubcommand(client, "list"u8);
        Assert.Equal("client|list", list?.FullName);
        Assert.Same(client, list?.Parent);
        Assert.Null(table.FindSubcommand(client, "lists"u8));
        Assert.True(client.IsContainer);
        Assert.Equal(AclCategory.Slow, client.EffectiveAclCategories);
        Assert.Equal(AclCategory.Connection | AclCategory.Admin | AclCategory.Dangerous | AclCategory.Slow, list!.EffectiveAclCategories);
    }

    public static TheoryData<CommandSpec[]> Mistakes =>
    [
        new([Spec("GET"), Spec("GET")]),
        new([Spec("get")]),
        new([Spec("")]),
        new([Spec("GET", 0)]),
        new([Spec("GET", 2, KeySpec.At(2, KeyFlags.RO))]),
        new([Spec("GET", 2, KeySpec.At(0, KeyFlags.RO))]),
        new([Spec("GET", -2, KeySpec.Range(1, -1, 0, KeyFlags.RO))]),
        new([Spec("GET", -2, KeySpec.Keyword("", 1, KeyFlags.RO))]),
        new([Spec("GET", -2, KeySpec.KeyNum(1, KeyFlags.RO, keyNumIndex: 1, firstKey: 1))]),
        new([new() { Name = "X", Group = CommandGroup.String, Since = "1", Summary = "x", Arity = 1, Args = [Arg.Key("key")] }]),
        new([new() { Name = "X", Group = CommandGroup.String, Since = "1", Summary = "x", Arity = 1, Args = [Arg.OneOf("empty")] }]),
        new([new() { Name = "X", Group = CommandGroup.String, Since = "1", Summary = "x", Arity = 1, Flags = CommandFlags.Write | CommandFlags.ReadOnly }]),
    ];

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Mistakes_in_declarations_are_refused_at_start_up(CommandSpec[] specs) =>
        Assert.Throws<ArgumentException>(() => new CommandTable<CommandSpec>(specs));
}
