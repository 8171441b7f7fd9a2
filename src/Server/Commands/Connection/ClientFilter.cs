using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Execution;
using Ascii = MiniRedis.Server.Text.Ascii;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>
/// The clients that CLIENT LIST and CLIENT KILL mean: those that match every option given. Both commands take all options. ID and
/// NOT-ID take several numbers. Of an option given twice the last one counts. Redis 7.4 has ID, TYPE, USER, ADDR, LADDR, SKIPME
/// and MAXAGE; Valkey 8.1 has these for both commands, and later versions of Valkey have the others.
/// </summary>
sealed class ClientFilter
{
    /// <summary>Reads an option's value; null if it answered what is wrong with it.</summary>
    delegate Predicate<Client>? ValueReader(ref CommandContext c, ReadOnlySpan<byte> value);

    /// <summary>The options with one value, and whether there is a NOT- form.</summary>
    static readonly (string Name, bool MayNegate, ValueReader Read)[] s_options =
    [
        ("TYPE", true, OfType),
        ("USER", true, OfUser),
        ("ADDR", true, static (ref _, value) => OfAddress(value)),
        ("LADDR", true, static (ref _, value) => Text(value, static client => client.Connection.Local)),
        ("IP", true, static (ref _, value) => Text(value, static client => IpOf(client.Connection.Remote))),
        ("NAME", true, static (ref _, value) => Bytes(value, static client => client.Name)),
        ("LIB-NAME", true, static (ref _, value) => Bytes(value, static client => client.LibraryName)),
        ("LIB-VER", true, static (ref _, value) => Bytes(value, static client => client.LibraryVersion)),
        ("FLAGS", true, WithFlags),
        ("CAPA", true, WithCapabilities),
        ("DB", true, OfDatabase),
        ("MAXAGE", false, AtLeastOld),
        ("IDLE", false, AtLeastIdle),
    ];

    readonly Dictionary<string, Predicate<Client>> _conditions = [];

    /// <summary>Whether the calling client is left out even if it matches. SKIPME changes it.</summary>
    public bool SkipsCaller { get; set; } = true;

    /// <summary>The filter of CLIENT KILL's oldest form: the client of an address, which may be the caller.</summary>
    public static ClientFilter ByAddress(ReadOnlySpan<byte> address)
    {
        var filter = new ClientFilter { SkipsCaller = false };
        filter._conditions["ADDR"] = OfAddress(address);
        return filter;
    }

    /// <summary>Reads the options behind the subcommand's name, or answers what is wrong.</summary>
    public bool TryParse(ref CommandContext c, bool isKill)
    {
        for (var i = 2; i < c.Count; i++)
        {
            if (i + 1 == c.Count)
            {
                c.Fail(Errors.Syntax);
                return false;
            }
            var negated = c.Arg(i).Length > 4 && Ascii.EqualsIgnoreCase(c.Arg(i)[..4], "NOT-"u8);
            var option = negated ? c.Arg(i)[4..] : c.Arg(i);
            if (Ascii.EqualsIgnoreCase(option, "ID"u8))
            {
                if (!TryIds(ref c, ref i, isKill, negated)) return false;
            }
            else if (!negated && Ascii.EqualsIgnoreCase(option, "SKIPME"u8))
            {
                SkipsCaller = c.IsToken(++i, "YES"u8);
                if (SkipsCaller || c.IsToken(i, "NO"u8)) continue;
                c.Fail(Errors.Syntax);
                return false;
            }
            else if (!TryOption(ref c, option, c.Arg(++i), negated)) return false;
        }
        return true;
    }

    bool TryOption(ref CommandContext c, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value, bool negated)
    {
        foreach (var (name, mayNegate, read) in s_options)
        {
            if (negated && !mayNegate || !Ascii.EqualsIgnoreCase(option, Encoding.ASCII.GetBytes(name))) continue;
            if (read(ref c, value) is not { } condition) return false;
            _conditions[negated ? "NOT-" + name : name] = negated ? client => !condition(client) : condition;
            return true;
        }
        c.Fail(Errors.Syntax);
        return false;
    }

    /// <summary>Reads ID and all numbers behind it. Leaves <paramref name="i"/> at the last number.</summary>
    bool TryIds(ref CommandContext c, ref int i, bool isKill, bool negated)
    {
        var ids = new HashSet<long>();
        for (var first = true; ++i < c.Count; first = false)
        {
            var isNumber = Numbers.TryParseInt64(c.Arg(i), out var id);
            if (!first && !isNumber && (isKill || IsOption(c.Arg(i)))) break;
            if (isNumber && (!isKill || id > 0))
            {
                ids.Add(id);
                continue;
            }
            c.Fail(isKill ? Errors.ClientIdNotPositive : Errors.InvalidClientId);
            return false;
        }
        i--;
        _conditions[negated ? "NOT-ID" : "ID"] = client => ids.Contains(client.Id) != negated;
        return true;
    }

    static bool IsOption(ReadOnlySpan<byte> word)
    {
        if (word.Length > 4 && Ascii.EqualsIgnoreCase(word[..4], "NOT-"u8)) word = word[4..];
        if (Ascii.EqualsIgnoreCase(word, "ID"u8) || Ascii.EqualsIgnoreCase(word, "SKIPME"u8)) return true;
        foreach (var (name, _, _) in s_options)
        {
            if (Ascii.EqualsIgnoreCase(word, Encoding.ASCII.GetBytes(name))) return true;
        }
        return false;
    }

    public bool Fits(Client client, Client caller)
    {
        if (SkipsCaller && client == caller) return false;
        foreach (var condition in _conditions.Values)
        {
            if (!condition(client)) return false;
        }
        return true;
    }

    static Predicate<Client> Bytes(ReadOnlySpan<byte> value, Func<Client, byte[]> of)
    {
        var wanted = value.ToArray();
        return client => of(client).AsSpan().SequenceEqual(wanted);
    }

    static Predicate<Client> Text(ReadOnlySpan<byte> value, Func<Client, string> of)
    {
        var wanted = Encoding.UTF8.GetString(value);
        return client => of(client) == wanted;
    }

    static Predicate<Client> OfAddress(ReadOnlySpan<byte> value) => Text(value, static client => client.Connection.Remote);

    /// <summary>"ip" of "ip:port" and of "[ip]:port"; nothing of a unix socket's path, which is shown with port 0.</summary>
    static string IpOf(string address)
    {
        var colon = address.LastIndexOf(':');
        return colon < 0 || address[(colon + 1)..] == "0" ? "" : address[..colon].Trim('[', ']');
    }

    static Predicate<Client>? OfType(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        ClientKind? kind = Ascii.EqualsIgnoreCase(value, "NORMAL"u8) ? ClientKind.Normal
            : Ascii.EqualsIgnoreCase(value, "REPLICA"u8) || Ascii.EqualsIgnoreCase(value, "SLAVE"u8) ? ClientKind.Replica
            : Ascii.EqualsIgnoreCase(value, "PUBSUB"u8) ? ClientKind.PubSub
            : Ascii.EqualsIgnoreCase(value, "MASTER"u8) || Ascii.EqualsIgnoreCase(value, "PRIMARY"u8) ? ClientKind.Master : null;
        if (kind is not null) return client => KindOf(client) == kind;
        c.Fail(Errors.UnknownClientType(value));
        return null;
    }

    static Predicate<Client>? OfUser(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        if (c.Server.Users.Find(value) is { } user) return client => client.User == user;
        c.Fail(Errors.NoSuchUser(value));
        return null;
    }

    /// <summary>Matches clients that have all flags of the value, in the letters of CLIENT LIST.</summary>
    static Predicate<Client>? WithFlags(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        var wanted = Encoding.ASCII.GetString(value);
        if (value.ContainsAnyExcept(ClientDescription.AllFlags))
        {
            c.Fail(Errors.UnknownClientFlags(value));
            return null;
        }
        return client =>
        {
            var flags = new StringBuilder();
            ClientDescription.AppendFlags(flags, client);
            var has = flags.ToString();
            return wanted.All(has.Contains);
        };
    }

    static Predicate<Client>? WithCapabilities(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        if (value.ContainsAnyExcept((byte)'r'))
        {
            c.Fail(Errors.UnknownClientCapability(value));
            return null;
        }
        var any = value.Length > 0;
        return client => !any || client.Has(ClientFlags.CanRedirect);
    }

    static Predicate<Client>? OfDatabase(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        var count = c.Server.Keyspace.DatabaseCount;
        if (!Numbers.TryParseInt64(value, out var number) || number is < int.MinValue or > int.MaxValue) c.Fail(Errors.DbNotInteger);
        else if (number < 0 || number >= count) c.Fail(Errors.DbNotInRange(count - 1));
        else return client => client.Database.Number == number;
        return null;
    }

    /// <summary>"MAXAGE n" matches clients that are at least n seconds old: those that exceed the age allowed.</summary>
    static Predicate<Client>? AtLeastOld(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        var now = c.Now / 1000;
        if (!TrySeconds(ref c, value, Errors.MaxAgeNotInteger, Errors.MaxAgeNotPositive, out var seconds)) return null;
        return client => now - client.CreatedAt / 1000 >= seconds;
    }

    static Predicate<Client>? AtLeastIdle(ref CommandContext c, ReadOnlySpan<byte> value)
    {
        var now = c.Now / 1000;
        if (!TrySeconds(ref c, value, Errors.IdleNotInteger, Errors.IdleNotPositive, out var seconds)) return null;
        return client => now - client.LastInteraction / 1000 >= seconds;
    }

    static bool TrySeconds(
        ref CommandContext c, ReadOnlySpan<byte> value, ReadOnlySpan<byte> notInteger, ReadOnlySpan<byte> notPositive, out long seconds)
    {
        if (!Numbers.TryParseInt64(value, out seconds)) c.Fail(notInteger);
        else if (seconds <= 0) c.Fail(notPositive);
        else return true;
        return false;
    }

    enum ClientKind { Normal, Replica, PubSub, Master }

    static ClientKind KindOf(Client client) => client.Has(ClientFlags.Master)
        ? ClientKind.Master
        // A client in MONITOR is of the type normal, though its output is limited like a replica's.
        : client.Has(ClientFlags.Replica) && !client.Has(ClientFlags.Monitor) ? ClientKind.Replica
        : client.Has(ClientFlags.PubSub) ? ClientKind.PubSub : ClientKind.Normal;
}
