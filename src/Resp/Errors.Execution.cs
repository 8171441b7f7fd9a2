namespace MiniRedis.Resp;

public static partial class Errors
{
    /// <summary>A bug in a handler. The log describes it.</summary>
    public static ReadOnlySpan<byte> Internal => "ERR internal error, see the server's log"u8;

    public static ReadOnlySpan<byte> InvalidDigest => "ERR digest must be exactly 16 hexadecimal characters"u8;

    public static ReadOnlySpan<byte> WrongNumberOfPairs => "ERR wrong number of key-value pairs"u8;
}
