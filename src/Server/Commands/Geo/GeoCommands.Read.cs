using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Geo;

/// <summary>Reads the places of members, and distances.</summary>
static partial class GeoCommands
{
    static readonly Command GeoPosSpec = new()
    {
        Name = "GEOPOS", Group = CommandGroup.Geo, Since = "3.2.0", Complexity = "O(N) where N is the number of members asked for",
        Summary = "Answers longitude and latitude of members.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple().Optional()],
        Run = GeoPos,
    };

    static readonly Command GeoHashSpec = new()
    {
        Name = "GEOHASH", Group = CommandGroup.Geo, Since = "3.2.0", Complexity = "O(N) where N is the number of members asked for",
        Summary = "Answers members' places as standard geohash strings.",
        Arity = -2, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("member").Multiple().Optional()],
        Run = GeoHashes,
    };

    static readonly Command GeoDistSpec = new()
    {
        Name = "GEODIST", Group = CommandGroup.Geo, Since = "3.2.0", Complexity = "O(1)",
        Summary = "Answers the distance between two members.",
        Arity = -4, Flags = CommandFlags.ReadOnly,
        Keys = [KeySpec.At(1, KeyFlags.RO | KeyFlags.Access)],
        Args = [Arg.Key("key"), Arg.String("member1"), Arg.String("member2"), Unit.Optional()],
        Run = GeoDist,
    };

    static void GeoPos(ref CommandContext c)
    {
        if (!TryRead(ref c, 1, out var set)) return;
        c.Reply.Array(c.Count - 2);
        for (var i = 2; i < c.Count; i++)
        {
            var place = set?.Find(c.Arg(i)) ?? default;
            if (place.Found) ReplyPoint(c.Reply, GeoHash.Decode(place.Score));
            else c.Reply.NullArray();
        }
    }

    static void GeoHashes(ref CommandContext c)
    {
        if (!TryRead(ref c, 1, out var set)) return;
        c.Reply.Array(c.Count - 2);
        Span<byte> text = stackalloc byte[GeoHash.TextLength];
        for (var i = 2; i < c.Count; i++)
        {
            var place = set?.Find(c.Arg(i)) ?? default;
            if (!place.Found)
            {
                c.Reply.Null();
                continue;
            }
            GeoHash.Format(place.Score, text);
            c.Reply.Bulk(text);
        }
    }

    static void GeoDist(ref CommandContext c)
    {
        double unit = 1;
        if (c.Count > 5)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        if (c.Count == 5 && !TryUnit(ref c, 4, out unit)) return;
        if (!TryRead(ref c, 1, out var set)) return;
        var from = set?.Find(c.Arg(2)) ?? default;
        var to = set?.Find(c.Arg(3)) ?? default;
        if (from.Found && to.Found) ReplyDistance(c.Reply, GeoPoint.Distance(GeoHash.Decode(from.Score), GeoHash.Decode(to.Score)) / unit);
        else c.Reply.Null();
    }
}
