using System.Globalization;

namespace MiniRedis.Compat.Tests.Fuzzing;

/// <summary>Places, many of them near each other, some at the ends of the map.</summary>
sealed partial class CommandStream
{
    string GeoKey() => _w.KeyOf("g1", "g1", "g2", _w.Random.Next(10) == 0 ? "z1" : "g1");

    string Place() => _w.Pick("p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", $"{_w.Random.Next(40)}", _w.Random.Next(10) == 0 ? _w.Value() : "p1");

    string Unit() => _w.Pick("m", "km", "ft", "mi", "KM", _w.Random.Next(20) == 0 ? "au" : "m");

    string Degrees(double most) => Math.Round((_w.Random.NextDouble() * 2 - 1) * most, _w.Random.Next(7)).ToString("R", CultureInfo.InvariantCulture);

    string[] Position() => _w.Random.Next(12) switch
    {
        0 => [_w.Pick("180", "-180", "180.00001", "0", "x", "nan", "inf"), _w.Pick("85.05112878", "-85.05112878", "85.0512", "0", "")],
        1 => ["13.361389", "38.115556"],
        < 5 => [Degrees(180), Degrees(85)],
        _ => NearTown(),
    };

    /// <summary>A point that no other place has.</summary>
    string[] NearTown() =>
    [
        (15 + _w.Random.NextDouble() / 2).ToString("R", CultureInfo.InvariantCulture),
        (37 + _w.Random.NextDouble() / 2).ToString("R", CultureInfo.InvariantCulture),
    ];

    string Length() => _w.Pick("0", "1", "100", "200.5", "5000", "50000", "20000000", "1e3",
        _w.Random.Next(10) == 0 ? "-1" : "300", _w.Random.Next(10) == 0 ? "x" : "10");

    string[] From() => _w.Random.Next(3) == 0 ? ["FROMMEMBER", Place()] : ["FROMLONLAT", .. Position()];

    string[] By() => _w.Random.Next(2) == 0 ? ["BYRADIUS", Length(), Unit()] : ["BYBOX", Length(), Length(), Unit()];

    string[] Order() => [.. _w.Maybe(2, _w.Pick("ASC", "DESC")), .. _w.Maybe(3, Count())];

    string[] Count() => ["COUNT", _w.Pick("1", "2", "5", "100", "0", "-1"), .. _w.Maybe(3, "ANY")];

    string[] With() => [.. _w.Maybe(2, "WITHCOORD"), .. _w.Maybe(2, "WITHDIST"), .. _w.Maybe(3, "WITHHASH")];

    string[] Places() => [.. Enumerable.Range(0, 1 + _w.Random.Next(8)).SelectMany(_ => (string[])[.. Position(), Place()])];

    IEnumerable<Func<string[]>> Geo() =>
    [
        () => ["GEOADD", GeoKey(), .. Places()],
        () => ["GEOADD", GeoKey(), .. Position(), $"{_w.Random.Next(40)}"],
        () => ["GEOADD", GeoKey(), .. Conditions(), .. Position(), Place()],
        () => ["GEOPOS", GeoKey(), Place(), Place()],
        () => ["GEOHASH", GeoKey(), Place(), Place()],
        () => ["GEODIST", GeoKey(), Place(), Place(), .. _w.Maybe(2, Unit())],
        () => ["GEOSEARCH", GeoKey(), .. From(), .. By(), .. Order(), .. With()],
        () => ["GEOSEARCH", GeoKey(), .. By(), .. With(), .. Order(), .. From()],
        () => ["GEOSEARCHSTORE", GeoKey(), GeoKey(), .. From(), .. By(),
            .. _w.Maybe(2, "ASC"), .. _w.Maybe(3, "STOREDIST"), .. _w.Maybe(20, "WITHDIST")],
        // Of several that are equally far, any are the nearest: so what is kept are some of those that differ.
        () => ["GEOADD", Words.TownKey, .. NearTown(), Place(), .. NearTown(), $"{_w.Random.Next(40)}"],
        () => ["GEOSEARCHSTORE", GeoKey(), Words.TownKey, .. From(), .. By(), _w.Pick("ASC", "DESC"), .. Count()],
        () => [_w.Pick("GEORADIUS", "GEORADIUS_RO"), GeoKey(), .. Position(), Length(), Unit(),
            .. _w.Random.Next(5) == 0 ? [_w.Pick("STORE", "STOREDIST"), GeoKey()] : (string[])[.. With(), .. Order()]],
        () => [_w.Pick("GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER_RO"), GeoKey(), Place(), Length(), Unit(),
            .. _w.Random.Next(5) == 0 ? [_w.Pick("STORE", "STOREDIST"), GeoKey()] : (string[])[.. With(), .. Order()]],
    ];
}
