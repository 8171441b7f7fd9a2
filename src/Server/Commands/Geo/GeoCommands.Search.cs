using MiniRedis.Resp;
using MiniRedis.Server.Commands.Keys;
using MiniRedis.Server.Commands.SortedSets;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Geo;

/// <summary>Searching an area: GEOSEARCH and GEOSEARCHSTORE, and the older commands that they replace.</summary>
static partial class GeoCommands
{
    const string SearchComplexity =
        "O(N+log(M)) where N is the number of members in the cells around the area and M the number of all members";

    static readonly Command GeoSearchSpec = new()
    {
        Name = "GEOSEARCH", Group = CommandGroup.Geo, Since = "6.2.0", Complexity = SearchComplexity,
        Summary = "Answers the members inside of a circle or a box.",
        History = [("7.0.0", "Added support for uppercase unit names.")],
        Arity = -7, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), From, By, Order, CountAny(), .. Withs],
        Run = static (ref CommandContext c) => Search(ref c, GeoForm.Search),
    };

    static readonly Command GeoSearchStoreSpec = new()
    {
        Name = "GEOSEARCHSTORE", Group = CommandGroup.Geo, Since = "6.2.0", Complexity = SearchComplexity,
        Summary = "Stores the members inside of a circle or a box in a key.",
        History = [("7.0.0", "Added support for uppercase unit names.")],
        Arity = -8, Flags = CommandFlags.Write | CommandFlags.DenyOom,
        Keys = [KeySpec.At(1, KeyFlags.OW | KeyFlags.Update), KeySpec.At(2, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("destination"), Arg.Key("source", keySpec: 1), From, By, Order, CountAny(), Arg.Token("STOREDIST").Optional()],
        Propagates = Propagation.Verbatim,
        Run = static (ref CommandContext c) => Search(ref c, GeoForm.Search | GeoForm.Stores),
    };

    static readonly (string Version, string Change)[] s_radiusHistory =
        [("6.2.0", "Added the `ANY` option for `COUNT`."), ("7.0.0", "Added support for uppercase unit names.")];

    static readonly Command GeoRadiusSpec = Radius("GEORADIUS", "3.2.0", GeoForm.Coordinates | GeoForm.MayStore,
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument");

    static readonly Command GeoRadiusReadOnlySpec = Radius("GEORADIUS_RO", "3.2.10", GeoForm.Coordinates,
        "`GEOSEARCH` with the `BYRADIUS` argument");

    static readonly Command GeoRadiusByMemberSpec = Radius("GEORADIUSBYMEMBER", "3.2.0", GeoForm.Member | GeoForm.MayStore,
        "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments");

    static readonly Command GeoRadiusByMemberReadOnlySpec = Radius("GEORADIUSBYMEMBER_RO", "3.2.10", GeoForm.Member,
        "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments");

    static Command Radius(string name, string since, GeoForm form, string replacedBy)
    {
        var byMember = (form & GeoForm.Member) != 0;
        var stores = (form & GeoForm.MayStore) != 0;
        var options = byMember ? 5 : 6;
        return new()
        {
            Name = name, Group = CommandGroup.Geo, Since = since, Complexity = SearchComplexity,
            Summary = $"Answers the members near {(byMember ? "another" : "a place")}{(stores ? ", or stores them in a key" : "")}.",
            DeprecatedSince = "6.2.0", ReplacedBy = replacedBy, History = s_radiusHistory,
            Arity = -options, Flags = stores ? CommandFlags.Write | CommandFlags.DenyOom : CommandFlags.ReadOnly,
            Keys =
            [
                KeySpec.At(1, KeyFlags.RO | KeyFlags.Access),
                .. stores
                    ? (KeySpec[])
                    [
                        KeySpec.Keyword("STORE", options, KeyFlags.OW | KeyFlags.Update).Range(0),
                        KeySpec.Keyword("STOREDIST", options, KeyFlags.OW | KeyFlags.Update).Range(0),
                    ]
                    : [],
            ],
            Args =
            [
                Arg.Key("key"),
                .. byMember ? (Arg[])[Arg.String("member")] : [Arg.Double("longitude"), Arg.Double("latitude")],
                Arg.Double("radius"), Unit, .. Withs, CountAny(byMember ? null : "6.2.0"), Order,
                .. stores
                    ? (Arg[])
                    [
                        Arg.OneOf("store", Arg.Key("storekey", keySpec: 1).After("STORE").ShownAs("key"),
                            Arg.Key("storedistkey", keySpec: 2).After("STOREDIST").ShownAs("key")).Optional(),
                    ]
                    : [],
            ],
            Propagates = stores ? Propagation.Verbatim : Propagation.None,
            Run = (ref CommandContext c) => Search(ref c, form),
        };
    }

    static Arg From => Arg.OneOf("from", Arg.String("member").After("FROMMEMBER"),
        Arg.Block("fromlonlat", Arg.Double("longitude"), Arg.Double("latitude")).After("FROMLONLAT"));

    static Arg By => Arg.OneOf("by",
        Arg.Block("circle", Arg.Double("radius").After("BYRADIUS"), Unit),
        Arg.Block("box", Arg.Double("width").After("BYBOX"), Arg.Double("height"), Unit));

    static Arg Order => Arg.OneOf("order", Arg.Token("ASC"), Arg.Token("DESC")).Optional();

    static Arg CountAny(string? since = null)
    {
        var any = Arg.Token("ANY").Optional();
        return Arg.Block("count-block", Arg.Integer("count").After("COUNT"), since is null ? any : any.AddedIn(since)).Optional();
    }

    static Arg[] Withs => [Arg.Token("WITHCOORD").Optional(), Arg.Token("WITHDIST").Optional(), Arg.Token("WITHHASH").Optional()];

    /// <summary>A member in the area: its rank, by which it is found again, and its distance in metres.</summary>
    readonly record struct Match(long Rank, double Distance, double Score);

    static void Search(ref CommandContext c, GeoForm form)
    {
        if (!TryRead(ref c, (form & GeoForm.Stores) != 0 ? 2 : 1, out var found)) return;
        if (!GeoQuery.TryParse(ref c, form, found, out var query)) return;
        var all = new ScratchList<Match>(c.Database);
        try
        {
            if (found is { } set) Find(set, query, ref all);
            var matches = all.Span;
            if (query.IsSorted)
            {
                var sign = query.IsDescending ? -1 : 1;
                matches.Sort((x, y) => sign * x.Distance.CompareTo(y.Distance));
            }
            if (query.Count > 0 && query.Count < matches.Length) matches = matches[..(int)query.Count];

            if (query.Destination == 0) Reply(c.Reply, found, query, matches);
            else if (matches.IsEmpty) KeyCommands.StoreNothing(c, query.Destination);
            else Store(ref c, found!.Value, query, matches, (form & GeoForm.Search) != 0 ? "geosearchstore" : "georadiusstore");
        }
        finally
        {
            all.Dispose();
        }
    }

    static void Find(in SortedSetValue set, in GeoQuery query, ref ScratchList<Match> matches)
    {
        Span<ScoreRange> cells = stackalloc ScoreRange[GeoShape.MostCells];
        foreach (var cell in cells[..query.Shape.Cover(cells)])
        {
            var (rank, count) = set.RanksOf(cell);
            if (count == 0) continue;
            for (var cursor = set.From(rank); count > 0; count--, rank++, cursor.Move())
            {
                if (!query.Shape.Contains(GeoHash.Decode(cursor.Score), out var distance)) continue;
                matches.Add(new(rank, distance, cursor.Score));
                if (query.Any && matches.Count >= query.Count) return;
            }
        }
    }

    static void Reply(ReplyWriter reply, SortedSetValue? set, in GeoQuery query, ReadOnlySpan<Match> matches)
    {
        reply.Array(matches.Length);
        foreach (var match in matches)
        {
            if (query.Extras > 0) reply.Array(1 + query.Extras);
            reply.Bulk(set!.Value.From(match.Rank).Member);
            if (query.WithDistance) ReplyDistance(reply, match.Distance / query.Unit);
            if (query.WithHash) reply.Integer(GeoHash.SignedBitsOf(match.Score));
            if (query.WithPlace) ReplyPoint(reply, GeoHash.Decode(match.Score));
        }
    }

    static void Store(ref CommandContext c, in SortedSetValue set, in GeoQuery query, ReadOnlySpan<Match> matches, string name)
    {
        using var result = new SortedSetBuilder(c.Database, matches.Length);
        Span<byte> scratch = stackalloc byte[PackedElement.ScratchBytes];
        foreach (var match in matches)
        {
            var score = query.StoresDistance ? match.Distance / query.Unit : match.Score;
            result.ScoreOf(set.From(match.Rank).Member.ToBytes(scratch), out _) = score;
        }
        SortedSetCommands.Store(ref c, result, name, query.Destination);
        c.Server.Effects.Dirty += matches.Length - 1;
    }
}
