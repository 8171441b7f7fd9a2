using System.Buffers.Binary;
using System.Net;

namespace MiniRedis.Server.Transport.Linux;

/// <summary>Reads struct sockaddr_in and sockaddr_in6 (man 7 ip, man 7 ipv6).</summary>
static unsafe class SocketNames
{
    /// <summary>Room for sockaddr_in6 (28 bytes) and for the start of a sockaddr_un, which is not read.</summary>
    public const int MaxAddressBytes = 128;

    const int FamilyInet = 2, FamilyInet6 = 10;

    /// <summary>"127.0.0.1:6379" or "[::1]:6379", as CLIENT LIST prints an address.</summary>
    public static string Format(byte* address)
    {
        var family = *(ushort*)address;
        var port = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(address + 2, 2));
        return family switch
        {
            FamilyInet => $"{new IPAddress(new ReadOnlySpan<byte>(address + 4, 4))}:{port}",
            FamilyInet6 => $"[{new IPAddress(new ReadOnlySpan<byte>(address + 8, 16))}]:{port}",
            _ => "?:0",
        };
    }
}
