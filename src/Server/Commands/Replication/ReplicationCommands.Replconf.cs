using System.Globalization;
using System.Text;
using MiniRedis.Resp;
using MiniRedis.Server.Clients;
using MiniRedis.Server.Configuration.Files;
using MiniRedis.Server.Execution;
using MiniRedis.Server.Replication;

namespace MiniRedis.Server.Commands.Replication;

/// <summary>REPLCONF: a replica says who it is, what it understands, and how far it has come.</summary>
static partial class ReplicationCommands
{
    /// <summary>Longest address that a replica may announce: Redis's NET_HOST_STR_LEN, that of a domain name.</summary>
    const int MostAddressBytes = 255;

    static readonly Command ReplconfSpec = new()
    {
        Name = "REPLCONF", Group = CommandGroup.Server, Since = "3.0.0", Complexity = "O(1)",
        Summary = "Tells a master about its replica, and a replica what its master wants to know.",
        Arity = -1,
        Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.AllowBusy,
        IsSysCmd = true, MayStaySilent = true,
        Run = Replconf,
    };

    static void Replconf(ref CommandContext c)
    {
        // Every option has a value.
        if (c.Count % 2 == 0)
        {
            c.Fail(Errors.Syntax);
            return;
        }
        var replica = c.Client.Replica ??= new Replica(c.Client);
        for (var i = 1; i < c.Count; i += 2)
        {
            if (c.IsToken(i, "ACK"u8))
            {
                Acknowledge(ref c, replica, i);
                return;
            }
            // A master asks for it, and is answered by its replica's own REPLCONF ACK.
            if (c.IsToken(i, "GETACK"u8)) return;
            if (!TryConfigure(ref c, replica, i)) return;
        }
        c.Reply.Ok();
    }

    /// <summary>Of replicas only, and never answered.</summary>
    static void Acknowledge(ref CommandContext c, Replica replica, int at)
    {
        if (!c.Client.Has(ClientFlags.Replica) || !Numbers.TryParseInt64(c.Arg(at + 1), out var offset)) return;
        var synced = -1L;
        if (c.Count > at + 3 && c.IsToken(at + 2, "FACK"u8) && !Numbers.TryParseInt64(c.Arg(at + 3), out synced)) return;
        c.Server.Replicas.NoteAck(replica, offset, synced);
    }

    static bool TryConfigure(ref CommandContext c, Replica replica, int at)
    {
        var value = c.Arg(at + 1);
        if (c.IsToken(at, "LISTENING-PORT"u8))
        {
            if (!c.TryInt32(at + 1, out var port)) return false;
            replica.ListeningPort = port;
        }
        else if (c.IsToken(at, "IP-ADDRESS"u8))
        {
            if (value.Length > MostAddressBytes) return Refuse(c, Errors.ReplicaAddressTooLong(value.Length));
            replica.AnnouncedAddress = value.IsEmpty ? null : Encoding.UTF8.GetString(value);
        }
        else if (c.IsToken(at, "CAPA"u8))
        {
            // Others are those of newer servers.
            if (c.IsToken(at + 1, "EOF"u8)) replica.Capabilities |= ReplicaCapabilities.Eof;
            else if (c.IsToken(at + 1, "PSYNC2"u8)) replica.Capabilities |= ReplicaCapabilities.Psync2;
            else if (c.IsToken(at + 1, "SLOT-MIGRATIONS"u8)) replica.Capabilities |= ReplicaCapabilities.SlotMigrations;
            else if (c.IsToken(at + 1, "DUAL-CHANNEL"u8) && OffersDualChannel(c)) replica.Capabilities |= ReplicaCapabilities.DualChannel;
        }
        else if (c.IsToken(at, "RDB-ONLY"u8))
        {
            if (!TrySwitch(ref c, value, out var isOn)) return false;
            replica.IsRdbOnly = isOn;
        }
        else if (c.IsToken(at, "RDB-CHANNEL"u8))
        {
            if (!TrySwitch(ref c, value, out var isOn)) return false;
            replica.IsRdbChannel = isOn;
        }
        else if (c.IsToken(at, "SET-RDB-CLIENT-ID"u8))
        {
            if (!Numbers.TryParseInt64(value, out var id)) return Refuse(c, Errors.NotInteger);
            if (!c.Server.AwaitedChannels.Has(id)) return Refuse(c, Errors.UnknownRdbClient(id));
            replica.RdbClientId = id;
        }
        else if (c.IsToken(at, "RDB-FILTER-ONLY"u8))
        {
            return TryFilter(ref c, replica, value);
        }
        else if (c.IsToken(at, "VERSION"u8))
        {
            if (!TryVersion(value, out var version)) return Refuse(c, Errors.ReplicaVersion(value));
            replica.Version = version;
        }
        else
        {
            return Refuse(c, Errors.UnknownReplconf(c.Arg(at)));
        }
        return true;
    }

    /// <summary>Where it is switched off, replicas are served as if it were not known.</summary>
    static bool OffersDualChannel(in CommandContext c) =>
        c.Server.Config.Replication is { DualChannelReplicationEnabled: true, ReplDisklessSync: true };

    static bool TrySwitch(ref CommandContext c, ReadOnlySpan<byte> value, out bool isOn)
    {
        isOn = false;
        if (!Numbers.TryParseInt64(value, out var number)) return Refuse(c, Errors.NotInteger);
        if (number is not (0 or 1)) return Refuse(c, Errors.NotBetween(0, 1));
        isOn = number == 1;
        return true;
    }

    static bool TryFilter(ref CommandContext c, Replica replica, ReadOnlySpan<byte> value)
    {
        if (ConfigLine.Split(Encoding.Latin1.GetString(value)) is not { } words) return Refuse(c, Errors.NoReplicaFilter);
        replica.Exclusions = RdbExclusions.Data | RdbExclusions.Functions;
        foreach (var word in words)
        {
            if (!word.Equals("functions", StringComparison.OrdinalIgnoreCase)) return Refuse(c, Errors.UnknownReplicaFilter(word));
            replica.Exclusions &= ~RdbExclusions.Functions;
        }
        return true;
    }

    static bool TryVersion(ReadOnlySpan<byte> text, out int version)
    {
        var parts = 0;
        version = 0;
        foreach (var part in text.Split((byte)'.'))
        {
            if (text[part].Length is 0 or > 3 || text[part].ContainsAnyExceptInRange((byte)'0', (byte)'9')) return false;
            version = version << 8 | Math.Min(int.Parse(text[part], CultureInfo.InvariantCulture), byte.MaxValue);
            parts++;
        }
        return parts == 3;
    }

    static bool Refuse(in CommandContext c, ReadOnlySpan<byte> error)
    {
        c.Fail(error);
        return false;
    }

    static bool Refuse(in CommandContext c, string error)
    {
        c.Fail(error);
        return false;
    }
}
