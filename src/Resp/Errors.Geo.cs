using System.Text;

namespace MiniRedis.Resp;

/// <summary>Geo commands.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> UnknownUnit => "ERR unsupported unit provided. please use M, KM, FT, MI"u8;
    public static ReadOnlySpan<byte> RadiusNotNumber => "ERR need numeric radius"u8;
    public static ReadOnlySpan<byte> RadiusNegative => "ERR radius cannot be negative"u8;
    public static ReadOnlySpan<byte> WidthNotNumber => "ERR need numeric width"u8;
    public static ReadOnlySpan<byte> HeightNotNumber => "ERR need numeric height"u8;
    public static ReadOnlySpan<byte> BoxNegative => "ERR height or width cannot be negative"u8;
    public static ReadOnlySpan<byte> NoSuchPlace => "ERR could not decode requested zset member"u8;
    public static ReadOnlySpan<byte> GeoCountNotPositive => "ERR COUNT must be > 0"u8;
    public static ReadOnlySpan<byte> AnyWithoutCount => "ERR the ANY argument requires COUNT argument"u8;

    public static string OffTheMap(string longitude, string latitude) => $"ERR invalid longitude,latitude pair {longitude},{latitude}";

    public static string StoreWithExtras(string what) => $"ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options";

    /// <param name="command">The command's name as the client wrote it.</param>
    public static string NoGeoCenter(ReadOnlySpan<byte> command) =>
        $"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {Encoding.Latin1.GetString(command)}";

    /// <inheritdoc cref="NoGeoCenter"/>
    public static string NoGeoShape(ReadOnlySpan<byte> command) =>
        $"ERR exactly one of BYRADIUS and BYBOX can be specified for {Encoding.Latin1.GetString(command)}";
}
