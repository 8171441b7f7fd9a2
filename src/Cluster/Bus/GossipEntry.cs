using System.Buffers.Binary;

namespace MiniRedis.Cluster.Bus;

/// <summary>
/// What a ping tells of a third node, in 104 bytes: id 40, times of the last ping and pong in seconds 4 + 4, address 46, port 2,
/// bus port 2, flags 2, the other port 2, unused 2.
/// </summary>
public readonly ref struct GossipEntry
{
    readonly ReadOnlySpan<byte> _bytes;

    internal GossipEntry(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public NodeId Node => NodeId.Read(_bytes);

    /// <summary>Seconds since 1970; 0: none waits for its pong.</summary>
    public uint PingSent => BinaryPrimitives.ReadUInt32BigEndian(_bytes[40..]);

    /// <summary>Seconds since 1970.</summary>
    public uint PongReceived => BinaryPrimitives.ReadUInt32BigEndian(_bytes[44..]);

    public string Ip => BusPacket.ReadText(IpBytes);

    public int BasePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[94..]);

    public int BusPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[96..]);

    public NodeFlags Flags => (NodeFlags)BinaryPrimitives.ReadUInt16BigEndian(_bytes[98..]);

    public int OtherPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[100..]);

    ReadOnlySpan<byte> IpBytes => _bytes.Slice(48, BusPacket.IpLength);

    /// <summary>Writes one, of the times in seconds.</summary>
    internal static void Write(
        Span<byte> to, NodeId node, uint pingSent, uint pongReceived, string ip, int basePort, int busPort, NodeFlags flags,
        int otherPort)
    {
        to.Clear();
        node.Write(to);
        BinaryPrimitives.WriteUInt32BigEndian(to[40..], pingSent);
        BinaryPrimitives.WriteUInt32BigEndian(to[44..], pongReceived);
        BusPacketWriter.WriteIp(to[48..], ip);
        BinaryPrimitives.WriteUInt16BigEndian(to[94..], (ushort)basePort);
        BinaryPrimitives.WriteUInt16BigEndian(to[96..], (ushort)busPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[98..], (ushort)flags);
        BinaryPrimitives.WriteUInt16BigEndian(to[100..], (ushort)otherPort);
    }
}
