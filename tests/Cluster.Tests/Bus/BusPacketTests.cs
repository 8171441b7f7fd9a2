using MiniRedis.Cluster.Bus;

namespace MiniRedis.Cluster.Tests.Bus;

public class BusPacketTests
{
    const string Zero = "34d949e7cad8bbf7313820db751fb4f756839f29";

    public static TheoryData<string> Names => [.. Captured.Packets];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_packet_of_Redis_is_written_again_byte_for_byte(string name)
    {
        var bytes = Captured.Packet(name);
        Assert.True(BusPacket.TryRead(bytes, out var packet));
        Assert.Equal(bytes, Rewrite(packet));
    }

    static byte[] Rewrite(BusPacket packet)
    {
        var sender = new BusSender
        {
            Id = packet.Sender,
            Master = packet.Master,
            Slots = SetOf(packet.Slots),
            CurrentEpoch = packet.CurrentEpoch,
            ConfigEpoch = packet.ConfigEpoch,
            Offset = packet.Offset,
            Ip = packet.Ip,
            BasePort = packet.BasePort,
            OtherPort = packet.OtherPort,
            BusPort = packet.BusPort,
            Flags = packet.Flags,
            IsStateOk = packet.IsStateOk,
            MessageFlags = packet.MessageFlags,
        };
        return packet.Type switch
        {
            BusMessageType.Ping or BusMessageType.Pong or BusMessageType.Meet => RewritePing(packet, sender),
            BusMessageType.Fail => BusPacketWriter.Fail(sender, packet.FailingNode),
            BusMessageType.Publish or BusMessageType.PublishShard =>
                BusPacketWriter.Publish(packet.Type, sender, packet.Channel, packet.Message),
            BusMessageType.Update => BusPacketWriter.Update(sender, packet.UpdateNode, packet.UpdateEpoch, SetOf(packet.UpdateSlots)),
            _ => BusPacketWriter.Plain(packet.Type, sender),
        };
    }

    static byte[] RewritePing(BusPacket packet, BusSender sender)
    {
        var (count, length) = (0, 0);
        foreach (var extension in packet.Extensions)
        {
            count++;
            length += PingWriter.TextLength(extension.Text);
        }
        var writer = new PingWriter(packet.Type, sender, packet.GossipCount, count, length);
        for (var i = 0; i < packet.GossipCount; i++)
        {
            var entry = packet.Gossip(i);
            writer.AddGossip(
                entry.Node, entry.PingSent, entry.PongReceived, entry.Ip, entry.BasePort, entry.BusPort, entry.Flags, entry.OtherPort);
        }
        foreach (var extension in packet.Extensions) writer.AddText(extension.Type, extension.Text);
        return writer.Packet;
    }

    static SlotSet SetOf(ReadOnlySpan<byte> wire)
    {
        var slots = new SlotSet();
        foreach (var slot in SlotSet.Enumerate(wire)) slots.Add(slot);
        return slots;
    }

    [Fact]
    public void A_pong_of_Redis_reads_as_what_its_sender_was()
    {
        Assert.True(BusPacket.TryRead(Captured.Packet("pong"), out var pong));
        Assert.Equal(BusMessageType.Pong, pong.Type);
        Assert.Equal(Zero, pong.Sender.ToString());
        Assert.Equal((21001, 0, 31101), (pong.BasePort, pong.OtherPort, pong.BusPort));
        Assert.Equal(NodeFlags.Myself | NodeFlags.Master, pong.Flags);
        Assert.True(pong.Master.IsNone);
        Assert.Equal([(0, 5460)], SetOf(pong.Slots).Ranges());
        Assert.Equal(3, pong.GossipCount);
        Assert.Equal("ce8c8ef9ae4429129bed9c271fa56922a4037a24", pong.Gossip(0).Node.ToString());
        Assert.Equal(("127.0.0.1", 21004, 31104), (pong.Gossip(0).Ip, pong.Gossip(0).BasePort, pong.Gossip(0).BusPort));
        Assert.Equal(NodeFlags.Master, pong.Gossip(0).Flags);
        var names = new List<string>();
        foreach (var extension in pong.Extensions) names.Add($"{extension.Type} {extension.Text}");
        Assert.Equal(["Hostname node-zero.example.com"], names);
    }

    [Fact]
    public void A_published_message_of_Redis_reads_as_channel_and_message()
    {
        Assert.True(BusPacket.TryRead(Captured.Packet("publish"), out var packet));
        Assert.Equal("news"u8, packet.Channel);
        Assert.Equal("hello world"u8, packet.Message);
    }

    [Theory]
    [InlineData("RCmb", 2256, 0, 2256)]
    [InlineData("RCmb", 2255, 0, -1)]
    [InlineData("RCmb", 16, 0x8004, 16)]
    [InlineData("RCmb", 15, 0x8004, -1)]
    [InlineData("RCmc", 2256, 0, -1)]
    [InlineData("GET ", 2256, 0, -1)]
    [InlineData("RCmb", -1, 0, 0xffffffff)]
    public void Sixteen_bytes_tell_the_length_or_that_it_is_no_packet(string signature, int length, int type, long expected)
    {
        byte[] start =
        [
            .. signature.Select(c => (byte)c), (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length,
            0, 1, 0, 0, (byte)(type >> 8), (byte)type, 0, 0,
        ];
        Assert.Equal(expected, BusPacket.LengthOf(start));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_packet_that_was_cut_or_has_bytes_too_many_is_malformed(string name)
    {
        var bytes = Captured.Packet(name);
        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            Assert.False(BusPacket.TryRead(cut, out _));
            if (length < BusPacket.StartLength) continue;
            // The same with a header that says so itself.
            (cut[4], cut[5], cut[6], cut[7]) = ((byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length);
            Assert.False(BusPacket.TryRead(cut, out _), $"{length} bytes");
        }
        byte[] longer = [.. bytes, 0];
        (longer[6], longer[7]) = ((byte)(longer.Length >> 8), (byte)longer.Length);
        Assert.False(BusPacket.TryRead(longer, out _));
    }

    [Fact]
    public void A_light_message_is_as_short_as_Valkey_sends_it()
    {
        var bytes = BusPacketWriter.LightPublish(BusMessageType.PublishShard, "ch"u8, "abc"u8);
        byte[] expected =
        [
            (byte)'R', (byte)'C', (byte)'m', (byte)'b', 0, 0, 0, 29, 0, 1, 0, 0, 0x80, 10, 0, 0,
            0, 0, 0, 2, 0, 0, 0, 3, (byte)'c', (byte)'h', (byte)'a', (byte)'b', (byte)'c',
        ];
        Assert.Equal(expected, bytes);
        Assert.True(BusPacket.TryRead(bytes, out var packet));
        Assert.True(packet.IsLight);
        Assert.Equal("ch"u8, packet.Channel);
        Assert.Equal("abc"u8, packet.Message);
    }

    [Fact]
    public void Only_published_messages_are_light()
    {
        var bytes = BusPacketWriter.LightPublish(BusMessageType.Fail, "ch"u8, "abc"u8);
        Assert.False(BusPacket.TryRead(bytes, out _));
    }

    [Fact]
    public void Lengths_that_add_up_only_when_they_overflow_are_malformed()
    {
        var bytes = BusPacketWriter.LightPublish(BusMessageType.Publish, "ch"u8, "abc"u8);
        // 0xffffffff + 6 is 5 in 32 bits.
        bytes.AsSpan(16, 4).Fill(0xff);
        bytes[23] = 6;
        Assert.False(BusPacket.TryRead(bytes, out _));
    }

    [Fact]
    public void Every_extension_is_read_as_it_was_written()
    {
        var (shard, forgotten) = (NodeId.NewRandom(new Random(1)), NodeId.NewRandom(new Random(2)));
        var length = PingWriter.TextLength("host") + PingWriter.TextLength("10.1.2.3") + PingWriter.ForgottenLength + PingWriter.ShardLength;
        var sender = new BusSender { Slots = new SlotSet(), Ip = "", MessageFlags = BusMessageFlags.HasExtensions };
        var writer = new PingWriter(BusMessageType.Pong, sender, 0, 4, length);
        writer.AddText(BusExtensionType.HumanName, "host");
        writer.AddText(BusExtensionType.ClientIpv4, "10.1.2.3");
        writer.AddForgotten(forgotten, 59);
        writer.AddShard(shard);
        Assert.True(BusPacket.TryRead(writer.Packet, out var packet));
        var read = new List<string>();
        foreach (var extension in packet.Extensions)
        {
            Assert.False(extension.IsSecret);
            read.Add(extension.Type switch
            {
                BusExtensionType.ForgottenNode => $"{extension.Id} {extension.SecondsLeft}",
                BusExtensionType.ShardId => $"{extension.Id}",
                _ => extension.Text,
            });
        }
        Assert.Equal(["host", "10.1.2.3", $"{forgotten} 59", $"{shard}"], read);
    }

    [Fact]
    public void Forty_bytes_without_an_end_are_a_secret_and_no_address()
    {
        var sender = new BusSender { Slots = new SlotSet(), Ip = "", MessageFlags = BusMessageFlags.HasExtensions };
        var writer = new PingWriter(BusMessageType.Ping, sender, 0, 1, PingWriter.ShardLength);
        writer.AddShard(NodeId.NewRandom(new Random(3)));
        writer.Packet[BusPacket.HeaderLength + 5] = (byte)BusExtensionType.ClientIpv4;
        Assert.True(BusPacket.TryRead(writer.Packet, out var packet));
        var extensions = packet.Extensions;
        Assert.True(extensions.MoveNext());
        Assert.True(extensions.Current.IsSecret);
    }
}
