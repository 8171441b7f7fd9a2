using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands;

/// <summary>
/// Which clients CLIENT LIST and CLIENT KILL mean: those that every given option fits. The options are the ones of
/// Valkey 8.1, which lets both commands take all of them and ID take several; Redis 7.4 knows a part of that.
/// </summary>
sealed class ClientFilter
{
    readonly HashSet<long> _ids = [];
    ClientKind? _kind;
    string? _localAddress;
    long _minAge;

    /// <summary>The peer's address; null for any.</summary>
    public string? Address { get; set; }

    public bool SkipsCaller { get; set; } = true;

    /// <summary>Reads options from argument <paramref name="from"/> on, or answers what is wrong.</summary>
    public bool TryParse(ref CommandContext c, int from, bool isKill)
    {
        for (var i = from; i < c.Count; i += 2)
        {
            if (i + 1 == c.Count)
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            if (c.IsToken(i, "ID"u8))
            {
                if (!TryIds(ref c, ref i, isKill)) return false;
            }
            else if (c.IsToken(i, "TYPE"u8))
            {
                if (!TryKind(ref c, i + 1)) return false;
            }
            else if (c.IsToken(i, "ADDR"u8)) Address = Encoding.UTF8.GetString(c.Arg(i + 1));
            else if (c.IsToken(i, "LADDR"u8)) _localAddress = Encoding.UTF8.GetString(c.Arg(i + 1));
            else if (c.IsToken(i, "USER"u8))
            {
                if (c.Arg(i + 1).SequenceEqual(Authentication.DefaultUser)) continue;
                c.Fail(Errors.NoSuchUser(c.Arg(i + 1)));
                return false;
            }
            else if (c.IsToken(i, "SKIPME"u8))
            {
                SkipsCaller = c.IsToken(i + 1, "YES"u8);
                if (SkipsCaller || c.IsToken(i + 1, "NO"u8)) continue;
                c.Fail(Errors.Syntax);
                return false;
            }
            else if (c.IsToken(i, "MAXAGE"u8))
            {
                if (!TryMaxAge(ref c, i + 1)) return false;
            }
            else
            {
                c.Fail(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    /// <summary>ID and every number behind it. Leaves <paramref name="i"/> so that the caller's step finds the next option.</summary>
    bool TryIds(ref CommandContext c, ref int i, bool isKill)
    {
        for (var first = true; ++i < c.Count; first = false)
        {
            var isNumber = Numbers.TryParseInt64(c.Arg(i), out var id);
            if (!first && !isNumber && (isKill || IsOption(ref c, i))) break;
            if (isNumber && (!isKill || id > 0))
            {
                _ids.Add(id);
                continue;
            }
            c.Fail(isKill ? Errors.ClientIdNotPositive : Errors.InvalidClientId);
            return false;
        }
        i -= 2;
        return true;
    }

    static bool IsOption(ref CommandContext c, int i) =>
        c.IsToken(i, "TYPE"u8) || c.IsToken(i, "ADDR"u8) || c.IsToken(i, "LADDR"u8) || c.IsToken(i, "USER"u8)
        || c.IsToken(i, "SKIPME"u8) || c.IsToken(i, "MAXAGE"u8) || c.IsToken(i, "ID"u8);

    bool TryKind(ref CommandContext c, int at)
    {
        if (c.IsToken(at, "NORMAL"u8)) _kind = ClientKind.Normal;
        else if (c.IsToken(at, "REPLICA"u8) || c.IsToken(at, "SLAVE"u8)) _kind = ClientKind.Replica;
        else if (c.IsToken(at, "PUBSUB"u8)) _kind = ClientKind.PubSub;
        else if (c.IsToken(at, "MASTER"u8) || c.IsToken(at, "PRIMARY"u8)) _kind = ClientKind.Master;
        else
        {
            c.Fail(Errors.UnknownClientType(c.Arg(at)));
            return false;
        }
        return true;
    }

    bool TryMaxAge(ref CommandContext c, int at)
    {
        if (!Numbers.TryParseInt64(c.Arg(at), out _minAge))
        {
            c.Fail(Errors.MaxAgeNotInteger);
            return false;
        }
        if (_minAge > 0) return true;
        c.Fail(Errors.MaxAgeNotPositive);
        return false;
    }

    public bool Fits(Client client, ref CommandContext c)
    {
        if (SkipsCaller && client == c.Client) return false;
        if (_ids.Count > 0 && !_ids.Contains(client.Id)) return false;
        if (_kind is { } kind && KindOf(client) != kind) return false;
        if (Address is not null && client.Connection.Remote != Address) return false;
        if (_localAddress is not null && client.Connection.Local != _localAddress) return false;
        // "MAXAGE n" means the clients that are at least so old: those that exceeded the age that is allowed.
        return _minAge == 0 || c.Now / 1000 - client.CreatedAt / 1000 >= _minAge;
    }

    enum ClientKind { Normal, Replica, PubSub, Master }

    static ClientKind KindOf(Client client) => client.Has(ClientFlags.Master)
        ? ClientKind.Master
        // MONITOR counts as a normal client, though its output is limited like a replica's.
        : client.Has(ClientFlags.Replica) && !client.Has(ClientFlags.Monitor) ? ClientKind.Replica
        : client.Has(ClientFlags.PubSub) ? ClientKind.PubSub : ClientKind.Normal;
}
