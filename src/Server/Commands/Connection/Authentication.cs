using System.Security.Cryptography;
using MiniRedis.Resp;
using MiniRedis.Server.Configuration;
using MiniRedis.Server.Execution;

namespace MiniRedis.Server.Commands.Connection;

/// <summary>Checks passwords. There is one user, whose password is requirepass.</summary>
static class Authentication
{
    public static ReadOnlySpan<byte> DefaultUser => "default"u8;

    /// <summary>Whether a client must authenticate at all.</summary>
    public static bool IsRequired(ServerParts server) => server.Config.Security.RequirePass.Length > 0;

    /// <summary>
    /// Checks name and password, and authenticates the client or answers an error. A client that is authenticated stays so.
    /// </summary>
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

    /// <summary>Compares digests in constant time, so that the time shows neither the length nor a common prefix.</summary>
    static bool IsPassword(string expected, ReadOnlySpan<byte> given)
    {
        Span<byte> ours = stackalloc byte[SHA256.HashSizeInBytes], theirs = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(ConfigText.ToBytes(expected), ours);
        SHA256.HashData(given, theirs);
        return CryptographicOperations.FixedTimeEquals(ours, theirs);
    }
}
