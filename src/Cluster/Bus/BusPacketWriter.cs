using System.Buffers.Binary;
using System.Text;

namespace MiniRedis.Cluster.Bus;

/// <summary>What stands in the header of every packet of a node.</summary>
public readonly struct BusSender
{
    public NodeId Id { get; init; }

    /// <summary>Whom it replicates.</summary>
    public NodeId Master { get; init; }

    /// <summary>Its own, or those of its master.</summary>
    public SlotSet Slots { get; init; }
    public ulong CurrentEpoch { get; init; }
    public ulong ConfigEpoch { get; init; }
    public long Offset { get; init; }

    /// <summary>Empty: the receiver sees it.</summary>
    public string Ip { get; init; }
    public int BasePort { get; init; }
    public int OtherPort { get; init; }
    public int BusPort { get; init; }
    public NodeFlags Flags { get; init; }
    public bool IsStateOk { get; init; }
    public BusMessageFlags MessageFlags { get; init; }
}

/// <summary>
/// Makes packets: each of the length it needs, to be kept by whoever sends it. See <see cref="BusPacket"/> for the layout.
/// </summary>
public static class BusPacketWriter
{
    /// <summary>A packet that is all header: AUTH_REQUEST, AUTH_ACK, MFSTART.</summary>
    public static byte[] Plain(BusMessageType type, in BusSender sender) => Start(type, sender, 0);

    public static byte[] Fail(in BusSender sender, NodeId failing)
    {
        var packet = Start(BusMessageType.Fail, sender, NodeId.Length);
        failing.Write(packet.AsSpan(BusPacket.HeaderLength));
        return packet;
    }

    public static byte[] Update(in BusSender sender, NodeId node, ulong epoch, SlotSet slots)
    {
        var packet = Start(BusMessageType.Update, sender, BusPacket.UpdateLength);
        var data = packet.AsSpan(BusPacket.HeaderLength);
        BinaryPrimitives.WriteUInt64BigEndian(data, epoch);
        node.Write(data[8..]);
        slots.Write(data.Slice(8 + NodeId.Length, SlotSet.WireLength));
        return packet;
    }

    public static byte[] Publish(BusMessageType type, in BusSender sender, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        var packet = Start(type, sender, BusPacket.PublishHeaderLength + channel.Length + message.Length);
        WritePublished(packet.AsSpan(BusPacket.HeaderLength), channel, message);
        return packet;
    }

    /// <summary>The same without what the receiver knows of the sender.</summary>
    public static byte[] LightPublish(BusMessageType type, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        var packet = new byte[BusPacket.LightHeaderLength + BusPacket.PublishHeaderLength + channel.Length + message.Length];
        WriteStart(packet, (int)type | BusPacket.Light);
        WritePublished(packet.AsSpan(BusPacket.LightHeaderLength), channel, message);
        return packet;
    }

    static void WritePublished(Span<byte> data, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> message)
    {
        BinaryPrimitives.WriteUInt32BigEndian(data, (uint)channel.Length);
        BinaryPrimitives.WriteUInt32BigEndian(data[4..], (uint)message.Length);
        channel.CopyTo(data[BusPacket.PublishHeaderLength..]);
        message.CopyTo(data[(BusPacket.PublishHeaderLength + channel.Length)..]);
    }

    internal static byte[] Start(BusMessageType type, in BusSender sender, int dataLength)
    {
        var packet = new byte[BusPacket.HeaderLength + dataLength];
        WriteStart(packet, (int)type);
        var to = packet.AsSpan();
        BinaryPrimitives.WriteUInt16BigEndian(to[10..], (ushort)sender.BasePort);
        BinaryPrimitives.WriteUInt64BigEndian(to[16..], sender.CurrentEpoch);
        BinaryPrimitives.WriteUInt64BigEndian(to[24..], sender.ConfigEpoch);
        BinaryPrimitives.WriteInt64BigEndian(to[32..], sender.Offset);
        sender.Id.Write(to[40..]);
        sender.Slots.Write(to.Slice(80, SlotSet.WireLength));
        sender.Master.Write(to[2128..]);
        WriteIp(to[2168..], sender.Ip);
        BinaryPrimitives.WriteUInt16BigEndian(to[2246..], (ushort)sender.OtherPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[2248..], (ushort)sender.BusPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[2250..], (ushort)sender.Flags);
        to[2252] = (byte)(sender.IsStateOk ? 0 : 1);
        to[2253] = (byte)sender.MessageFlags;
        return packet;
    }

    static void WriteStart(byte[] packet, int type)
    {
        BusPacket.Signature.CopyTo(packet);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), (uint)packet.Length);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(8), BusPacket.Version);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(12), (ushort)type);
    }

    /// <summary>An address, cut so that a zero byte ends it.</summary>
    internal static void WriteIp(Span<byte> to, string ip) =>
        Encoding.ASCII.GetBytes(ip.AsSpan(0, Math.Min(ip.Length, BusPacket.IpLength - 1)), to);
}
