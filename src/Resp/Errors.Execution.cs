namespace MiniRedis.Resp;

public static partial class Errors
{
    /// <summary>A handler's bug. Says nothing of it: the log does.</summary>
    public static ReadOnlySpan<byte> Internal => "ERR internal error, see the server's log"u8;

    public static ReadOnlySpan<byte> InvalidDigest => "ERR digest must be exactly 16 hexadecimal characters"u8;

    public static ReadOnlySpan<byte> WrongNumberOfPairs => "ERR wrong number of key-value pairs"u8;
}
