using MiniRedis.Storage.SortedSets;

namespace MiniRedis.Storage.Geo;

/// <summary>
/// An area to search: a circle, or a box that is upright on the map. Nine cells cover it: a cell about as large as the area, and
/// its neighbours. Cells that the area does not touch are left out. (The method is Redis's, by M. Stancliff and S. Sanfilippo.
/// The order of its cells is the order of unsorted answers.)
/// </summary>
/// <param name="Center">The middle of the area.</param>
/// <param name="Width">In metres; a circle's is its diameter.</param>
/// <param name="Height">In metres; a circle's is its diameter.</param>
/// <param name="IsCircle">Whether corners are cut off.</param>
public readonly record struct GeoShape(GeoPoint Center, double Width, double Height, bool IsCircle)
{
    public const int MostCells = 9;

    /// <summary>Half of the Earth's circumference on the map of EPSG:3857, in metres.</summary>
    const double HalfMap = 20037726.37;

    /// <summary>Whether a place lies in the area, and how far it is from the centre, in metres.</summary>
    public bool Contains(GeoPoint point, out double distance)
    {
        distance = 0;
        if (!IsCircle)
        {
            if (GeoPoint.LatitudeDistance(point, Center) > Height / 2) return false;
            if (GeoPoint.Distance(point, point with { Longitude = Center.Longitude }) > Width / 2) return false;
        }
        distance = GeoPoint.Distance(Center, point);
        return !IsCircle || distance <= Width / 2;
    }

    /// <summary>
    /// The ranges of scores that cover the area. No two neighbours in the list are equal. Returns how many there are.
    /// </summary>
    public int Cover(Span<ScoreRange> ranges)
    {
        var (west, south, east, north) = Bounds();
        var bits = BitsFor(IsCircle ? Width / 2 : Math.Sqrt(Width / 2 * (Width / 2) + Height / 2 * (Height / 2)));
        var cell = CellAt(bits);
        // Near the edge of a cell, its neighbour may not reach far enough.
        var isTight = cell.Move(0, 1).North < north || cell.Move(0, -1).South > south || cell.Move(1, 0).East < east || cell.Move(-1, 0).West > west;
        if (bits > 1 && isTight) cell = CellAt(--bits);

        var prunes = bits >= 2;
        var noSouth = prunes && cell.South < south;
        var noNorth = prunes && cell.North > north;
        var noWest = prunes && cell.West < west;
        var noEast = prunes && cell.East > east;

        ReadOnlySpan<(int East, int North)> around = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        var count = 0;
        GeoCell? last = null;
        foreach (var (dx, dy) in around)
        {
            if (dy < 0 && noSouth || dy > 0 && noNorth || dx < 0 && noWest || dx > 0 && noEast) continue;
            var next = cell.Move(dx, dy);
            // With few bits, the cells to both sides are the same cell.
            if (next == last) continue;
            ranges[count++] = next.Scores;
            if ((dx, dy) != (0, 0)) last = next;
        }
        return count;
    }

    GeoCell CellAt(int bits) => new(GeoHash.Encode(Center, bits, GeoPoint.MaxLatitude), bits);

    /// <summary>
    /// The box that encloses the area. Degrees of longitude are shortest at the side nearer to the pole, so that side counts.
    /// </summary>
    (double West, double South, double East, double North) Bounds()
    {
        var latitudes = GeoPoint.DegreesOf(Height / 2);
        var polar = Center.Latitude < 0 ? Center.Latitude - latitudes : Center.Latitude + latitudes;
        var longitudes = GeoPoint.DegreesOf(Width / 2 / Math.Cos(GeoPoint.Radians(polar)));
        return (Center.Longitude - longitudes, Center.Latitude - latitudes, Center.Longitude + longitudes, Center.Latitude + latitudes);
    }

    /// <summary>
    /// Bits of cells so large that three in a row are surely wider than the area. Fewer bits near the poles, where cells are
    /// narrow.
    /// </summary>
    int BitsFor(double radius)
    {
        if (radius == 0) return GeoHash.Bits;
        var bits = 1;
        for (; radius < HalfMap; bits++) radius *= 2;
        bits -= 2;
        var latitude = Math.Abs(Center.Latitude);
        if (latitude > 66) bits--;
        if (latitude > 80) bits--;
        return Math.Clamp(bits, 1, GeoHash.Bits);
    }
}
