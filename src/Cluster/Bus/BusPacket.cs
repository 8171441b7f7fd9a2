using System.Buffers.Binary;
using System.Text;

namespace MiniRedis.Cluster.Bus;

/// <summary>
/// A packet of the bus as it came, read in place. All numbers are big-endian.
/// <code>
///    0  "RCmb"             16  current epoch, 8      2128  id of the sender's master, 40
///    4  total length, 4    24  config epoch, 8       2168  address, 46, zero-terminated; empty: that of the socket
///    8  version 1, 2       32  offset, 8             2214  number of extensions, 2         2248  bus port, 2
///   10  port, 2            40  sender, 40            2216  unused, 30                      2250  flags, 2
///   12  type, 2            80  slots, 2048           2246  the other port, 2               2252  state, 1
///   14  gossip entries, 2                                                                  2253  message flags, 3
/// 2256  what the type has
/// </code>
/// A light packet (Valkey 8) has the first 16 bytes, of which 10 and 14 are unused, and then what the type has. Its type has the
/// bit <see cref="Light"/>.
/// </summary>
/// <remarks>Only <see cref="TryRead"/> makes one, and only of what is long enough for everything that can be asked.</remarks>
public readonly ref struct BusPacket
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 2256;

    /// <summary>Bytes that must have come before the length of a packet is known.</summary>
    public const int StartLength = 16;

    /// <summary>Bytes of the light header.</summary>
    public const int LightHeaderLength = StartLength;

    /// <summary>Bytes of an entry of gossip.</summary>
    public const int GossipLength = 104;

    /// <summary>Bytes of an address, with at least one zero at its end.</summary>
    public const int IpLength = 46;

    /// <summary>The bit of a type that stands for the light header.</summary>
    public const int Light = 0x8000;

    internal const int Version = 1;
    internal const int UpdateLength = 8 + NodeId.Length + SlotSet.WireLength;
    internal const int PublishHeaderLength = 8;
    internal const int ModuleHeaderLength = 13;

    internal static ReadOnlySpan<byte> Signature => "RCmb"u8;

    readonly ReadOnlySpan<byte> _bytes;

    BusPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>
    /// The length of the packet that begins with these 16 bytes; -1 if no packet begins so. The sender is then no node of a
    /// cluster, or the stream is out of step: the link must be closed.
    /// </summary>
    public static long LengthOf(ReadOnlySpan<byte> start)
    {
        if (!start.StartsWith(Signature)) return -1;
        var length = BinaryPrimitives.ReadUInt32BigEndian(start[4..]);
        var isLight = (BinaryPrimitives.ReadUInt16BigEndian(start[12..]) & Light) != 0;
        return length < (isLight ? LightHeaderLength : HeaderLength) ? -1 : length;
    }

    /// <summary>
    /// False if the lengths inside the packet contradict each other, or its version is another one. The type is read in any case.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BusPacket packet)
    {
        packet = new BusPacket(bytes);
        if (bytes.Length < LightHeaderLength || LengthOf(bytes) != bytes.Length) return false;
        return packet.ReadUInt16(8) == Version && packet.IsLengthRight();
    }

    public int Length => _bytes.Length;

    public BusMessageType Type => (BusMessageType)(_bytes.Length < StartLength ? -1 : ReadUInt16(12) & ~Light);

    public bool IsLight => (ReadUInt16(12) & Light) != 0;

    public int BasePort => ReadUInt16(10);

    public int GossipCount => ReadUInt16(14);

    public ulong CurrentEpoch => BinaryPrimitives.ReadUInt64BigEndian(_bytes[16..]);

    public ulong ConfigEpoch => BinaryPrimitives.ReadUInt64BigEndian(_bytes[24..]);

    public long Offset => BinaryPrimitives.ReadInt64BigEndian(_bytes[32..]);

    public NodeId Sender => NodeId.Read(_bytes[40..]);

    /// <summary>The slots of the sender, or of its master.</summary>
    public ReadOnlySpan<byte> Slots => _bytes.Slice(80, SlotSet.WireLength);

    /// <summary>Whom the sender replicates; none: it is a master.</summary>
    public NodeId Master => NodeId.Read(_bytes[2128..]);

    /// <summary>The address that the sender wants to be reached at; empty: the one it is seen at.</summary>
    public string Ip => ReadText(_bytes.Slice(2168, IpLength));

    public int OtherPort => ReadUInt16(2246);

    public int BusPort => ReadUInt16(2248);

    public NodeFlags Flags => (NodeFlags)ReadUInt16(2250);

    /// <summary>The sender holds the cluster for up.</summary>
    public bool IsStateOk => _bytes[2252] == 0;

    public BusMessageFlags MessageFlags => (BusMessageFlags)_bytes[2253];

    public GossipEntry Gossip(int index) => new(_bytes.Slice(HeaderLength + index * GossipLength, GossipLength));

    /// <summary>The extensions of a ping; none where it has none.</summary>
    public BusExtensions Extensions => (MessageFlags & BusMessageFlags.HasExtensions) != 0
        ? new(_bytes[(HeaderLength + GossipCount * GossipLength)..], ExtensionCount)
        : default;

    /// <summary>Of FAIL: who is failing.</summary>
    public NodeId FailingNode => NodeId.Read(_bytes[HeaderLength..]);

    /// <summary>Of UPDATE: the epoch of the slots.</summary>
    public ulong UpdateEpoch => BinaryPrimitives.ReadUInt64BigEndian(_bytes[HeaderLength..]);

    /// <summary>Of UPDATE: whose slots they are.</summary>
    public NodeId UpdateNode => NodeId.Read(_bytes[(HeaderLength + 8)..]);

    /// <summary>Of UPDATE.</summary>
    public ReadOnlySpan<byte> UpdateSlots => _bytes.Slice(HeaderLength + 8 + NodeId.Length, SlotSet.WireLength);

    /// <summary>Of PUBLISH and PUBLISHSHARD.</summary>
    public ReadOnlySpan<byte> Channel => Data.Slice(PublishHeaderLength, (int)ChannelLength);

    /// <summary>Of PUBLISH and PUBLISHSHARD.</summary>
    public ReadOnlySpan<byte> Message => Data[(PublishHeaderLength + (int)ChannelLength)..];

    ReadOnlySpan<byte> Data => _bytes[(IsLight ? LightHeaderLength : HeaderLength)..];

    int ExtensionCount => ReadUInt16(2214);

    uint ChannelLength => BinaryPrimitives.ReadUInt32BigEndian(Data);

    int ReadUInt16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_bytes[at..]);

    /// <summary>The text in front of the first zero byte. An address is ASCII; what is not becomes a question mark.</summary>
    internal static string ReadText(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return end == 0 ? "" : Encoding.ASCII.GetString(end < 0 ? bytes : bytes[..end]);
    }

    bool IsLengthRight()
    {
        if (IsLight) return Type is BusMessageType.Publish or BusMessageType.PublishShard && IsPublishRight();
        var rest = _bytes.Length - HeaderLength;
        return Type switch
        {
            BusMessageType.Ping or BusMessageType.Pong or BusMessageType.Meet => IsPingRight(),
            BusMessageType.Fail => rest == NodeId.Length,
            BusMessageType.Publish or BusMessageType.PublishShard => IsPublishRight(),
            BusMessageType.AuthRequest or BusMessageType.AuthAck or BusMessageType.ManualFailoverStart => rest == 0,
            BusMessageType.Update => rest == UpdateLength,
            BusMessageType.Module => rest >= ModuleHeaderLength
                && rest - ModuleHeaderLength == BinaryPrimitives.ReadUInt32BigEndian(_bytes[(HeaderLength + 8)..]),
            // A newer version's: it is well-formed for all we know, and nobody looks into it.
            _ => true,
        };
    }

    bool IsPublishRight()
    {
        var data = Data;
        return data.Length >= PublishHeaderLength
            && data.Length - PublishHeaderLength == (long)ChannelLength + BinaryPrimitives.ReadUInt32BigEndian(data[4..]);
    }

    bool IsPingRight()
    {
        var gossip = GossipCount * GossipLength;
        var rest = _bytes.Length - HeaderLength;
        if (rest < gossip) return false;
        if ((MessageFlags & BusMessageFlags.HasExtensions) == 0) return rest == gossip;
        return BusExtensions.IsRight(_bytes[(HeaderLength + gossip)..], ExtensionCount);
    }
}

/// <summary>The first byte of a message's flags.</summary>
[Flags]
public enum BusMessageFlags : byte
{
    None = 0,

    /// <summary>The sender, a master, has stopped writes for a manual failover: its offset stands still.</summary>
    Paused = 1 << 0,

    /// <summary>Vote even though the master is up: the failover is manual.</summary>
    ForceAck = 1 << 1,

    /// <summary>Extensions follow the gossip, or could.</summary>
    HasExtensions = 1 << 2,
}
