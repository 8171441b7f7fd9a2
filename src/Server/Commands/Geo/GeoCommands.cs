using System.Globalization;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Geo;

/// <summary>The geo commands: places on Earth, kept as the scores of a sorted set.</summary>
static partial class GeoCommands
{
    public static IEnumerable<Command> All =>
    [
        // GeoCommands.Add.cs
        GeoAddSpec,
        // GeoCommands.Read.cs
        GeoPosSpec, GeoHashSpec, GeoDistSpec,
        // GeoCommands.Search.cs
        GeoSearchSpec, GeoSearchStoreSpec, GeoRadiusSpec, GeoRadiusReadOnlySpec, GeoRadiusByMemberSpec, GeoRadiusByMemberReadOnlySpec,
    ];

    static Arg Unit => Arg.OneOf("unit", Arg.Token("m"), Arg.Token("km"), Arg.Token("ft"), Arg.Token("mi"));

    /// <summary>Reads a unit as its length in metres, or answers an error.</summary>
    internal static bool TryUnit(ref CommandContext c, int index, out double metres)
    {
        metres = 0;
        if (c.IsToken(index, "M"u8)) metres = 1;
        else if (c.IsToken(index, "KM"u8)) metres = 1000;
        else if (c.IsToken(index, "FT"u8)) metres = 0.3048;
        else if (c.IsToken(index, "MI"u8)) metres = 1609.34;
        else c.Fail(Errors.UnknownUnit);
        return metres > 0;
    }

    /// <summary>Reads longitude and latitude, or answers an error.</summary>
    internal static bool TryPoint(ref CommandContext c, int index, out GeoPoint point)
    {
        point = default;
        if (!Numbers.TryParseDouble(c.Arg(index), out var longitude) || !Numbers.TryParseDouble(c.Arg(index + 1), out var latitude))
        {
            c.Fail(Errors.NotFloat);
            return false;
        }
        point = new(longitude, latitude);
        if (point.IsOnMap) return true;
        c.Fail(Errors.OffTheMap(Printed(longitude), Printed(latitude)));
        return false;
    }

    /// <summary>A number as C prints it by "%f".</summary>
    static string Printed(double number) =>
        double.IsInfinity(number) ? number > 0 ? "inf" : "-inf" : number.ToString("F6", CultureInfo.InvariantCulture);

    /// <summary>Reads a number that is not negative and a unit of length, or answers an error.</summary>
    internal static bool TryLength(ref CommandContext c, int index, ReadOnlySpan<byte> notNumber, out double length)
    {
        if (Numbers.TryParseDouble(c.Arg(index), out length)) return true;
        c.Fail(notNumber);
        return false;
    }

    /// <summary>A distance with four decimals, as a string in either protocol.</summary>
    static void ReplyDistance(ReplyWriter reply, double distance)
    {
        Span<byte> text = stackalloc byte[32];
        // To the nearest even digit, as C's llrint does.
        ((decimal)Math.Round(distance * 10_000) / 10_000).TryFormat(text, out var length, "F4", CultureInfo.InvariantCulture);
        reply.Bulk(text[..length]);
    }

    static void ReplyPoint(ReplyWriter reply, GeoPoint point)
    {
        reply.Array(2);
        reply.LongDouble(LongDouble.FromDouble(point.Longitude));
        reply.LongDouble(LongDouble.FromDouble(point.Latitude));
    }

    /// <summary>
    /// Looks up the sorted set; null if there is none. False if the key holds another type: then an error was answered.
    /// </summary>
    static bool TryRead(ref CommandContext c, int key, out SortedSetValue? set)
    {
        set = null;
        var at = c.LookupRead(c.Arg(key));
        if (!c.CheckType(at, ObjectType.SortedSet)) return false;
        if (at.Found) set = new SortedSetValue(c.Database, at);
        return true;
    }
}
