using System.Security.Cryptography;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>Passwords: the one of requirepass, for the one user there is.</summary>
static class Authentication
{
    public static ReadOnlySpan<byte> DefaultUser => "default"u8;

    /// <summary>Whether a client must authenticate at all.</summary>
    public static bool IsRequired(ServerParts server) => server.Config.Security.RequirePass.Length > 0;

    /// <summary>Checks the pair and lets the client in, or answers that it is wrong. A client that was in stays in.</summary>
    public static bool TryAuthenticate(ref CommandContext c, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        if (user.SequenceEqual(DefaultUser) && (!IsRequired(c.Server) || IsPassword(c.Server.Config.Security.RequirePass, password)))
        {
            c.Client.IsAuthenticated = true;
            return true;
        }
        c.Server.Statistics.AclAccessDeniedAuth++;
        c.Fail(Errors.WrongPass);
        return false;
    }

    /// <summary>Compares digests, in constant time: neither length nor a common beginning shows in how long it takes.</summary>
    static bool IsPassword(string expected, ReadOnlySpan<byte> given)
    {
        Span<byte> ours = stackalloc byte[SHA256.HashSizeInBytes], theirs = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(ConfigText.ToBytes(expected), ours);
        SHA256.HashData(given, theirs);
        return CryptographicOperations.FixedTimeEquals(ours, theirs);
    }
}
