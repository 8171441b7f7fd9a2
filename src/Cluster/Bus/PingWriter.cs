using System.Buffers.Binary;
using System.Text;

namespace MiniRedis.Cluster.Bus;

/// <summary>
/// Makes a PING, PONG or MEET: first all gossip, then all extensions, as many of both and as many bytes as was said at the
/// beginning.
/// </summary>
public ref struct PingWriter
{
    readonly byte[] _packet;
    Span<byte> _rest;

    public PingWriter(BusMessageType type, in BusSender sender, int gossipCount, int extensionCount, int extensionBytes)
    {
        _packet = BusPacketWriter.Start(type, sender, gossipCount * BusPacket.GossipLength + extensionBytes);
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(14), (ushort)gossipCount);
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2214), (ushort)extensionCount);
        _rest = _packet.AsSpan(BusPacket.HeaderLength);
    }

    /// <summary>The whole packet.</summary>
    public readonly byte[] Packet => _packet;

    /// <param name="pingSent">Seconds since 1970, as <paramref name="pongReceived"/>.</param>
    public void AddGossip(
        NodeId node, uint pingSent, uint pongReceived, string ip, int basePort, int busPort, NodeFlags flags, int otherPort)
    {
        GossipEntry.Write(_rest[..BusPacket.GossipLength], node, pingSent, pongReceived, ip, basePort, busPort, flags, otherPort);
        _rest = _rest[BusPacket.GossipLength..];
    }

    /// <summary>Bytes of an extension whose value has so many, its padding included.</summary>
    public static int ExtensionLength(int valueLength) => BusExtensions.HeaderLength + (valueLength + 7) / 8 * 8;

    /// <summary>Bytes of a name or an address, which ends with a zero.</summary>
    public static int TextLength(string text) => ExtensionLength(Encoding.ASCII.GetByteCount(text) + 1);

    public static int ShardLength => ExtensionLength(NodeId.Length);

    public static int ForgottenLength => ExtensionLength(BusExtensions.ForgottenLength);

    public void AddText(BusExtensionType type, string text) =>
        Encoding.ASCII.GetBytes(text, AddExtension(type, TextLength(text)));

    public void AddShard(NodeId shard) => shard.Write(AddExtension(BusExtensionType.ShardId, ShardLength));

    public void AddForgotten(NodeId node, ulong secondsLeft)
    {
        var value = AddExtension(BusExtensionType.ForgottenNode, ForgottenLength);
        node.Write(value);
        BinaryPrimitives.WriteUInt64BigEndian(value[NodeId.Length..], secondsLeft);
    }

    Span<byte> AddExtension(BusExtensionType type, int length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_rest, (uint)length);
        BinaryPrimitives.WriteUInt16BigEndian(_rest[4..], (ushort)type);
        var value = _rest[BusExtensions.HeaderLength..length];
        _rest = _rest[length..];
        return value;
    }
}
