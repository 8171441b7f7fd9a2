using static MiniRedis.Server.Tests.Commands.SortedSets.SortedSetForms;

namespace MiniRedis.Server.Tests.Commands.Geo;

/// <summary>Places as members of sorted sets, in both forms.</summary>
public sealed class GeoCommandsTests
{
    [Fact]
    public void Places_are_added_and_told() => Run("""
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania
        -> :2
        GEOADD g 13.361389 38.115556 Palermo
        -> :0
        GEOADD g CH 14 38 Palermo 0 0 Null
        -> :2
        GEOADD g NX 1 1 Palermo
        -> :0
        GEOADD g XX 1 1 nobody
        -> :0
        GEOADD g XX CH 13.361389 38.115556 Palermo
        -> :1
        GEOPOS g Palermo nobody Catania
        -> *3 *2 $20 13.36138933897018433 $20 38.11555639549629859 *-1 *2 $20 15.08726745843887329 $20 37.50266842333162032
        GEOPOS g
        -> *0
        GEOPOS none a
        -> *1 *-1
        GEOHASH g Palermo nobody Catania Null
        -> *4 $11 sqc8b49rny0 $-1 $11 sqdtr74hyu0 $11 s0000000000
        GEOHASH none a
        -> *1 $-1
        GEODIST g Palermo Catania
        -> $11 166274.1516
        GEODIST g Palermo Catania km
        -> $8 166.2742
        GEODIST g Palermo Catania MI
        -> $8 103.3182
        GEODIST g Palermo Catania ft
        -> $11 545518.8700
        GEODIST g Palermo Palermo
        -> $6 0.0000
        GEODIST g Palermo nobody
        -> $-1
        GEODIST none a b
        -> $-1
        GEODIST g Palermo Catania yards
        -> -ERR unsupported unit provided. please use M, KM, FT, MI
        GEODIST g Palermo Catania m x
        -> -ERR syntax error
        GEOADD g 181 0 x
        -> -ERR invalid longitude,latitude pair 181.000000,0.000000
        GEOADD g 0 85.06 x
        -> -ERR invalid longitude,latitude pair 0.000000,85.060000
        GEOADD g x 0 x
        -> -ERR value is not a valid float
        GEOADD g 1 2
        -> -ERR wrong number of arguments for 'geoadd' command
        GEOADD g 1 2 a 3
        -> -ERR syntax error
        GEOADD g NX XX 1 2 a
        -> -ERR syntax error
        GEOADD g 180 85.05112878 corner -180 -85.05112878 other
        -> :2
        GEOPOS g corner other
        -> *2 *2 $3 180 $19 85.0511287799999991 *2 $22 -179.99999731779098511 $21 -85.05112751263942528
        ZSCORE g Palermo
        -> $16 3479099956230698
        SET s 1
        -> +OK
        GEOADD s 1 2 a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        GEOPOS s a
        -> -WRONGTYPE Operation against a key holding the wrong kind of value
        """);

    [Fact]
    public void Areas_are_searched() => Run("""
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 12.758489 38.788135 edge1 17.241510 38.788135 edge2
        -> :4
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC
        -> *2 $7 Catania $7 Palermo
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km DESC
        -> *2 $7 Palermo $7 Catania
        GEOSEARCH g FROMLONLAT 15 37 BYBOX 400 400 km ASC WITHCOORD WITHDIST WITHHASH
        -> *4 *4 $7 Catania $7 56.4413 :3479447370796909 *2 $20 15.08726745843887329 $20 37.50266842333162032 *4 $7 Palermo $8 190.4424 :3479099956230698 *2 $20 13.36138933897018433 $20 38.11555639549629859 *4 $5 edge2 $8 279.7403 :3481342659049484 *2 $20 17.24151045083999634 $20 38.78813451624225195 *4 $5 edge1 $8 279.7405 :3479273021651468 *2 $19 12.7584877610206604 $20 38.78813451624225195
        GEOSEARCH g FROMMEMBER Palermo BYRADIUS 0 m
        -> *1 $7 Palermo
        GEOSEARCH g FROMMEMBER Palermo BYRADIUS 200 km ASC WITHDIST
        -> *3 *2 $7 Palermo $6 0.0000 *2 $5 edge1 $7 91.4007 *2 $7 Catania $8 166.2742
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1
        -> *1 $7 Catania
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 400 km COUNT 1 DESC
        -> *1 $5 edge1
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 2 ANY ASC
        -> *2 $7 Catania $7 Palermo
        GEOSEARCH g FROMLONLAT 0 0 BYRADIUS 1 km
        -> *0
        GEOSEARCH none FROMMEMBER x BYRADIUS 1 km
        -> *0
        GEOSEARCH g FROMMEMBER nobody BYRADIUS 1 km
        -> -ERR could not decode requested zset member
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 leagues
        -> -ERR unsupported unit provided. please use M, KM, FT, MI
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS -1 km
        -> -ERR radius cannot be negative
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS x km
        -> -ERR need numeric radius
        GEOSEARCH g FROMLONLAT 15 37 BYBOX -1 2 km
        -> -ERR height or width cannot be negative
        GEOSEARCH g FROMLONLAT 15 37 BYBOX x 2 km
        -> -ERR need numeric width
        GEOSEARCH g FROMLONLAT 15 37 BYBOX 2 x km
        -> -ERR need numeric height
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT 0
        -> -ERR COUNT must be > 0
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km COUNT x
        -> -ERR value is not an integer or out of range
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ANY
        -> -ERR the ANY argument requires COUNT argument
        GEOSEARCH g FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 200 km
        -> -ERR syntax error
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km BYBOX 1 1 km
        -> -ERR syntax error
        GEOSEARCH g FROMLONLAT 15 37 WITHCOORD WITHDIST ASC
        -> -ERR exactly one of BYRADIUS and BYBOX can be specified for GEOSEARCH
        geosearch g BYRADIUS 200 km ASC WITHDIST WITHCOORD
        -> -ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for geosearch
        GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST
        -> -ERR syntax error
        GEORADIUS g 15 37 200 km ASC
        -> *2 $7 Catania $7 Palermo
        GEORADIUS g 15 37 200 km WITHDIST DESC COUNT 1
        -> *1 *2 $7 Palermo $8 190.4424
        GEORADIUS_RO g 15 37 200 km ASC WITHCOORD
        -> *2 *2 $7 Catania *2 $20 15.08726745843887329 $20 37.50266842333162032 *2 $7 Palermo *2 $20 13.36138933897018433 $20 38.11555639549629859
        GEORADIUS_RO g 15 37 200 km STORE d
        -> -ERR syntax error
        GEORADIUSBYMEMBER g Catania 200 km ASC
        -> *2 $7 Catania $7 Palermo
        GEORADIUSBYMEMBER_RO g Catania 200 km ASC WITHHASH
        -> *2 *2 $7 Catania :3479447370796909 *2 $7 Palermo :3479099956230698
        GEORADIUSBYMEMBER g nobody 200 km
        -> -ERR could not decode requested zset member
        GEORADIUSBYMEMBER none nobody 200 km
        -> *0
        GEORADIUS g 15 x 200 km
        -> -ERR value is not a valid float
        GEORADIUS g 15 200 200 km
        -> -ERR invalid longitude,latitude pair 15.000000,200.000000
        """);

    [Fact]
    public void Areas_are_stored() => Run("""
        GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 2 3 far
        -> :3
        GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km
        -> :2
        ZRANGE d 0 -1 WITHSCORES
        -> *4 $7 Palermo $16 3479099956230698 $7 Catania $16 3479447370796909
        GEOSEARCHSTORE d g FROMLONLAT 15 37 BYBOX 400 400 km ASC COUNT 1 STOREDIST
        -> :1
        ZRANGE d 0 -1
        -> *1 $7 Catania
        GEOSEARCHSTORE d g FROMLONLAT 100 37 BYRADIUS 1 km
        -> :0
        EXISTS d
        -> :0
        GEORADIUS g 15 37 200 km STORE d
        -> :2
        ZCARD d
        -> :2
        GEORADIUSBYMEMBER g Palermo 200 km STOREDIST d
        -> :2
        ZRANGE d 0 -1
        -> *2 $7 Palermo $7 Catania
        GEORADIUS none 15 37 200 km STORE d
        -> :0
        EXISTS d
        -> :0
        GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST
        -> -ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        GEORADIUS g 15 37 200 km STORE d WITHCOORD
        -> -ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options
        GEOSEARCHSTORE d g FROMLONLAT 15 37 BYRADIUS 200 km STORE
        -> -ERR syntax error
        """);

    [Fact]
    public void Resp3_places_are_doubles() => Run(protocol: 3, script: """
        GEOADD g 13.361389 38.115556 Palermo
        -> :1
        GEOPOS g Palermo nobody
        -> *2 *2 ,13.36138933897018433 ,38.11555639549629859 _
        GEODIST g Palermo Palermo
        -> $6 0.0000
        GEOSEARCH g FROMLONLAT 13 38 BYRADIUS 200 km WITHDIST WITHCOORD
        -> *1 *3 $7 Palermo $7 34.1601 *2 ,13.36138933897018433 ,38.11555639549629859
        """);
}
