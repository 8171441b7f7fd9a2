namespace MiniRedis.Server.Tests.Commands.Geo;

/// <summary>Places at the ends of the map.</summary>
public sealed class GeoCommandsEdgeTests : ServerTests
{
    [Fact]
    public void The_easternmost_and_the_northernmost_places_are_found_where_they_are() => _client.Run(
        """
        GEOADD g 180 0 east -180 0 west 10 85.05112878 north 180 85.05112878 corner
        -> :4
        GEOSEARCH g FROMMEMBER east BYRADIUS 0 km
        -> *1 $4 east
        GEOSEARCH g FROMMEMBER west BYRADIUS 0 km
        -> *1 $4 west
        GEOSEARCH g FROMMEMBER north BYRADIUS 0 km
        -> *1 $5 north
        GEOSEARCH g FROMMEMBER corner BYBOX 0 0 km
        -> *1 $6 corner
        """);

    [Fact]
    public void Scores_that_are_no_places_answer_what_they_answer_in_Redis() => _client.Run(
        """
        ZADD z -3 negative inf infinite -inf abyss 1.2e19 large
        -> :4
        GEOHASH z negative infinite abyss large
        -> *4 $11 bp05b5048p0 $11 00bh0hbj200 $11 00bh0hbj200 $11 bp05b5048p0
        """);
}
