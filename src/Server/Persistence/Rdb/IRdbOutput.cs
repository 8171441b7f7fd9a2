namespace MiniRedis.Server.Persistence.Rdb;

/// <summary>Takes the bytes of an RDB file in order.</summary>
interface IRdbOutput
{
    void Write(ReadOnlySpan<byte> bytes);
}
