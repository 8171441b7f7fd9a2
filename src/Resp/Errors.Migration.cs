using System.Text;

namespace MiniRedis.Resp;

/// <summary>MIGRATE.</summary>
public static partial class Errors
{
    public static ReadOnlySpan<byte> MigrateKeysNeedEmptyKey =>
        "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"u8;

    // "the client" is the target: so Redis words it.
    public static ReadOnlySpan<byte> MigrateCannotConnect => "IOERR error or timeout connecting to the client"u8;
    public static ReadOnlySpan<byte> MigrateCannotWrite => "IOERR error or timeout writing to target instance"u8;
    public static ReadOnlySpan<byte> MigrateCannotRead => "IOERR error or timeout reading to target instance"u8;

    public static byte[] MigrateRefused(ReadOnlySpan<byte> error) =>
        Encoding.Latin1.GetBytes($"ERR Target instance replied with error: {Encoding.Latin1.GetString(error)}");
}
