using MiniRedis.Storage.SortedSets;

namespace MiniRedis.Storage.Geo;

/// <summary>A place on Earth, in degrees.</summary>
public readonly record struct GeoPoint(double Longitude, double Latitude)
{
    // The limits of EPSG:3857. Beyond them the cells of the hash would not be squares on a map.
    public const double MaxLongitude = 180, MaxLatitude = 85.05112878;

    /// <summary>The Earth's radius in metres that Redis uses.</summary>
    const double EarthRadius = 6372797.560856;

    public bool IsOnMap => Math.Abs(Longitude) <= MaxLongitude && Math.Abs(Latitude) <= MaxLatitude;

    internal static double Radians(double degrees) => degrees * (Math.PI / 180);

    internal static double DegreesOf(double metres) => metres / EarthRadius / (Math.PI / 180);

    /// <summary>Metres between two places on a sphere, by the haversine formula (R. W. Sinnott, 1984).</summary>
    public static double Distance(GeoPoint from, GeoPoint to)
    {
        var v = Math.Sin((Radians(to.Longitude) - Radians(from.Longitude)) / 2);
        if (v == 0) return LatitudeDistance(from, to);
        var (first, second) = (Radians(from.Latitude), Radians(to.Latitude));
        var u = Math.Sin((second - first) / 2);
        return 2 * EarthRadius * Math.Asin(Math.Sqrt(u * u + Math.Cos(first) * Math.Cos(second) * v * v));
    }

    /// <summary>Metres between the parallels of two places.</summary>
    public static double LatitudeDistance(GeoPoint from, GeoPoint to) => EarthRadius * Math.Abs(Radians(to.Latitude) - Radians(from.Latitude));
}

/// <summary>
/// Places as scores of a sorted set: 26 bits each of longitude and latitude, interleaved (G. M. Morton, 1966; as text "geohash",
/// G. Niemeyer, 2008). So places that are near each other mostly have near scores. A cell of few bits is a range of scores.
/// </summary>
public static class GeoHash
{
    /// <summary>
    /// Bits of each coordinate: 52 in all, which a double holds exactly. A cell measures 0.6 m by 0.3 m at the equator.
    /// </summary>
    public const int Bits = 26;

    /// <summary>Characters of the standard text.</summary>
    public const int TextLength = 11;

    /// <summary>The cells of the standard text cover latitudes up to the poles.</summary>
    const double PoleLatitude = 90;

    /// <summary>The score of a place.</summary>
    public static ulong Encode(GeoPoint point) => Encode(point, Bits, GeoPoint.MaxLatitude);

    internal static ulong Encode(GeoPoint point, int bits, double maxLatitude) => Interleave(
        Cut(point.Latitude, maxLatitude, bits), Cut(point.Longitude, GeoPoint.MaxLongitude, bits));

    static uint Cut(double degrees, double max, int bits) => (uint)((degrees + max) / (2 * max) * (1UL << bits));

    /// <summary>The middle of a score's cell.</summary>
    public static GeoPoint Decode(double score) => new GeoCell(BitsOf(score), Bits).Middle;

    /// <summary>
    /// Casts a double to an unsigned number as C does on x86-64. ZADD takes any score, and a score that is no hash should give
    /// the same meaningless place as in Redis.
    /// </summary>
    static ulong BitsOf(double score)
    {
        const double TwoTo63 = 9223372036854775808.0;
        if (score >= TwoTo63) return score < 2 * TwoTo63 ? (ulong)score : 0;
        return score >= -TwoTo63 ? (ulong)(long)score : 1UL << 63;
    }

    /// <summary>As <see cref="BitsOf"/>, for a cast to a signed number.</summary>
    public static long SignedBitsOf(double score) =>
        score is >= -9223372036854775808.0 and < 9223372036854775808.0 ? (long)score : long.MinValue;

    /// <summary>Writes the standard text of a score. Its last character stands for bits that a score does not have.</summary>
    public static void Format(double score, Span<byte> text)
    {
        var alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"u8;
        var hash = Encode(Decode(score), Bits, PoleLatitude);
        for (var i = 0; i < TextLength - 1; i++) text[i] = alphabet[(int)(hash >> 2 * Bits - (i + 1) * 5 & 31)];
        text[TextLength - 1] = alphabet[0];
    }

    /// <summary>Puts the bits of one number in the even places and those of the other in the odd ones.</summary>
    static ulong Interleave(uint even, uint odd) => Spread(even) | Spread(odd) << 1;

    static ulong Spread(uint bits)
    {
        ulong wide = bits;
        wide = (wide | wide << 16) & 0x0000FFFF0000FFFF;
        wide = (wide | wide << 8) & 0x00FF00FF00FF00FF;
        wide = (wide | wide << 4) & 0x0F0F0F0F0F0F0F0F;
        wide = (wide | wide << 2) & 0x3333333333333333;
        return (wide | wide << 1) & 0x5555555555555555;
    }

    internal static uint Gather(ulong wide)
    {
        wide &= 0x5555555555555555;
        wide = (wide | wide >> 1) & 0x3333333333333333;
        wide = (wide | wide >> 2) & 0x0F0F0F0F0F0F0F0F;
        wide = (wide | wide >> 4) & 0x00FF00FF00FF00FF;
        wide = (wide | wide >> 8) & 0x0000FFFF0000FFFF;
        return (uint)(wide | wide >> 16);
    }
}

/// <summary>A cell of the map: all places whose hashes begin with the same bits.</summary>
/// <param name="Hash">The bits, latitude in the even places.</param>
/// <param name="Bits">Bits of each coordinate.</param>
readonly record struct GeoCell(ulong Hash, int Bits)
{
    const ulong Even = 0x5555555555555555;

    /// <summary>Cells from west to east.</summary>
    double Cells => 1UL << Bits;

    public double South => -GeoPoint.MaxLatitude + GeoHash.Gather(Hash) / Cells * (2 * GeoPoint.MaxLatitude);

    public double North => -GeoPoint.MaxLatitude + (GeoHash.Gather(Hash) + 1) / Cells * (2 * GeoPoint.MaxLatitude);

    public double West => -GeoPoint.MaxLongitude + GeoHash.Gather(Hash >> 1) / Cells * (2 * GeoPoint.MaxLongitude);

    public double East => -GeoPoint.MaxLongitude + (GeoHash.Gather(Hash >> 1) + 1) / Cells * (2 * GeoPoint.MaxLongitude);

    public GeoPoint Middle => new(
        Math.Clamp((West + East) / 2, -GeoPoint.MaxLongitude, GeoPoint.MaxLongitude),
        Math.Clamp((South + North) / 2, -GeoPoint.MaxLatitude, GeoPoint.MaxLatitude));

    /// <summary>The scores of the places in the cell.</summary>
    public ScoreRange Scores
    {
        get
        {
            var rest = 2 * (GeoHash.Bits - Bits);
            return new(Hash << rest, Hash + 1 << rest, MaxExclusive: true);
        }
    }

    /// <summary>
    /// The cell so many cells to the east and to the north, around the Earth if need be. The easternmost and the northernmost
    /// places have one bit more than their cell should. That bit is lost in a direction moved in, and only there: as in Redis, or
    /// they would not be found where they are.
    /// </summary>
    public GeoCell Move(int east, int north)
    {
        var mask = ulong.MaxValue >> 64 - 2 * Bits;
        var (x, y) = (Hash >> 1 & Even, Hash & Even);
        if (east != 0) x = Step(x, east) & mask;
        if (north != 0) y = Step(y, north) & mask;
        return new(x << 1 | y, Bits);
    }

    /// <summary>Adds or subtracts one in a number whose bits stand in the even places. The odd places carry.</summary>
    static ulong Step(ulong spread, int by) => (by > 0 ? (spread | ~Even) + 1 : spread - 1) & Even;
}
