using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Geo;

/// <summary>The form of the command: its arguments, and whether it stores.</summary>
[Flags]
enum GeoForm
{
    /// <summary>GEORADIUS: longitude, latitude, radius and unit come first.</summary>
    Coordinates = 1,

    /// <summary>GEORADIUSBYMEMBER: member, radius and unit come first.</summary>
    Member = 2,

    /// <summary>GEOSEARCH: everything is an option.</summary>
    Search = 4,

    /// <summary>STORE and STOREDIST are options.</summary>
    MayStore = 8,

    /// <summary>GEOSEARCHSTORE: the destination comes first.</summary>
    Stores = 16,
}

/// <summary>The arguments of a search.</summary>
struct GeoQuery
{
    public GeoShape Shape;

    /// <summary>Metres of the unit in which distances are answered.</summary>
    public double Unit = 1;

    public bool WithDistance, WithHash, WithPlace, Any, IsDescending, IsSorted, StoresDistance;

    /// <summary>Most members to answer; 0 for all.</summary>
    public long Count;

    /// <summary>The argument that names the key to store in; 0 for none.</summary>
    public int Destination;

    bool _hasCenter, _centerIsMember, _hasShape, _shapeIsBox;

    public GeoQuery()
    {
    }

    /// <summary>What is answered of each member beside its name.</summary>
    public readonly int Extras => (WithDistance ? 1 : 0) + (WithHash ? 1 : 0) + (WithPlace ? 1 : 0);

    /// <summary>Reads the arguments, or answers an error. Checks come in Redis's order.</summary>
    /// <param name="c">The command.</param>
    /// <param name="form">Which command it is.</param>
    /// <param name="set">The sorted set, null if there is none: then members cannot be looked for, and all else is judged alike.</param>
    /// <param name="query">What is asked for.</param>
    public static bool TryParse(ref CommandContext c, GeoForm form, SortedSetValue? set, out GeoQuery query)
    {
        query = new();
        var options = 2;
        if ((form & GeoForm.Coordinates) != 0)
        {
            if (!query.TryPoint(ref c, 2) || !query.TryRadius(ref c, 4)) return false;
            options = 6;
        }
        else if ((form & GeoForm.Member) != 0)
        {
            if (set is not null && (!query.TryMember(ref c, 2, set) || !query.TryRadius(ref c, 3))) return false;
            options = 5;
        }
        else if ((form & GeoForm.Stores) != 0)
        {
            query.Destination = 1;
            options = 3;
        }
        for (var i = options; i < c.Count; i++)
        {
            if (!query.TryOption(ref c, form, set, ref i)) return false;
        }
        return query.IsComplete(ref c, form);
    }

    bool TryOption(ref CommandContext c, GeoForm form, SortedSetValue? set, ref int i)
    {
        var following = c.Count - 1 - i;
        var searches = (form & GeoForm.Search) != 0;
        if (c.IsToken(i, "WITHDIST"u8)) WithDistance = true;
        else if (c.IsToken(i, "WITHHASH"u8)) WithHash = true;
        else if (c.IsToken(i, "WITHCOORD"u8)) WithPlace = true;
        else if (c.IsToken(i, "ANY"u8)) Any = true;
        else if (c.IsToken(i, "ASC"u8)) (IsSorted, IsDescending) = (true, false);
        else if (c.IsToken(i, "DESC"u8)) (IsSorted, IsDescending) = (true, true);
        else if (following >= 1 && c.IsToken(i, "COUNT"u8))
        {
            if (!c.TryInteger(++i, out Count)) return false;
            if (Count > 0) return true;
            c.Fail(Errors.GeoCountNotPositive);
            return false;
        }
        else if (following >= 1 && (form & GeoForm.MayStore) != 0 && (c.IsToken(i, "STORE"u8) || c.IsToken(i, "STOREDIST"u8)))
        {
            StoresDistance = c.IsToken(i, "STOREDIST"u8);
            Destination = ++i;
        }
        else if ((form & GeoForm.Stores) != 0 && c.IsToken(i, "STOREDIST"u8)) StoresDistance = true;
        else if (following >= 1 && searches && !(_hasCenter && !_centerIsMember) && c.IsToken(i, "FROMMEMBER"u8))
        {
            _hasCenter = _centerIsMember = true;
            return TryMember(ref c, ++i, set);
        }
        else if (following >= 2 && searches && !_centerIsMember && c.IsToken(i, "FROMLONLAT"u8))
        {
            _hasCenter = true;
            i += 2;
            return TryPoint(ref c, i - 1);
        }
        else if (following >= 2 && searches && !_shapeIsBox && c.IsToken(i, "BYRADIUS"u8))
        {
            _hasShape = true;
            i += 2;
            return TryRadius(ref c, i - 1);
        }
        else if (following >= 3 && searches && !(_hasShape && !_shapeIsBox) && c.IsToken(i, "BYBOX"u8))
        {
            _hasShape = _shapeIsBox = true;
            i += 3;
            return TryBox(ref c, i - 2);
        }
        else
        {
            c.Fail(Errors.Syntax);
            return false;
        }
        return true;
    }

    bool IsComplete(ref CommandContext c, GeoForm form)
    {
        var searches = (form & GeoForm.Search) != 0;
        if (Destination > 0 && Extras > 0)
            c.Fail(Errors.StoreWithExtras((form & GeoForm.Stores) != 0 ? "GEOSEARCHSTORE" : "STORE option in GEORADIUS"));
        else if (searches && !_hasCenter) c.Fail(Errors.NoGeoCenter(c.Arg(0)));
        else if (searches && !_hasShape) c.Fail(Errors.NoGeoShape(c.Arg(0)));
        else if (Any && Count == 0) c.Fail(Errors.AnyWithoutCount);
        else
        {
            // A count means the nearest members, unless ANY asks for any of them.
            if (Count > 0 && !Any) IsSorted = true;
            return true;
        }
        return false;
    }

    bool TryPoint(ref CommandContext c, int index)
    {
        if (!GeoCommands.TryPoint(ref c, index, out var center)) return false;
        Shape = Shape with { Center = center };
        return true;
    }

    bool TryMember(ref CommandContext c, int index, SortedSetValue? set)
    {
        if (set is not { } members) return true;
        var place = members.Find(c.Arg(index));
        if (place.Found)
        {
            Shape = Shape with { Center = GeoHash.Decode(place.Score) };
            return true;
        }
        c.Fail(Errors.NoSuchPlace);
        return false;
    }

    bool TryRadius(ref CommandContext c, int index)
    {
        if (!GeoCommands.TryLength(ref c, index, Errors.RadiusNotNumber, out var radius)) return false;
        if (radius < 0)
        {
            c.Fail(Errors.RadiusNegative);
            return false;
        }
        if (!GeoCommands.TryUnit(ref c, index + 1, out Unit)) return false;
        Shape = Shape with { Width = 2 * radius * Unit, Height = 2 * radius * Unit, IsCircle = true };
        return true;
    }

    bool TryBox(ref CommandContext c, int index)
    {
        if (!GeoCommands.TryLength(ref c, index, Errors.WidthNotNumber, out var width)) return false;
        if (!GeoCommands.TryLength(ref c, index + 1, Errors.HeightNotNumber, out var height)) return false;
        if (width < 0 || height < 0)
        {
            c.Fail(Errors.BoxNegative);
            return false;
        }
        if (!GeoCommands.TryUnit(ref c, index + 2, out Unit)) return false;
        Shape = Shape with { Width = width * Unit, Height = height * Unit, IsCircle = false };
        return true;
    }
}
