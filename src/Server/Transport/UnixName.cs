using System.Net;
using System.Net.Sockets;
using MiniRedis.Server.Files;

namespace MiniRedis.Server.Transport;

/// <summary>
/// The name of a unix socket on Linux, byte for byte (<see cref="FileNames"/>): the runtime's own address has three other bytes where one is
/// no UTF-8.
/// </summary>
sealed class UnixName(string path) : EndPoint
{
    /// <summary>Bytes of the family, in front of the name.</summary>
    const int FamilyBytes = 2;

    public override AddressFamily AddressFamily => AddressFamily.Unix;

    public override SocketAddress Serialize()
    {
        var name = FileNames.ToCall(path);
        var address = new SocketAddress(AddressFamily.Unix, FamilyBytes + name.Length);
        name.CopyTo(address.Buffer[FamilyBytes..]);
        return address;
    }

    public override EndPoint Create(SocketAddress socketAddress) => this;
}
