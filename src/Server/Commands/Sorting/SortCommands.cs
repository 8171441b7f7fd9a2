using MiniRedis.Resp;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Text;

namespace MiniRedis.Server.Commands.Sorting;

/// <summary>SORT and SORT_RO.</summary>
static partial class SortCommands
{
    public static IEnumerable<Command> All => [SortSpec, SortRoSpec];

    const string SortComplexity =
        "O(N+M*log(N)) where N is the number of elements and M the number of those returned, O(N) where nothing is to be sorted";

    const string PatternNotes =
        "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort";

    const string StoreNotes =
        "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array";

    static KeySpec[] ReadKeys =>
        [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access), KeySpec.Unknown(KeyFlags.RO | KeyFlags.Access).WithNotes(PatternNotes)];

    static Arg[] ReadArgs =>
    [
        Arg.Key("key"),
        Arg.Pattern("by-pattern").After("BY").FoundBy(1).ShownAs("pattern").Optional(),
        Arg.Block("limit", Arg.Integer("offset"), Arg.Integer("count")).After("LIMIT").Optional(),
        Arg.Pattern("get-pattern").After("GET").FoundBy(1).ShownAs("pattern").Optional().MultipleToken(),
        Arg.OneOf("order", Arg.Token("ASC"), Arg.Token("DESC")).Optional(),
        Arg.Token("ALPHA", "sorting").Optional(),
    ];

    static readonly Command SortSpec = new()
    {
        Name = "SORT", Group = CommandGroup.Generic, Since = "1.0.0", Complexity = SortComplexity,
        Summary = "Sorts the elements of a list, a set or a sorted set, and may store the result as a list.",
        Arity = -2, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        AclCategories = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous, InGroupCategory = false,
        Keys = [.. ReadKeys, KeySpec.Unknown(KeyFlags.OW | KeyFlags.Update).WithNotes(StoreNotes)],
        Args = [.. ReadArgs, Arg.Key("destination", keySpec: 2).After("STORE").Optional()],
        GetKeys = static (CommandSpec _, in Request request, ref KeyBuffer keys) => FindKeys(request, ref keys, mayStore: true),
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Sort(ref c, mayStore: true),
    };

    static readonly Command SortRoSpec = new()
    {
        Name = "SORT_RO", Group = CommandGroup.Generic, Since = "7.0.0", Complexity = SortComplexity,
        Summary = "Sorts the elements of a list, a set or a sorted set.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        AclCategories = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous, InGroupCategory = false,
        Keys = ReadKeys,
        Args = ReadArgs,
        GetKeys = static (CommandSpec _, in Request request, ref KeyBuffer keys) => FindKeys(request, ref keys, mayStore: false),
        Run = static (ref CommandContext c) => Sort(ref c, mayStore: false),
    };

    /// <summary>The keys of SORT: the one that is sorted, and the one after the last STORE.</summary>
    static bool FindKeys(in Request request, ref KeyBuffer keys, bool mayStore)
    {
        keys.Add(1, KeyFlags.RO | KeyFlags.Access);
        var store = 0;
        for (var i = 2; i < request.Count; i++)
        {
            if (Ascii.EqualsIgnoreCase(request[i], "LIMIT"u8)) i += 2;
            else if (Ascii.EqualsIgnoreCase(request[i], "GET"u8) || Ascii.EqualsIgnoreCase(request[i], "BY"u8)) i++;
            else if (mayStore && i + 1 < request.Count && Ascii.EqualsIgnoreCase(request[i], "STORE"u8)) store = i + 1;
        }
        if (store > 0) keys.Add(store, KeyFlags.OW | KeyFlags.Update);
        return true;
    }
}
