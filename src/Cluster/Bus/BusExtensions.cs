using System.Buffers.Binary;

namespace MiniRedis.Cluster.Bus;

/// <summary>What an extension of a ping is about. The numbers travel.</summary>
public enum BusExtensionType
{
    Hostname = 0,
    HumanName = 1,
    ForgottenNode = 2,
    ShardId = 3,

    /// <summary>
    /// In Valkey the address for clients of IPv4, which ends with a zero byte. In Redis 8 a secret of 40 bytes, which is told
    /// apart by its length: no address is that long. It is not ours to use.
    /// </summary>
    ClientIpv4 = 4,
    ClientIpv6 = 5,
}

/// <summary>
/// The extensions behind the gossip of a ping. Each has length 4 (of all of it, a multiple of 8), type 2, unused 2, and its
/// value.
/// </summary>
public ref struct BusExtensions
{
    internal const int HeaderLength = 8;

    /// <summary>
    /// Bytes of the value that tells of a forgotten node: its id, and for how many seconds more it is forgotten, 8.
    /// </summary>
    internal const int ForgottenLength = NodeId.Length + 8;

    ReadOnlySpan<byte> _rest;
    int _left;

    internal BusExtensions(ReadOnlySpan<byte> bytes, int count)
    {
        _rest = bytes;
        _left = count;
    }

    public readonly BusExtensions GetEnumerator() => this;

    public BusExtension Current { get; private set; }

    public bool MoveNext()
    {
        if (_left == 0) return false;
        _left--;
        var length = (int)BinaryPrimitives.ReadUInt32BigEndian(_rest);
        var type = (BusExtensionType)BinaryPrimitives.ReadUInt16BigEndian(_rest[4..]);
        Current = new BusExtension(type, _rest[HeaderLength..length]);
        _rest = _rest[length..];
        return true;
    }

    /// <summary>Whether so many extensions fill these bytes, and each that is known is as long as its type wants.</summary>
    internal static bool IsRight(ReadOnlySpan<byte> bytes, int count)
    {
        for (; count > 0; count--)
        {
            if (bytes.Length < HeaderLength) return false;
            var length = BinaryPrimitives.ReadUInt32BigEndian(bytes);
            if (length < HeaderLength || length > bytes.Length || length % 8 != 0) return false;
            var value = (int)length - HeaderLength;
            var isLongEnough = (BusExtensionType)BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) switch
            {
                BusExtensionType.ForgottenNode => value >= ForgottenLength,
                BusExtensionType.ShardId => value >= NodeId.Length,
                _ => true,
            };
            if (!isLongEnough) return false;
            bytes = bytes[(int)length..];
        }
        return bytes.IsEmpty;
    }
}

/// <summary>One extension.</summary>
public readonly ref struct BusExtension
{
    readonly ReadOnlySpan<byte> _value;

    internal BusExtension(BusExtensionType type, ReadOnlySpan<byte> value)
    {
        Type = type;
        _value = value;
    }

    public BusExtensionType Type { get; }

    /// <summary>Of a name or an address.</summary>
    public string Text => BusPacket.ReadText(_value);

    /// <summary>Whether the value is forty characters without an end: a secret of Redis 8, where Valkey has an address.</summary>
    public bool IsSecret => Type == BusExtensionType.ClientIpv4 && _value.Length >= NodeId.Length && !_value.Contains((byte)0);

    /// <summary>The shard, or the node that was forgotten.</summary>
    public NodeId Id => NodeId.Read(_value);

    /// <summary>For how many seconds more a node is forgotten.</summary>
    public ulong SecondsLeft => BinaryPrimitives.ReadUInt64BigEndian(_value[NodeId.Length..]);
}
