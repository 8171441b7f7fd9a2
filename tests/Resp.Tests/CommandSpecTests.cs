namespace MiniRedis.Resp.Tests;

public class CommandSpecTests
{
    private static CommandSpec Spec(CommandGroup group, CommandFlags flags, params KeySpec[] keys) => new()
    {
        Name = "X", Group = group, Since = "1.0.0", Summary = "For tests.", Arity = -2, Flags = flags, Keys = keys,
    };

    [Fact]
    public void Categories_follow_from_group_and_flags()
    {
        Assert.Equal(
            AclCategory.String | AclCategory.Write | AclCategory.Slow,
            Spec(CommandGroup.String, CommandFlags.Write | CommandFlags.DenyOom).EffectiveAclCategories);
        Assert.Equal(
            AclCategory.SortedSet | AclCategory.Write | AclCategory.Blocking | AclCategory.Fast,
            Spec(CommandGroup.SortedSet, CommandFlags.Write | CommandFlags.Blocking | CommandFlags.Fast).EffectiveAclCategories);
        Assert.Equal(
            AclCategory.Scripting | AclCategory.Slow,
            Spec(CommandGroup.Scripting, CommandFlags.ReadOnly).EffectiveAclCategories);
        Assert.Equal(
            AclCategory.PubSub | AclCategory.Slow,
            Spec(CommandGroup.PubSub, CommandFlags.PubSub).EffectiveAclCategories);
        var sort = new CommandSpec
        {
            Name = "SORT", Group = CommandGroup.Generic, Since = "1.0.0", Summary = "x", Arity = -2, Flags = CommandFlags.Write,
            AclCategories = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous, InGroupCategory = false,
        };
        Assert.Equal(["write", "set", "sortedset", "list", "slow", "dangerous"], FlagNames.Of(sort.EffectiveAclCategories));
    }

    // First, last, step and whether the keys are movable, as COMMAND INFO of Redis 7 shows them for the commands named.
    public static TheoryData<string, KeySpec[], int, int, int, bool> Ranges => new()
    {
        { "ping", [], 0, 0, 0, false },
        { "get", [KeySpec.At(1, KeyFlags.RO)], 1, 1, 1, false },
        { "del", [KeySpec.Range(1, -1, 1, KeyFlags.RM)], 1, -1, 1, false },
        { "mset", [KeySpec.Range(1, -1, 2, KeyFlags.OW)], 1, -1, 2, false },
        { "blpop", [KeySpec.Range(1, -2, 1, KeyFlags.RW)], 1, -2, 1, false },
        { "rename", [KeySpec.At(1, KeyFlags.RW), KeySpec.At(2, KeyFlags.OW)], 1, 2, 1, false },
        { "bitop", [KeySpec.At(2, KeyFlags.OW), KeySpec.Range(3, -1, 1, KeyFlags.RO)], 2, -1, 1, false },
        { "eval", [KeySpec.KeyNum(2, KeyFlags.RW)], 0, 0, 0, true },
        { "zunionstore", [KeySpec.At(1, KeyFlags.OW), KeySpec.KeyNum(2, KeyFlags.RO)], 1, 1, 1, true },
        { "sort", [KeySpec.At(1, KeyFlags.RO), KeySpec.Unknown(KeyFlags.RO | KeyFlags.Incomplete), KeySpec.Unknown(KeyFlags.OW | KeyFlags.Incomplete)], 1, 1, 1, true },
        { "migrate", [KeySpec.At(3, KeyFlags.RW | KeyFlags.Incomplete), KeySpec.Keyword("KEYS", -2, KeyFlags.RW | KeyFlags.Incomplete).Range(-1)], 3, 3, 1, true },
        { "xread", [KeySpec.Keyword("STREAMS", 1, KeyFlags.RO).Range(-1, 1, 2)], 0, 0, 0, true },
    };

    [Theory]
    [MemberData(nameof(Ranges))]
    public void Key_specs_reduce_to_one_range_for_old_clients(string command, KeySpec[] keys, int first, int last, int step, bool movable)
    {
        CommandSpec spec = Spec(CommandGroup.Generic, CommandFlags.None, keys);
        Assert.Equal((command, first, last, step), (command, spec.FirstKey, spec.LastKey, spec.KeyStep));
        Assert.Equal(movable, (spec.Flags & CommandFlags.MovableKeys) != 0);
    }

    [Theory]
    [InlineData(2, 2, true)]
    [InlineData(2, 3, false)]
    [InlineData(-2, 1, false)]
    [InlineData(-2, 9, true)]
    public void Arity_is_exact_or_a_minimum(int arity, int count, bool accepted)
    {
        var spec = new CommandSpec { Name = "X", Group = CommandGroup.Generic, Since = "1", Summary = "x", Arity = arity };
        Assert.Equal(accepted, spec.AcceptsCount(count));
    }

    [Fact]
    public void Arguments_read_as_the_syntax_does()
    {
        Arg arg = Arg.OneOf("expiration", Arg.Integer("seconds").After("EX"), Arg.Token("PERSIST").AddedIn("6.0.0")).Optional();
        Assert.True(arg.IsOptional);
        Assert.Equal(("EX", ArgType.Integer), (arg.Children[0].Word, arg.Children[0].Type));
        Assert.Equal(("persist", "PERSIST", "6.0.0"), (arg.Children[1].Name, arg.Children[1].Word, arg.Children[1].Since));
        Assert.Equal("pure-token", FlagNames.Of(arg.Children[1].Type));
        Assert.Equal(0, Arg.Key("key").Multiple().KeySpecIndex);
    }

    [Fact]
    public void Names_are_those_of_COMMAND_INFO()
    {
        Assert.Equal(["write", "denyoom", "fast"], FlagNames.Of(CommandFlags.Write | CommandFlags.Fast | CommandFlags.DenyOom | CommandFlags.MayReplicate));
        Assert.Equal(["RW", "access", "update"], FlagNames.Of(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update));
        Assert.Equal("sorted-set", FlagNames.Of(CommandGroup.SortedSet));
        Assert.True(FlagNames.TryParseCategory("SortedSet", out AclCategory category));
        Assert.Equal(AclCategory.SortedSet, category);
        Assert.False(FlagNames.TryParseCategory("nope", out _));
        Assert.Equal(22, FlagNames.AclCategories.Length);
        foreach (CommandGroup group in Enum.GetValues<CommandGroup>()) Assert.NotEmpty(FlagNames.Of(group));
        foreach (ArgType type in Enum.GetValues<ArgType>()) Assert.NotEmpty(FlagNames.Of(type));
    }
}
